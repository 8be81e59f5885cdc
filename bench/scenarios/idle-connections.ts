import { setTimeout as sleep } from 'node:timers/promises';
import { PATHS } from '../backends/http-backend.ts';
import { openIdleConnections } from '../load/idle-connections.ts';
import { residentBytes } from '../measure/process-tree.ts';
import { NotSupportedError } from '../support/bench-error.ts';
import { descriptorLimit } from '../support/descriptor-limit.ts';
import { checkForwarding } from './checks.ts';
import type { Scenario } from './scenario.ts';
import { ONE_PREFIX } from './wrk-scenario.ts';

const CONNECTIONS = 10_000;
/** Counted from here, when heaps have grown to what serving takes at all. */
const FIRST = 1_000;
/** For a garbage collector that returns what it can. */
const SETTLE_MS = 1_000;

/** Kept-alive clients that have sent one request and wait: what each holds resident. */
export const idleConnections: Scenario = {
  name: 'idle-10000',
  title: '10 000 idle connections',
  unit: 'connection',
  prefixes: ONE_PREFIX,
  accessLog: false,
  backend: 'http',
  // A process reuses what it once took: the second time connections would seem to cost nothing.
  rounds: 1,
  async check(target) {
    const limit = descriptorLimit();
    if (limit < CONNECTIONS * 1.1) throw new NotSupportedError(`ulimit -n is ${limit}, too low for ${CONNECTIONS}`);
    await checkForwarding(target);
  },
  // For the same reason: what a load before had left would be reused.
  warmUp: async () => undefined,
  async measure({ proxy, port }) {
    const { pid } = proxy.program;
    const open = (count: number) => openIdleConnections(port, `${ONE_PREFIX[0]}${PATHS.small}`, count);
    await using _first = await open(FIRST);
    await sleep(SETTLE_MS);
    const before = residentBytes(pid);
    await using _others = await open(CONNECTIONS - FIRST);
    await sleep(SETTLE_MS);
    const rss = residentBytes(pid);
    return { rss, connectionBytes: (rss - before) / (CONNECTIONS - FIRST) };
  },
};
