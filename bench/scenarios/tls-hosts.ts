/** Certificates by the thousand: what they hold resident, and what the first handshake with each costs. */
import { handshakeEach } from '../load/handshakes.ts';
import { distribution } from '../measure/distribution.ts';
import { cpuMicros, residentBytes } from '../measure/process-tree.ts';
import type { Scenario } from './scenario.ts';

const MEASURED = 10_000;
/** Hosts of their own: the first handshake of a measured one comes later. */
const FOR_WARM_UP = 200;

/** What those with certificates are compared with: hosts that all have the default one, of which a worker has the context. */
export const tlsHosts = manyHosts(
  false,
  'tls-hosts-10000',
  'The first handshakes of 10 000 hosts with one certificate',
);
export const tlsCertificates = manyHosts(
  true,
  'tls-certificates-10000',
  'The first handshakes of 10 000 hosts with a certificate each',
);

function manyHosts(haveCertificates: boolean, name: string, title: string): Scenario {
  const names = Array.from({ length: MEASURED + FOR_WARM_UP }, (_, index) => `h${index}.bench.test`);
  // The name of the default certificate, which has no other.
  const certified = (host: string): string => (haveCertificates ? host : 'localhost');
  const last = names.slice(-FOR_WARM_UP);
  return {
    name,
    title: `${title}, one after the other, 2 workers`,
    unit: 'connection',
    prefixes: [],
    accessLog: false,
    backend: 'http',
    tls: 'ecdsa',
    tlsHosts: { names, haveCertificates },
    // A first handshake is only once.
    rounds: 1,
    check: ({ port }) => handshakeEach(port, last.slice(0, 1), certified),
    warmUp: ({ port }) => handshakeEach(port, last, certified),
    async measure({ proxy, port }) {
      const { pid } = proxy.program;
      const before = cpuMicros(pid);
      const { p50, p99 } = distribution(await handshakeEach(port, names.slice(0, MEASURED), certified));
      return { cpu: (cpuMicros(pid) - before) / MEASURED, p50, p99, rss: residentBytes(pid) };
    },
  };
}
