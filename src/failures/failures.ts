/**
 * The closed list of reasons why a request fails, and the one place that says what each means. A reason is a stable word: it
 * stands in the access log, in `kube_entry_request_failures_total`, in the program log and on the dashboard, and
 * `kube-entry explain --reason WORD` prints its row. It imports its own parts alone, so that every part of the program can read it.
 */
import { CLIENT_FAILURES } from './client-failures.ts';
import type { Failure } from './failure.ts';
import { POLICY_FAILURES } from './policy-failures.ts';
import { PROGRAM_FAILURES } from './program-failures.ts';
import { ROUTING_FAILURES } from './routing-failures.ts';
import { UPSTREAM_FAILURES } from './upstream-failures.ts';

export type { Failure, FailureSource } from './failure.ts';

const TABLE = {
  ...ROUTING_FAILURES,
  ...CLIENT_FAILURES,
  ...POLICY_FAILURES,
  ...UPSTREAM_FAILURES,
  ...PROGRAM_FAILURES,
} as const;

export type FailureReason = keyof typeof TABLE;

export const FAILURES: Readonly<Record<FailureReason, Failure>> = TABLE;

/** Every reason, in the order of the table. */
export const FAILURE_REASONS = Object.keys(TABLE) as readonly FailureReason[];

/** Where each reason is in {@link FAILURE_REASONS}. */
export const FAILURE_INDEX = Object.fromEntries(FAILURE_REASONS.map((reason, index) => [reason, index])) as Readonly<
  Record<FailureReason, number>
>;

/** The errors of a connect that are about this machine, not about the upstream. */
const OWN_ERRORS: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'EAGAIN', 'ENOBUFS', 'ENOMEM']);

/** What Node says of certificates that it does not accept. */
const CERTIFICATE_ERRORS: ReadonlyMap<string, FailureReason> = new Map([
  ['CERT_HAS_EXPIRED', 'upstream_certificate_expired'],
  ['CERT_NOT_YET_VALID', 'upstream_certificate_expired'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'upstream_certificate_wrong_name'],
  ['CERT_UNTRUSTED', 'upstream_certificate_untrusted'],
  ['CERT_SIGNATURE_FAILURE', 'upstream_certificate_untrusted'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'upstream_certificate_untrusted'],
  ['INVALID_CA', 'upstream_certificate_untrusted'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'upstream_certificate_untrusted'],
  ['UNABLE_TO_GET_ISSUER_CERT', 'upstream_certificate_untrusted'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'upstream_certificate_untrusted'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'upstream_certificate_untrusted'],
]);

/** @param code of what ended a TLS handshake */
export function handshakeFailure(code: string): FailureReason {
  return CERTIFICATE_ERRORS.get(code) ?? 'upstream_tls_failed';
}

/** @param error of a connect, or of the look-up of a name before it */
export function connectFailure(error: NodeJS.ErrnoException): FailureReason {
  const { code = '', syscall = '' } = error;
  if (code === 'ENOTFOUND' || /^(?:query|getaddrinfo)/.test(syscall)) return 'upstream_name_unresolved';
  if (code === 'ECONNREFUSED') return 'upstream_refused';
  if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH') return 'upstream_unreachable';
  if (code === 'ETIMEDOUT') return 'upstream_connect_timeout';
  return OWN_ERRORS.has(code) ? 'out_of_sockets' : 'upstream_connect_failed';
}
