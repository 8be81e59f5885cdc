import type { SecretState } from '../catalog/known-secrets.ts';
import { type CertificateFacts, type CertificateFault, coversHost, isFault } from './certificate-facts.ts';

/** Stable words: reasons of Events, and labels of a metric. */
export const CERTIFICATE_REASONS = [
  'SecretAbsent',
  'SecretAwaited',
  'SecretNotReadable',
  'SecretUnusable',
  'CertificateUnusable',
  'CertificateExpired',
  'CertificateNotYetValid',
  'CertificateHostMismatch',
] as const;

export type CertificateReason = (typeof CERTIFICATE_REASONS)[number];

/** What is wrong with a certificate. */
export interface CertificateProblem {
  readonly reason: CertificateReason;
  /** For people: what is wrong, and what to do. */
  readonly message: string;
}

/** What keeps a Secret of type `kubernetes.io/tls` from being served; none while it is served, or is about to be read. */
export function problemOfSecret(name: string, state: SecretState): CertificateProblem | undefined {
  switch (state.state) {
    case 'absent':
      return {
        reason: 'SecretAbsent',
        message: `there is no Secret ${name} of type kubernetes.io/tls: the default certificate is served`,
      };
    case 'unusable':
      return { reason: 'SecretUnusable', message: `Secret ${name} cannot be used: ${state.why}` };
    case 'unreadable':
      return { reason: 'SecretNotReadable', message: `Secret ${name} may not be read: ${state.why}` };
    default:
      return undefined;
  }
}

/** A Secret that is about to be read, which may take long while the Kubernetes API is away. */
export function problemOfAwaited(name: string): CertificateProblem {
  const message = `Secret ${name} has not been read since the start: the default certificate is served`;
  return { reason: 'SecretAwaited', message };
}

/** What is wrong with a certificate that could be read, or with what should have been one. @param now milliseconds since 1970 */
export function problemOfCertificate(
  name: string,
  read: CertificateFacts | CertificateFault,
  now: number,
): CertificateProblem | undefined {
  if (isFault(read)) {
    return { reason: 'CertificateUnusable', message: `the certificate of ${name} cannot be used: ${read.fault}` };
  }
  const { notBefore, notAfter } = read;
  if (now >= notAfter) {
    return { reason: 'CertificateExpired', message: `the certificate of ${name} expired at ${timeOf(notAfter)}` };
  }
  if (now >= notBefore) return undefined;
  return {
    reason: 'CertificateNotYetValid',
    message: `the certificate of ${name} is valid from ${timeOf(notBefore)} on`,
  };
}

/** @param hosts those that the certificate is meant for */
export function problemOfHosts(
  name: string,
  facts: CertificateFacts,
  hosts: readonly string[],
): CertificateProblem | undefined {
  const uncovered = hosts.filter(host => !coversHost(facts, host));
  const [first] = uncovered;
  if (first === undefined) return undefined;
  const others = uncovered.length === 1 ? '' : ` and ${uncovered.length - 1} more`;
  const message = `the certificate of ${name} is not valid for ${first}${others}: ${namesLabel(facts.names)}`;
  return { reason: 'CertificateHostMismatch', message };
}

/** So many names are named. */
const MOST_NAMES = 5;

function namesLabel(names: readonly string[]): string {
  if (names.length === 0) return 'it names no host';
  const others = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : '';
  return `it names ${names.slice(0, MOST_NAMES).join(', ')}${others}`;
}

function timeOf(at: number): string {
  return new Date(at).toISOString().replace('.000Z', 'Z');
}
