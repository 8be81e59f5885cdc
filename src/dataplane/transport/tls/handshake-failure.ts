import type { HandshakeFailure } from '../../../observe/handshake-failures.ts';

/** OpenSSL's reasons that have one of their own here. */
const BY_CODE: Readonly<Record<string, HandshakeFailure>> = {
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'version',
  ERR_SSL_NO_PROTOCOLS_AVAILABLE: 'version',
  ERR_SSL_INAPPROPRIATE_FALLBACK: 'version',
  ERR_SSL_NO_SHARED_CIPHER: 'cipher',
  ERR_SSL_NO_SUITABLE_KEY_SHARE: 'cipher',
  ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM: 'cipher',
  ERR_SSL_NO_SHARED_SIGNATURE_ALGORITHMS: 'cipher',
  ERR_SSL_NO_APPLICATION_PROTOCOL: 'protocol',
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'client-certificate',
};

/** @param code of OpenSSL's error, as Node writes it */
export function failureOf(code: string): HandshakeFailure {
  if (/_ALERT_/.test(code)) return 'client-alert';
  return BY_CODE[code] ?? 'other';
}
