/** Sentences that every form of the report has. */
import type { Finding, IngressReport, MigrationReport, Silence, SilenceKind, Verdict } from '../report.ts';
import { VERDICTS } from '../report.ts';

export const VERDICT_MEANING: Readonly<Record<Verdict, string>> = {
  works: 'as in ingress-nginx',
  differs: 'works, and not as in ingress-nginx',
  unsupported: 'does nothing here',
  refused: 'requests are not served because of it',
  dead: 'ingress-nginx itself ignores it',
};

export const SILENCE_HEADING: Readonly<Record<SilenceKind, string>> = {
  Conflict: 'a place that another Ingress has',
  PathDropped: 'a rewrite that drops paths',
  RegexMode: 'paths as regular expressions',
  CanaryUnused: 'a canary without requests',
  CanaryShared: 'a canary for other places',
  CanaryIsBackend: 'a Service that is canary and backend',
  FakeCertificate: 'the default certificate',
  NoBackend: 'no backend',
  SettingLost: 'a setting that another Ingress decides',
  OldVersionServed: 'an old version',
};

/** What holds for every Ingress, whatever it says. */
export const GENERAL: readonly string[] = [
  'A request is retried once at most, on another pod, and never after a time limit: ingress-nginx asks up to three times, also after a read timeout.',
  'Bodies are streamed: an upstream sees the first byte before the last one has come, and nothing is spooled to disk.',
  'A change is served within milliseconds, and nothing is reloaded: connections, WebSockets included, outlive it.',
];

/** Before annotations whose behaviour differs with any value. */
export const GENERAL_HEADING = 'Annotations that differ';

/** Before the flags that make it write the status of Ingresses. */
export const TAKE_OVER = 'Once it takes over the address';

/** The one with the greatest loss first. */
export const BY_WEIGHT: readonly Verdict[] = VERDICTS.toReversed();

export function countsOf(ingresses: readonly IngressReport[]): string {
  const counts = BY_WEIGHT.map(verdict => [ingresses.filter(one => one.verdict === verdict).length, verdict] as const);
  const parts = counts.filter(([count]) => count > 0).map(([count, verdict]) => `${count} ${verdict}`);
  return `${ingressCount(ingresses.length)}${parts.length === 0 ? '' : `: ${parts.join(', ')}`}`;
}

export function conclusion({ isLossy, unread }: MigrationReport): string {
  if (isLossy) return `Something would be lost: mend what is unsupported or refused first.${unjudged(unread)}`;
  return unread.length === 0 ? 'Nothing would be lost.' : `Nothing else would be lost.${unjudged(unread)}`;
}

/** What follows a conclusion, where it is not about all. */
export function unjudged({ length }: MigrationReport['unread']): string {
  if (length === 0) return '';
  return length === 1
    ? ' 1 thing could not be read, and is not judged.'
    : ` ${length} things could not be read, and are not judged.`;
}

/** Before what could not be read. */
export const UNREAD = 'Not read, and not judged';

/** The findings of an Ingress that are about its own values. */
export function ownFindings({ findings }: IngressReport): Finding[] {
  return findings.filter(({ verdict, isGeneral }) => verdict !== 'works' && isGeneral !== true);
}

/** Those with something to say, the greatest loss first. */
export function notable(ingresses: readonly IngressReport[]): IngressReport[] {
  return ingresses
    .filter(ingress => ingress.silences.length > 0 || ownFindings(ingress).length > 0)
    .sort((a, b) => BY_WEIGHT.indexOf(a.verdict) - BY_WEIGHT.indexOf(b.verdict));
}

/** An annotation that differs whatever its value is, and the Ingresses that have it. */
export interface GeneralFinding {
  readonly field: string;
  readonly reason: string;
  /** `NAMESPACE/NAME` */
  readonly ingresses: readonly string[];
}

export function generalFindings(ingresses: readonly IngressReport[]): GeneralFinding[] {
  const general = ingresses.flatMap(({ namespace, name, findings }) =>
    findings
      .filter(({ isGeneral }) => isGeneral === true)
      .map(finding => ({ ...finding, ingress: `${namespace}/${name}` })),
  );
  return [...Map.groupBy(general, ({ field }) => field)]
    .map(([field, found]) => ({
      ...{ field, reason: found[0]?.reason ?? '' },
      ingresses: found.map(({ ingress }) => ingress),
    }))
    .sort((a, b) => b.ingresses.length - a.ingresses.length || (a.field < b.field ? -1 : 1));
}

/** Ingresses that one line names. */
const MOST_NAMES = 10;

/** `shop/web, shop/cart`; of many the first, and how many more there are. */
export function ingressNames(names: readonly string[]): string {
  const more = names.length - MOST_NAMES;
  return names.slice(0, MOST_NAMES).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** `1 Ingress`, `2 Ingresses` */
export function ingressCount(count: number): string {
  return count === 1 ? '1 Ingress' : `${count} Ingresses`;
}

export function silenceText({ kind, message }: Silence): string {
  return `${SILENCE_HEADING[kind]}: ${message}`;
}
