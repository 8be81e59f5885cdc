import { Gauge, type Registry } from 'prom-client';
import type { ServiceRef } from '../model/route.ts';

/** Certificates in numbers that stay small, however many there are. */
export interface CertificateFigures {
  /** Secrets that are asked for. */
  readonly count: number;
  /** Of how many something is wrong, by reason. */
  readonly problems: ReadonlyMap<string, number>;
  /** Those that expire first, the first of all in front; milliseconds since the epoch. */
  readonly soonest: readonly { readonly secret: ServiceRef; readonly notAfter: number }[];
}

/** @param figures asked for once a scrape and gauge */
export function addCertificateMetrics(registry: Registry, figures: () => CertificateFigures): void {
  const registers = [registry];
  new Gauge({
    name: 'kube_entry_certificates',
    help: 'Certificates that objects ask for.',
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
    labelNames: ['namespace', 'secret'],
    registers,
    collect() {
      this.reset();
      for (const { secret, notAfter } of figures().soonest) {
        this.set({ namespace: secret.namespace, secret: secret.name }, notAfter / 1000);
      }
    },
  });
}
