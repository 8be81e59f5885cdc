/** What the keys of ingress-nginx's ConfigMap mean to kube-entry. */
import { CONFIG_ROWS, type ConfigRemark } from '../translate/ingress/config/config-table.ts';
import type { Finding } from './report.ts';

const ROWS = new Map(CONFIG_ROWS.map(row => [row.name, row]));

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
    if (row.support === 'refused') return { field, value, verdict: 'unsupported', reason: row.why ?? '' };
    if (remark !== undefined)
      return { field, value, verdict: 'dead', reason: remark, mend: `${field}: ${JSON.stringify(row.fallback)}` };
    if (row.differs !== undefined) return { field, value, verdict: 'differs', reason: row.differs };
    return { field, value, verdict: 'works', ...(row.why !== undefined && { reason: row.why }) };
  });
}
