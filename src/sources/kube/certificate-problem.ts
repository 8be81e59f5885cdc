/** What TLS finds wrong with certificates, in words that say what to change. */
import { codeOf, messageOf } from '../../errors.ts';

/** OpenSSL's ways to say that no chain leads to a CA that was given. */
const NOT_SIGNED = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_SIGNATURE_FAILURE',
]);

/**
 * @param authority what the server's certificate is checked with: `the CA in this kubeconfig`
 * @returns undefined for errors of other kinds
 */
export function certificateProblem(error: unknown, authority: string): string | undefined {
  const code = codeOf(error) ?? '';
  if (NOT_SIGNED.has(code)) return `its certificate is not signed by ${authority}`;
  if (code === 'CERT_HAS_EXPIRED') return 'its certificate has expired';
  if (code === 'CERT_NOT_YET_VALID') return 'its certificate is not valid yet: is the clock of this machine right?';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const reason = error instanceof Error && 'reason' in error ? String(error.reason) : messageOf(error);
    return `its certificate is for another name: ${reason} (tls-server-name in the kubeconfig sets the name to expect)`;
  }
  if (code.startsWith('ERR_OSSL')) {
    return `TLS cannot use the CA, the client certificate or its key, or the server refuses them: ${messageOf(error)}`;
  }
  return undefined;
}
