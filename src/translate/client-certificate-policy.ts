/** What clients are asked for at TLS ports, named by what decides. Pure. */
import { createHash } from 'node:crypto';
import type { ClientCertificatePolicy } from '../model/tls-host.ts';

/** Sessions of one policy are none of another: all that decides whether a certificate counts goes into its name. */
export function clientCertificatePolicy(asked: Omit<ClientCertificatePolicy, 'policy'>): ClientCertificatePolicy {
  const { mode, ca, revoked = '', mostIntermediates = '' } = asked;
  const text = JSON.stringify([mode, ca, revoked, mostIntermediates]);
  return { policy: createHash('sha256').update(text).digest('hex').slice(0, 32), ...asked };
}
