import type { CounterName } from './counters.ts';

/** Why a handshake failed, and where that is counted. */
export const HANDSHAKE_FAILURES = {
  timeout: 'tlsTimeouts',
  closed: 'tlsClosed',
  limit: 'tlsOverLimit',
  'plain-http': 'tlsPlainHttp',
  'not-tls': 'tlsNotTls',
  malformed: 'tlsMalformed',
  'unknown-name': 'tlsUnknownNames',
  version: 'tlsVersions',
  cipher: 'tlsCiphers',
  protocol: 'tlsProtocols',
  'client-alert': 'tlsClientAlerts',
  certificate: 'tlsCertificates',
  'client-certificate': 'tlsClientCertificates',
  other: 'tlsOtherFailures',
} as const satisfies Record<string, CounterName>;

export type HandshakeFailure = keyof typeof HANDSHAKE_FAILURES;
