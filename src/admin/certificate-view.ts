import type { CertificateReport } from '../control/certificates/certificate-report.ts';

/** A certificate as people and scripts get it. */
export interface CertificateView {
  /** `namespace/name` of its Secret, or `default certificate`. */
  readonly certificate: string;
  readonly names: readonly string[];
  /** Empty where the certificate is not known, or cannot be used. */
  readonly issuer: string;
  /** RFC 3339; null like {@link issuer}. */
  readonly validUntil: string | null;
  /** Services, `namespace/name`. */
  readonly askedBy: readonly string[];
  readonly problems: readonly { readonly reason: string; readonly message: string }[];
}

/** Those with a problem first, then those that expire first. */
export function viewCertificates(reports: Iterable<CertificateReport>): CertificateView[] {
  return [...reports]
    .sort((one, other) => rank(one) - rank(other) || (one.notAfter ?? 0) - (other.notAfter ?? 0))
    .map(({ source, names, issuer, notAfter, askers, problems }) => ({
      certificate: source,
      names,
      issuer,
      validUntil: notAfter === undefined ? null : new Date(notAfter).toISOString(),
      askedBy: askers,
      problems,
    }));
}

function rank({ problems }: CertificateReport): number {
  return problems.length > 0 ? 0 : 1;
}
