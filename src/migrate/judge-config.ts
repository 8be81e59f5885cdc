/** What the keys of ingress-nginx's ConfigMap mean to kube-entry. */
import { CONFIG_ROWS, type ConfigRemark } from '../translate/ingress/config/config-table.ts';
import type { Finding } from './report.ts';

const ROWS = new Map(CONFIG_ROWS.map(row => [row.name, row]));

const seconds = (text: string) => (/^\d+$/.test(text) ? `${text}s` : undefined);
const number = (text: string) => (/^\d+$/.test(text) ? text : undefined);
const duration = (text: string) => (/^\d+(?:ms|s|m|h)$/.test(text) ? text : undefined);
const ranges = (text: string) => (/^[\da-fA-F.:/, ]+$/.test(text) ? text.replaceAll(' ', '') : undefined);
const yes = (text: string) => (text === 'true' ? text : undefined);

/** Keys that a setting says, and how it writes their values; undefined for what it cannot say. */
const FLAGS: Readonly<Record<string, readonly [flag: string, spell: (text: string) => string | undefined]>> = {
  'keep-alive': ['keepalive-timeout', seconds],
  'keep-alive-requests': ['keepalive-requests', number],
  'client-header-timeout': ['client-header-timeout', seconds],
  'client-body-timeout': ['client-body-timeout', seconds],
  'worker-shutdown-timeout': ['shutdown-timeout', duration],
  'worker-processes': ['workers', number],
  'max-worker-connections': ['worker-connections', number],
  'proxy-real-ip-cidr': ['trusted-proxies', ranges],
  'enable-underscores-in-headers': ['underscores-in-headers', yes],
  'ssl-reject-handshake': ['tls-reject-unknown-sni', yes],
};

/** The option of kube-entry that says the same as a key of the ConfigMap; undefined where none does. */
function flagFor(key: string, value: string): string | undefined {
  const [flag = '', spell] = Object.hasOwn(FLAGS, key) ? (FLAGS[key] ?? []) : [];
  const text = spell?.(value);
  if (text === undefined) return undefined;
  return text === 'true' ? `--${flag}` : `--${flag}=${text}`;
}

/** @param remarks what the reading of the ConfigMap said */
export function judgeConfig(data: ReadonlyMap<string, string>, remarks: readonly ConfigRemark[]): Finding[] {
  const remarkOf = new Map(remarks.map(({ key, message }) => [key, message]));
  return [...data].map(([field, value]) => {
    const row = ROWS.get(field);
    const remark = remarkOf.get(field);
    if (row === undefined)
      return { field, value, verdict: 'dead', reason: remark ?? 'ingress-nginx 1.15 has no such key' };
    // What ingress-nginx has by default asks for nothing.
    if (value.trim() === row.fallback) return { field, value, verdict: 'works' };
    if (row.support === 'refused') {
      const mend = flagFor(field, value.trim());
      return { field, value, verdict: 'unsupported', reason: row.why ?? '', ...(mend !== undefined && { mend }) };
    }
    if (remark !== undefined)
      return { field, value, verdict: 'dead', reason: remark, mend: `${field}: ${JSON.stringify(row.fallback)}` };
    if (row.differs !== undefined) return { field, value, verdict: 'differs', reason: row.differs };
    return { field, value, verdict: 'works', ...(row.why !== undefined && { reason: row.why }) };
  });
}
