import { closest } from '../../text/closest.ts';
import { quote } from '../../text/quote.ts';
import { INGRESS_FEATURES } from './annotations/features.ts';
import type { IngressRow } from './ingress-feature.ts';
import { type AnnotationValues, NGINX_PREFIX } from './ingress-values.ts';

/** ingress-nginx's prefix before it had one of its own. */
const OLD_PREFIX = 'ingress.kubernetes.io/';
/** So many annotations that are not known are named: what one Ingress costs has a bound. */
const MOST_UNKNOWN = 10;

const ROWS: ReadonlyMap<string, IngressRow> = new Map(
  INGRESS_FEATURES.flatMap(({ rows }) => rows.map(row => [row.name, row] as const)),
);

/**
 * Names the annotations of an Ingress that do nothing: those that are refused, unless that has been said, those that ingress-nginx ignores
 * in silence, and those that are not known.
 */
export function tellUnsupported(keys: readonly string[], values: AnnotationValues): void {
  const told = new Set(values.diagnostics.map(({ field }) => field));
  let unknown = 0;
  for (const key of keys) {
    if (key.startsWith(OLD_PREFIX)) {
      const advice = `ingress-nginx reads ${NGINX_PREFIX} alone: write that prefix, or remove it`;
      if (++unknown <= MOST_UNKNOWN) values.say('warning', 'AnnotationIgnored', `${quote(key)}: ${advice}`, key);
    }
    if (!key.startsWith(NGINX_PREFIX) || told.has(key)) continue;
    const row = ROWS.get(key.slice(NGINX_PREFIX.length));
    if (row === undefined) {
      if (++unknown <= MOST_UNKNOWN) values.say('warning', 'AnnotationIgnored', unknownKey(key), key);
    } else if (row.support === 'refused') {
      values.say('warning', 'Unsupported', `${key}: has no effect here: ${row.why}`, key);
    } else if (row.support === 'dead') {
      values.say(
        'warning',
        'AnnotationIgnored',
        `${key}: ingress-nginx ignores it, and so does this program: ${row.why}`,
        key,
      );
    }
  }
}

function unknownKey(key: string): string {
  const near = closest(key.slice(NGINX_PREFIX.length), [...ROWS.keys()]);
  const advice = near === undefined ? 'remove it' : `did you mean ${near}?`;
  return `${quote(key)} is no annotation that is known: ${advice}`;
}
