import type { Certificate } from '../../model/certificate.ts';
import { serviceKey } from '../../model/route.ts';
import type { SecretRef } from '../../resources/secret-store.ts';
import { lastRead } from '../catalog/known-objects.ts';
import type { KnownSecrets, SecretState } from '../catalog/known-secrets.ts';
import { certificateOf, isFault, readCertificate } from './certificate-facts.ts';
import {
  type CertificateProblem,
  type CertificateReason,
  problemOfAwaited,
  problemOfCertificate,
  problemOfHosts,
  problemOfSecret,
} from './certificate-problem.ts';

/** A certificate as it is now: of a Secret that objects ask for, or the default one. */
export interface CertificateReport {
  /** `namespace/name` of the Secret, or {@link DEFAULT}. */
  readonly source: string;
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
  readonly soonest: readonly { readonly source: string; readonly notAfter: number }[];
}

export interface CertificateReportsOptions {
  readonly secrets: Pick<KnownSecrets, 'demand' | 'of' | 'askersOf'>;
  /** Undefined where TLS does not listen. */
  readonly defaultCertificate: () => Certificate | undefined;
  /** The hosts that a Service asks for. @param asker its key */
  readonly hostsOf: (asker: string) => readonly string[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** What people read where the name of a Secret stands for others. */
const DEFAULT = 'default certificate';
/** So many certificates have a series of their own. */
const MOST_SERIES = 50;

/** What operators can read about certificates. */
export class CertificateReports {
  readonly #options: CertificateReportsOptions;

  constructor(options: CertificateReportsOptions) {
    this.#options = options;
  }

  *all(): Generator<CertificateReport> {
    const { secrets, defaultCertificate } = this.#options;
    const certificate = defaultCertificate();
    if (certificate !== undefined) yield this.#reportOfDefault(certificate);
    for (const secret of secrets.demand.values()) yield this.#reportOf(secret, secrets.of(secret));
  }

  summary(): CertificateSummary {
    const problems = new Map<CertificateReason, number>();
    const soonest: { source: string; notAfter: number }[] = [];
    let count = 0;
    for (const { source, notAfter, problems: found } of this.all()) {
      count += 1;
      if (notAfter !== undefined) soonest.push({ source, notAfter });
      for (const { reason } of found) problems.set(reason, (problems.get(reason) ?? 0) + 1);
    }
    soonest.sort((one, other) => one.notAfter - other.notAfter);
    return { count, problems, soonest: soonest.slice(0, MOST_SERIES) };
  }

  #reportOfDefault({ chain, key }: Certificate): CertificateReport {
    const read = readCertificate(chain, key);
    const problems = present([problemOfCertificate('the TLS port', read, this.#options.now())]);
    if (isFault(read)) return { source: DEFAULT, names: [], issuer: '', notAfter: undefined, askers: [], problems };
    const { names, issuer, notAfter } = read;
    return { source: DEFAULT, names, issuer, notAfter, askers: [], problems };
  }

  #reportOf(secret: SecretRef, state: SecretState): CertificateReport {
    const { secrets, hostsOf, now } = this.#options;
    const source = serviceKey(secret);
    const askers = secrets.askersOf(secret);
    const unread = state.state === 'awaited' ? problemOfAwaited(source) : problemOfSecret(source, state);
    const known = lastRead(state);
    if (known === undefined) {
      return { source, names: [], issuer: '', notAfter: undefined, askers, problems: [unread ?? []].flat() };
    }
    const read = certificateOf(known);
    const problems = [unread, problemOfCertificate(source, read, now())];
    if (isFault(read))
      return { source, names: [], issuer: '', notAfter: undefined, askers, problems: present(problems) };
    problems.push(problemOfHosts(source, read, [...new Set(askers.flatMap(hostsOf))]));
    const { names, issuer, notAfter } = read;
    return { source, names, issuer, notAfter, askers, problems: present(problems) };
  }
}

function present(problems: readonly (CertificateProblem | undefined)[]): CertificateProblem[] {
  return problems.filter(problem => problem !== undefined);
}
