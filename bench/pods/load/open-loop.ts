/**
 * Requests that arrive by a clock, whether those before are answered or not, as those of many clients do. A latency counts
 * from when the request was to be sent: a proxy that makes the generator wait does not hide it.
 */
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../../src/seeded-random.ts';

const TIMEOUT_MS = 10_000;
const SEED = 20_261_128;

export interface OpenLoad {
  readonly port: number;
  /** Of the request with this number. */
  readonly path: (index: number) => string;
  readonly perSecond: number;
  readonly seconds: number;
}

export interface Failure {
  /** Milliseconds from the start of the load until the request was to be sent. */
  readonly atMs: number;
  /** A status, or the code of an error. */
  readonly how: string;
}

export interface OpenLoadResult {
  readonly requests: number;
  /** Microseconds, of the requests that were answered with 200. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly failures: readonly Failure[];
}

/** Gaps between arrivals are exponential (a Poisson process), the same in every run. */
export async function runOpenLoad({ port, path, perSecond, seconds }: OpenLoad): Promise<OpenLoadResult> {
  const agent = new Agent({ keepAlive: true });
  const random = seededRandom(SEED);
  const latencies: number[] = [];
  const failures: Failure[] = [];
  const underWay = new Set<Promise<void>>();
  const start = performance.now();
  const send = async (index: number, dueMs: number): Promise<void> => {
    const how = await ask(agent, port, path(index));
    if (how === '200') latencies.push((performance.now() - start - dueMs) * 1000);
    else failures.push({ atMs: dueMs, how });
  };
  let requests = 0;
  for (let dueMs = 0; dueMs < seconds * 1000; dueMs += (-Math.log(1 - random()) * 1000) / perSecond) {
    while (performance.now() - start < dueMs) await sleep(1);
    const sending = send(requests, dueMs).finally(() => underWay.delete(sending));
    underWay.add(sending);
    requests += 1;
  }
  await Promise.all(underWay);
  agent.destroy();
  const sorted = latencies.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN;
  return { requests, p50: at(0.5), p99: at(0.99), max: at(1), failures };
}

/** @returns the status, or what went wrong */
function ask(agent: Agent, port: number, path: string): Promise<string> {
  return new Promise(resolve => {
    const asking = request({ agent, host: '127.0.0.1', port, path, timeout: TIMEOUT_MS }, response => {
      response.resume();
      response.once('error', error => resolve(nameOf(error)));
      response.once('end', () => resolve(String(response.statusCode)));
    });
    asking.once('timeout', () => asking.destroy(new Error('no answer in time')));
    asking.once('error', error => resolve(nameOf(error))).end();
  });
}

function nameOf(error: NodeJS.ErrnoException): string {
  return error.code ?? error.message;
}
