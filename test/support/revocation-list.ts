/** Lists of revoked certificates, made when a test needs them: RFC 5280 section 5 in the smallest. */
import { createPrivateKey, sign, X509Certificate } from 'node:crypto';
import { ECDSA_WITH_SHA256, nameOf, pemOf, sequence, tagged, utcTime } from './der.ts';
import type { SelfSigned } from './self-signed.ts';

/** A list of the issuer, with an ECDSA key, which is valid for a day around now. */
export function revocationList(issuer: SelfSigned, revoked: readonly SelfSigned[]): string {
  const now = Date.now();
  const entries = revoked.map(({ cert }) => {
    const serial = Buffer.from(new X509Certificate(cert).serialNumber, 'hex');
    return sequence(tagged(0x02, serial), utcTime(now - 3_600_000));
  });
  const body = sequence(
    ...[tagged(0x02, Buffer.of(1)), ECDSA_WITH_SHA256, nameOf(issuer.commonName)],
    ...[utcTime(now - 3_600_000), utcTime(now + 86_400_000)],
    ...(entries.length > 0 ? [sequence(...entries)] : []),
  );
  const signature = tagged(0x03, Buffer.concat([Buffer.of(0), sign('sha256', body, createPrivateKey(issuer.key))]));
  return pemOf('X509 CRL', sequence(body, ECDSA_WITH_SHA256, signature));
}
