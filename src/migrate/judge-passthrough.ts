/** What becomes of ssl-passthrough, which ingress-nginx obeys by a flag alone: many Ingresses have it that were never passed through. */
import { NGINX_PREFIX } from '../translate/ingress/ingress-values.ts';
import type { Finding } from './report.ts';

const FIELD = `${NGINX_PREFIX}ssl-passthrough`;
const FLAG = 'enable-ssl-passthrough';

/** @param flags of ingress-nginx's controller */
export function judgePassthrough(finding: Finding, flags: ReadonlyMap<string, string>): Finding {
  const { field, value, verdict, isGeneral } = finding;
  if (field !== FIELD || verdict !== 'differs' || isGeneral !== true) return finding;
  const { isGeneral: _, reason: __, ...plain } = finding;
  if (value !== 'true' || flags.get(FLAG) === 'true') return { ...plain, verdict: 'works' };
  const reason = `ingress-nginx ignores it without --${FLAG}; here TLS of the host goes on to the pods of its path /: clients get their certificate, and other paths and annotations of the host count for plain HTTP alone`;
  return { ...plain, reason, mend: `remove ${FIELD}, if ingress-nginx runs without the flag` };
}
