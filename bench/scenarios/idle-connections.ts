import { setTimeout as sleep } from 'node:timers/promises';
import { PATHS } from '../backends/http-backend.ts';
import { type IdleProtocol, openIdleConnections } from '../load/idle-connections.ts';
import { residentBytes } from '../measure/process-tree.ts';
import { NotSupportedError } from '../support/bench-error.ts';
import { descriptorLimit } from '../support/descriptor-limit.ts';
import { checkForwarding } from './checks.ts';
import type { Scenario } from './scenario.ts';
import { ONE_PREFIX } from './wrk-scenario.ts';

/** Counted from here, when heaps have grown to what serving takes at all. */
const FIRST = 1_000;
/** For a garbage collector that returns what it can. */
const SETTLE_MS = 1_000;

export const idleConnections = idle('http', 10_000, { name: 'idle-10000', title: '10 000 idle connections' });
export const idleTls = idle('https', 5_000, { name: 'idle-tls-5000', title: '5 000 idle TLS connections' });
export const idleHttp2 = idle('h2', 5_000, { name: 'idle-h2-5000', title: '5 000 idle HTTP/2 connections over TLS' });

/** Kept-alive clients that have sent one request and wait: what each holds resident. @param connections with the first ones */
function idle(protocol: IdleProtocol, connections: number, names: Pick<Scenario, 'name' | 'title'>): Scenario {
  return {
    ...names,
    unit: 'connection',
    prefixes: ONE_PREFIX,
    accessLog: false,
    backend: 'http',
    ...(protocol !== 'http' && { tls: 'ecdsa' }),
    ...(protocol === 'h2' && { isHttp2: true }),
    // A process reuses what it once took: the second time connections would seem to cost nothing.
    rounds: 1,
    async check(target) {
      const limit = descriptorLimit();
      if (limit < connections * 1.1) throw new NotSupportedError(`ulimit -n is ${limit}, too low for ${connections}`);
      if (protocol === 'http') await checkForwarding(target);
    },
    // For the same reason: what a load before had left would be reused.
    warmUp: async () => undefined,
    async measure({ proxy, port }) {
      const { pid } = proxy.program;
      const path = `${ONE_PREFIX[0]}${PATHS.small}`;
      await using _first = await openIdleConnections(protocol, { port, path, count: FIRST });
      await sleep(SETTLE_MS);
      const before = residentBytes(pid);
      const others = connections - FIRST;
      await using _others = await openIdleConnections(protocol, { port, path, count: others });
      await sleep(SETTLE_MS);
      const rss = residentBytes(pid);
      return { rss, connectionBytes: (rss - before) / others };
    },
  };
}
