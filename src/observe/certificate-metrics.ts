import { Gauge, type Registry } from 'prom-client';

/** Certificates in numbers that stay small, however many there are. */
export interface CertificateFigures {
  /** The default one, and those of Secrets that objects ask for. */
  readonly count: number;
  /** Of how many something is wrong, by reason. */
  readonly problems: ReadonlyMap<string, number>;
  /** Those that expire first, the first of all in front; milliseconds since the epoch. */
  readonly soonest: readonly { readonly source: string; readonly notAfter: number }[];
}

/** @param figures asked for once a scrape and gauge */
export function addCertificateMetrics(registry: Registry, figures: () => CertificateFigures): void {
  const registers = [registry];
  new Gauge({
    name: 'kube_entry_certificates',
    help: 'Certificates that are served, or asked for.',
    registers,
    collect() {
      this.set(figures().count);
    },
  });
  new Gauge({
    name: 'kube_entry_certificate_problems',
    help: 'Certificates with which something is wrong, by reason; kube-entry certificates names them.',
    labelNames: ['reason'],
    registers,
    collect() {
      this.reset();
      for (const [reason, count] of figures().problems) this.set({ reason }, count);
    },
  });
  new Gauge({
    name: 'kube_entry_certificate_expiry_timestamp_seconds',
    help: 'When certificates expire: the 50 that expire first.',
    labelNames: ['certificate'],
    registers,
    collect() {
      this.reset();
      for (const { source, notAfter } of figures().soonest) this.set({ certificate: source }, notAfter / 1000);
    },
  });
}
