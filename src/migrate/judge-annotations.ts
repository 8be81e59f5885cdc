/** What becomes of each annotation of an Ingress: by the table of annotations, and by what the translation said of its value. */
import type { Diagnostic } from '../model/diagnostic.ts';
import type { IngressObject } from '../resources/ingress-object.ts';
import { closest } from '../text/closest.ts';
import { INGRESS_FEATURES } from '../translate/ingress/annotations/features.ts';
import type { IngressRow } from '../translate/ingress/ingress-feature.ts';
import { NGINX_PREFIX } from '../translate/ingress/ingress-values.ts';
import { line, mendValue, replacement } from './mends.ts';
import { type Finding, type Verdict, worst } from './report.ts';

/** What annotations began with before ingress-nginx 0.9. */
const OLD_PREFIX = 'ingress.kubernetes.io/';

const ROWS: ReadonlyMap<string, IngressRow> = new Map(
  INGRESS_FEATURES.flatMap(({ rows }) => rows).map(row => [row.name, row]),
);

/** What may have been meant by a name that is none. */
const LIVE_NAMES: readonly string[] = [...ROWS.values()]
  .filter(({ support }) => support !== 'dead')
  .map(({ name }) => name);

/** By reason of a diagnostic that is about an annotation. One that is not here says how the row puts it. */
const VERDICT_OF: Readonly<Record<string, Verdict>> = {
  AnnotationRefused: 'refused',
  AnnotationParsingFailed: 'refused',
  // ingress-nginx ignores such a value as well.
  AnnotationIgnored: 'dead',
  Differs: 'differs',
  Unsupported: 'unsupported',
};

/** @param diagnostics of this Ingress */
export function judgeAnnotations({ metadata }: IngressObject, diagnostics: readonly Diagnostic[]): Finding[] {
  const said = Map.groupBy(diagnostics, ({ field }) => field ?? '');
  const { annotations } = metadata;
  return Object.entries(annotations).flatMap(([field, value]) => {
    if (field.startsWith(OLD_PREFIX)) return [deadPrefix(field, value, annotations)];
    if (!field.startsWith(NGINX_PREFIX)) return [];
    return [judge(field, value, said.get(field) ?? [])];
  });
}

function judge(field: string, value: string, diagnostics: readonly Diagnostic[]): Finding {
  const name = field.slice(NGINX_PREFIX.length);
  const row = ROWS.get(name);
  if (row === undefined) return unknown(field, name, value);
  const told = diagnostics.filter(({ reason }) => Object.hasOwn(VERDICT_OF, reason));
  if (told.length > 0) {
    const reason = [...new Set(told.map(({ message }) => withoutField(message, field)))].join('; ');
    return withMend({ field, value, verdict: worst(told.map(one => VERDICT_OF[one.reason] ?? 'works')), reason });
  }
  switch (row.support) {
    case 'dead':
      return withMend({ field, value, verdict: 'dead', reason: row.why ?? 'ingress-nginx 1.15 ignores it' });
    case 'refused':
      return withMend({ field, value, verdict: 'unsupported', reason: row.why ?? '' });
    case 'no-effect':
      return { field, value, verdict: 'works', reason: row.why ?? row.help };
    case 'works':
      return row.differs === undefined
        ? { field, value, verdict: 'works' }
        : { field, value, verdict: 'differs', reason: row.differs, isGeneral: true };
  }
}

function unknown(field: string, name: string, value: string): Finding {
  const near = closest(name, LIVE_NAMES);
  const reason = `ingress-nginx 1.15 has no such annotation${near === undefined ? '' : `; did you mean ${near}?`}`;
  return {
    field,
    value,
    verdict: 'dead',
    reason,
    mend: near === undefined ? remove(field) : line(NGINX_PREFIX + near, value),
  };
}

function deadPrefix(field: string, value: string, annotations: IngressObject['metadata']['annotations']): Finding {
  const name = field.slice(OLD_PREFIX.length);
  const isMeant = ROWS.has(name) && !Object.hasOwn(annotations, NGINX_PREFIX + name);
  const reason = `ingress-nginx reads ${NGINX_PREFIX} only`;
  return {
    field,
    value,
    verdict: 'dead',
    reason,
    mend: isMeant ? line(NGINX_PREFIX + name, value) : remove(field),
  };
}

function withMend(finding: Finding & { readonly value: string }): Finding {
  const name = finding.field.slice(NGINX_PREFIX.length);
  const better =
    finding.verdict === 'dead' ? (replacement(name, finding.value) ?? mendValue(name, finding.value)) : undefined;
  if (better !== undefined) return { ...finding, mend: better };
  return finding.verdict === 'dead' ? { ...finding, mend: remove(finding.field) } : finding;
}

function remove(field: string): string {
  return `remove ${field}`;
}

/** Messages begin with their annotation, which the report shows already. */
function withoutField(message: string, field: string): string {
  return message.startsWith(`${field}: `) ? message.slice(field.length + 2) : message;
}
