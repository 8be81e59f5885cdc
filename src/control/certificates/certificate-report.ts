import { serviceKey } from '../../model/route.ts';
import type { SecretRef } from '../../resources/secret-store.ts';
import type { KnownSecrets, SecretState } from '../catalog/known-secrets.ts';
import { certificateOf, isFault } from './certificate-facts.ts';
import {
  type CertificateProblem,
  type CertificateReason,
  problemOfAwaited,
  problemOfCertificate,
  problemOfHosts,
  problemOfSecret,
} from './certificate-problem.ts';

/** A Secret that objects ask for, and its certificate as it is now. */
export interface CertificateReport {
  readonly secret: SecretRef;
  /** The names that it is valid for; none while it is not known, or cannot be used. */
  readonly names: readonly string[];
  /** Empty where it is not known. */
  readonly issuer: string;
  /** Milliseconds since 1970; undefined where it is not known. */
  readonly notAfter: number | undefined;
  /** The Services that ask for it, as `namespace/name`. */
  readonly askers: readonly string[];
  readonly problems: readonly CertificateProblem[];
}

/** For the metrics: few of them, whatever the number of certificates. */
export interface CertificateSummary {
  readonly count: number;
  readonly problems: ReadonlyMap<CertificateReason, number>;
  /** Those that expire first, the first of all in front. */
  readonly soonest: readonly { readonly secret: SecretRef; readonly notAfter: number }[];
}

export interface CertificateReportsOptions {
  readonly secrets: Pick<KnownSecrets, 'demand' | 'of' | 'askersOf'>;
  /** The hosts that a Service asks for. @param asker its key */
  readonly hostsOf: (asker: string) => readonly string[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** So many certificates have a series of their own. */
const MOST_SERIES = 50;

/** What people are told of certificates. */
export class CertificateReports {
  readonly #options: CertificateReportsOptions;

  constructor(options: CertificateReportsOptions) {
    this.#options = options;
  }

  *all(): Generator<CertificateReport> {
    const { secrets } = this.#options;
    for (const secret of secrets.demand.values()) yield this.#reportOf(secret, secrets.of(secret));
  }

  summary(): CertificateSummary {
    const problems = new Map<CertificateReason, number>();
    const soonest: { secret: SecretRef; notAfter: number }[] = [];
    let count = 0;
    for (const { secret, notAfter, problems: found } of this.all()) {
      count += 1;
      if (notAfter !== undefined) soonest.push({ secret, notAfter });
      for (const { reason } of found) problems.set(reason, (problems.get(reason) ?? 0) + 1);
    }
    soonest.sort((one, other) => one.notAfter - other.notAfter);
    return { count, problems, soonest: soonest.slice(0, MOST_SERIES) };
  }

  #reportOf(secret: SecretRef, state: SecretState): CertificateReport {
    const { secrets, hostsOf, now } = this.#options;
    const name = serviceKey(secret);
    const askers = secrets.askersOf(secret);
    const unread = state.state === 'awaited' ? problemOfAwaited(name) : problemOfSecret(name, state);
    const known = 'secret' in state ? state.secret : undefined;
    if (known === undefined) {
      return { secret, names: [], issuer: '', notAfter: undefined, askers, problems: [unread ?? []].flat() };
    }
    const read = certificateOf(known);
    const problems = [unread, problemOfCertificate(name, read, now())];
    if (isFault(read))
      return { secret, names: [], issuer: '', notAfter: undefined, askers, problems: present(problems) };
    problems.push(problemOfHosts(name, read, [...new Set(askers.flatMap(hostsOf))]));
    const { names, issuer, notAfter } = read;
    return { secret, names, issuer, notAfter, askers, problems: present(problems) };
  }
}

function present(problems: readonly (CertificateProblem | undefined)[]): CertificateProblem[] {
  return problems.filter(problem => problem !== undefined);
}
