/** Certificates as people read them. */
import type { CertificateView } from '../admin/certificate-view.ts';
import { plural } from '../text/labels.ts';
import { formatTable, type TableLayout } from './terminal/table.ts';

const DAY_MS = 86_400_000;

/** @param now milliseconds since the epoch */
export function certificatesReport(certificates: readonly CertificateView[], now: number, layout: TableLayout): string {
  if (certificates.length === 0) return 'No certificates: TLS does not listen (--tls-listen).';
  const rows = certificates.map(certificate => cellsOf(certificate, now));
  return formatTable(['CERTIFICATE', 'NAMES', 'ISSUER', 'VALID UNTIL', 'ASKED BY', 'PROBLEM'], rows, {
    ...layout,
    lastIsProse: true,
  });
}

function cellsOf(
  { certificate, names, issuer, validUntil, askedBy, problems }: CertificateView,
  now: number,
): string[] {
  return [
    certificate,
    names.join(', ') || '-',
    issuer || '-',
    validUntil === null ? '-' : untilLabel(Date.parse(validUntil), now),
    askedBy.join(', ') || '-',
    problems.map(({ message }) => message).join('; '),
  ];
}

function untilLabel(at: number, now: number): string {
  const date = new Date(at).toISOString().slice(0, 10);
  const days = Math.floor((at - now) / DAY_MS);
  return at <= now ? `${date} (expired)` : `${date} (${plural(days, 'day')})`;
}
