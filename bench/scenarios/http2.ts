/** HTTP/2 from clients, in clear and over TLS, and what else h2load makes a load for. */
import { PATHS } from '../backends/http-backend.ts';
import { type H2Load, runH2Load } from '../load/h2load.ts';
import { cpuMicros, residentBytes } from '../measure/process-tree.ts';
import { NotSupportedError } from '../support/bench-error.ts';
import { ensure } from './checks.ts';
import type { Scenario, Target } from './scenario.ts';
import { ONE_PREFIX } from './wrk-scenario.ts';

interface Http2Options extends Pick<H2Load, 'connections' | 'streams' | 'post' | 'isHttp1'> {
  readonly name: string;
  readonly title: string;
  readonly path: string;
  readonly unit?: 'request' | 'MiB';
  readonly backend?: Scenario['backend'];
  readonly tls?: Scenario['tls'];
}

/** @param options without a backend, it speaks HTTP/1.1 */
export function http2Scenario(options: Http2Options): Scenario {
  const { name, title, path, unit = 'request', backend = 'http', tls, ...rest } = options;
  const load = { ...rest, isTls: tls !== undefined };
  const run = ({ port, cpus }: Target, seconds: number) =>
    runH2Load({ ...load, port, path: `${ONE_PREFIX[0]}${path}`, seconds, cpus });
  return {
    name,
    title,
    unit,
    prefixes: ONE_PREFIX,
    accessLog: false,
    backend,
    ...(rest.isHttp1 !== true && { isHttp2: true }),
    ...(tls !== undefined && { tls }),
    async check(target) {
      const { port, cpus } = target;
      const place = { port, path: `${ONE_PREFIX[0]}${path}`, cpus };
      const few = { ...load, ...place, connections: 1, streams: 1, seconds: 1 };
      const { requests, failed } = await runH2Load(few);
      // h2load takes an answer in another protocol for none at all.
      if (requests === 0) throw new NotSupportedError('does not speak this protocol');
      ensure(failed === 0, `${failed} requests failed`);
    },
    // A cold program may answer none of 640 requests at once in so short a time.
    warmUp: run,
    async measure(target, seconds) {
      const { pid } = target.proxy.program;
      const before = cpuMicros(pid);
      const result = await run(target, seconds);
      ensure(result.requests > 0, 'no request was answered');
      const cpu = (cpuMicros(pid) - before) / result.requests;
      return { cpu, rate: result.requests / result.seconds, rss: residentBytes(pid), failed: result.failed };
    },
  };
}

export const http2OverTls = http2Scenario({
  name: 'h2-tls-get',
  title: 'HTTP/2 over TLS, small GET, 64 connections of 10 streams',
  path: PATHS.small,
  connections: 64,
  streams: 10,
  tls: 'ecdsa',
});

export const http2OverTlsAlone = http2Scenario({
  name: 'h2-tls-get-1',
  title: 'HTTP/2 over TLS, small GET, 64 connections of 1 stream',
  path: PATHS.small,
  connections: 64,
  streams: 1,
  tls: 'ecdsa',
});

export const http2Small = http2Scenario({
  name: 'h2-get',
  title: 'HTTP/2 small GET, 64 connections of 10 streams',
  path: PATHS.small,
  connections: 64,
  streams: 10,
});

export const http2Alone = http2Scenario({
  name: 'h2-get-1',
  title: 'HTTP/2 small GET, 64 connections of 1 stream',
  path: PATHS.small,
  connections: 64,
  streams: 1,
});

export const http2Shared = http2Scenario({
  name: 'h2-get-100',
  title: 'HTTP/2 small GET, 1 connection of 100 streams',
  path: PATHS.small,
  connections: 1,
  streams: 100,
});

export const http2Download = http2Scenario({
  name: 'h2-download-1m',
  title: 'HTTP/2 download of 1 MiB, 16 connections',
  path: PATHS.large,
  unit: 'MiB',
  connections: 16,
  streams: 1,
});
