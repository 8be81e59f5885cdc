import { Counter, Gauge, type Registry } from 'prom-client';
import type { CounterName } from './counters.ts';
import { HANDSHAKE_FAILURES } from './handshake-failures.ts';

/** Handshakes of the TLS port. @param sum of a counter over all workers */
export function addTlsMetrics(registry: Registry, sum: (name: CounterName) => number): void {
  const registers = [registry];
  new Gauge({
    name: 'kube_entry_tls_handshakes_in_progress',
    help: 'Handshakes of TLS that are under way.',
    registers,
    collect() {
      this.set(sum('tlsHandshaking'));
    },
  });
  new Counter({
    name: 'kube_entry_tls_handshakes_total',
    help: 'Handshakes of TLS that were done.',
    labelNames: ['version'],
    registers,
    collect() {
      this.reset();
      this.inc({ version: 'TLSv1.2' }, sum('tlsHandshakes12'));
      this.inc({ version: 'TLSv1.3' }, sum('tlsHandshakes13'));
    },
  });
  new Counter({
    name: 'kube_entry_tls_resumptions_total',
    help: 'Handshakes of TLS that went on with a session of before.',
    registers,
    collect() {
      this.reset();
      this.inc(sum('tlsResumed'));
    },
  });
  new Counter({
    name: 'kube_entry_tls_handshake_failures_total',
    help: 'Handshakes of TLS that came to nothing, by reason.',
    labelNames: ['reason'],
    registers,
    collect() {
      this.reset();
      for (const [reason, counter] of Object.entries(HANDSHAKE_FAILURES)) this.inc({ reason }, sum(counter));
    },
  });
  new Counter({
    name: 'kube_entry_tls_floods_total',
    help: 'Connections with TLS that were ended because the peer sent records without data, such as changes of keys.',
    registers,
    collect() {
      this.reset();
      this.inc(sum('tlsFloods'));
    },
  });
}
