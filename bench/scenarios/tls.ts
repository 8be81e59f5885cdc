/** HTTP/1.1 over TLS, and handshakes. */
import { MIB, PATHS } from '../backends/http-backend.ts';
import { runH2Load } from '../load/h2load.ts';
import { runWrk } from '../load/wrk.ts';
import { cpuMicros, residentBytes } from '../measure/process-tree.ts';
import { ensure, ensureResumed } from './checks.ts';
import { http2Scenario } from './http2.ts';
import type { Scenario, Target } from './scenario.ts';
import { measureWrk, ONE_PREFIX } from './wrk-scenario.ts';

const HTTP1_OVER_TLS = { isHttp1: true, streams: 1, tls: 'ecdsa' } as const;

export const tlsSmall = http2Scenario({
  ...HTTP1_OVER_TLS,
  name: 'tls-get',
  title: 'Small GET over TLS, 64 connections',
  path: PATHS.small,
  connections: 64,
});

export const tlsDownload = http2Scenario({
  ...HTTP1_OVER_TLS,
  name: 'tls-download-1m',
  title: 'Download of 1 MiB over TLS, 16 connections',
  path: PATHS.large,
  unit: 'MiB',
  connections: 16,
});

export const tlsUpload = http2Scenario({
  ...HTTP1_OVER_TLS,
  name: 'tls-upload-1m',
  title: 'Upload of 1 MiB over TLS, 16 connections',
  path: PATHS.sink,
  unit: 'MiB',
  connections: 16,
  post: { body: 'x'.repeat(MIB) },
});

export const ecdsaHandshake = handshakes('ecdsa', 'ECDSA P-256');
export const rsaHandshake = handshakes('rsa', 'RSA 2048');
export const tls12Handshake = handshakes('ecdsa', 'ECDSA P-256', true);

export const ecdsaFullHandshake = fullHandshakes('ecdsa', 'ECDSA P-256');
export const rsaFullHandshake = fullHandshakes('rsa', 'RSA 2048');

/** What the handshakes of one kind of key are measured with. */
function handshakeSetup(tls: 'ecdsa' | 'rsa') {
  return { unit: 'request', prefixes: ONE_PREFIX, accessLog: false, backend: 'http', tls } as const;
}

/** wrk brings its ticket along: but for the first ones, sessions go on. With TLS 1.3 each gets a new ticket. */
function handshakes(tls: 'ecdsa' | 'rsa', key: string, isTls12 = false): Scenario {
  const load = { path: ONE_PREFIX[0] + PATHS.small, connections: 64, isTls: true, isTls12, closing: true } as const;
  const run = ({ port, cpus }: Target, seconds: number) => runWrk({ ...load, port, cpus, seconds });
  return {
    name: `tls-handshake-${isTls12 ? '1.2-' : ''}${tls}`,
    title: `A TLS ${isTls12 ? '1.2 ' : ''}connection for each GET, ${key}, 64 at a time`,
    ...handshakeSetup(tls),
    async check(target) {
      const { failed } = await run(target, 1);
      ensure(failed === 0, `${failed} requests failed`);
      await ensureResumed(target.port, isTls12 ? 'TLSv1.2' : 'TLSv1.3');
    },
    warmUp: run,
    measure: (target, seconds) => measureWrk(target, () => run(target, seconds)),
  };
}

/** h2load brings no ticket along. It makes each of its connections once, so that it runs again and again. */
function fullHandshakes(tls: 'ecdsa' | 'rsa', title: string): Scenario {
  const connections = 200;
  const path = ONE_PREFIX[0] + PATHS.small;
  const run = async ({ port, cpus }: Target, seconds: number) => {
    const total = { requests: 0, seconds: 0, failed: 0 };
    while (total.seconds < seconds) {
      const load = { port, path, cpus, connections, requests: connections, streams: 1, seconds: 10 };
      const result = await runH2Load({ ...load, isTls: true, isHttp1: true });
      total.requests += result.requests;
      total.seconds += result.seconds;
      total.failed += result.failed;
    }
    return total;
  };
  return {
    name: `tls-full-handshake-${tls}`,
    title: `A full handshake of TLS for each GET, ${title}, ${connections} at a time`,
    ...handshakeSetup(tls),
    async check(target) {
      const { failed } = await run(target, 0.001);
      ensure(failed === 0, `${failed} requests failed`);
    },
    warmUp: run,
    async measure(target, seconds) {
      const { pid } = target.proxy.program;
      const before = cpuMicros(pid);
      const { requests, seconds: took, failed } = await run(target, seconds);
      return { cpu: (cpuMicros(pid) - before) / requests, rate: requests / took, rss: residentBytes(pid), failed };
    },
  };
}
