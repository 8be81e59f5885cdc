/** What the proxy holds, looked at from outside. */
import { readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { residentBytes } from '../../measure/process-tree.ts';
import type { ProxyUnderTest } from '../target/proxy.ts';

const INTERVAL_MS = 2_000;

export interface Descriptors {
  readonly all: number;
  readonly sockets: number;
}

export interface ResourceSample extends Descriptors {
  /** Milliseconds since the load began. */
  readonly at: number;
  readonly residentBytes: number;
  /** Requests of the steady clients that were answered so far. */
  readonly done: number;
}

/** Open files of a process. */
export function descriptorsOf(pid: number): Descriptors {
  const folder = `/proc/${pid}/fd`;
  const targets = readdirSync(folder).map(entry => {
    try {
      return readlinkSync(`${folder}/${entry}`);
    } catch {
      return undefined;
    }
  });
  // One that was closed meanwhile is not open.
  const open = targets.filter(target => target !== undefined);
  return { all: open.length, sockets: open.filter(target => target.startsWith('socket:')).length };
}

/** Takes a sample every two seconds until the signal. @throws BenchError when the proxy has ended */
export async function takeSamples(
  proxy: ProxyUnderTest,
  done: () => number,
  signal: AbortSignal,
): Promise<ResourceSample[]> {
  const { program } = proxy;
  const samples: ResourceSample[] = [];
  const began = performance.now();
  while (!signal.aborted) {
    program.assertRunning();
    proxy.trimAccessLog();
    samples.push({
      at: Math.round(performance.now() - began),
      residentBytes: residentBytes(program.pid),
      done: done(),
      ...descriptorsOf(program.pid),
    });
    await sleep(INTERVAL_MS, undefined, { signal }).catch(() => undefined);
  }
  return samples;
}
