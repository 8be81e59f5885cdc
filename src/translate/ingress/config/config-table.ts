/** ingress-nginx's ConfigMap: its keys as one table, and how they become the values in force. Pure. */
import { FormatError } from '../../../errors.ts';
import { closest } from '../../../text/closest.ts';
import { quote } from '../../../text/quote.ts';
import { ACCESS_ROWS } from './access-rows.ts';
import type { ConfigRow } from './config-row.ts';
import type { IngressConfig } from './ingress-config.ts';
import { REDIRECT_ROWS } from './redirect-rows.ts';
import { RESPONSE_ROWS } from './response-rows.ts';
import { SERVER_ROWS } from './server-rows.ts';
import { UPSTREAM_ROWS } from './upstream-rows.ts';

/** All keys, in the order in which documents show them. */
export const CONFIG_ROWS: readonly ConfigRow[] = [
  ...REDIRECT_ROWS,
  ...ACCESS_ROWS,
  ...UPSTREAM_ROWS,
  ...RESPONSE_ROWS,
  ...SERVER_ROWS,
];

export const DEFAULT_INGRESS_CONFIG: IngressConfig = Object.assign(
  {},
  ...CONFIG_ROWS.map(({ read, fallback }) => read?.(fallback)),
);

/** What is wrong with a key of the ConfigMap. */
export interface ConfigRemark {
  readonly key: string;
  /** `AnnotationIgnored`: its value cannot be read, and the default counts. `Unsupported`: it has no effect here. */
  readonly reason: 'AnnotationIgnored' | 'Unsupported';
  /** For people, with the key. */
  readonly message: string;
}

/** So many keys that are not known are named: what one ConfigMap costs has a bound. */
const MOST_UNKNOWN = 20;

const ROWS: ReadonlyMap<string, ConfigRow> = new Map(CONFIG_ROWS.map(row => [row.name, row]));

/** @param data undefined where there is no ConfigMap */
export function readIngressConfig(data: ReadonlyMap<string, string> | undefined): {
  readonly config: IngressConfig;
  readonly remarks: readonly ConfigRemark[];
} {
  let config = DEFAULT_INGRESS_CONFIG;
  const remarks: ConfigRemark[] = [];
  let unknown = 0;
  for (const [key, text] of data ?? []) {
    const row = ROWS.get(key);
    if (row === undefined) {
      unknown += 1;
      if (unknown <= MOST_UNKNOWN) remarks.push({ key, reason: 'Unsupported', message: unknownKey(key) });
    } else if (row.read !== undefined) {
      try {
        config = { ...config, ...row.read(text) };
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        const message = `${key}: ${error.message}; ${quote(row.fallback)} counts`;
        remarks.push({ key, reason: 'AnnotationIgnored', message });
      }
    } else if (row.support === 'refused' && text.trim() !== row.fallback) {
      remarks.push({ key, reason: 'Unsupported', message: `${key}: has no effect here: ${row.why}` });
    }
  }
  return { config, remarks };
}

function unknownKey(key: string): string {
  const near = closest(key, [...ROWS.keys()]);
  const advice = near === undefined ? 'remove it' : `did you mean ${near}?`;
  return `${quote(key)} is no key that is known: ${advice}`;
}
