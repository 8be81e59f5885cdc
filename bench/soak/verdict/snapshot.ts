/** What the proxy says of itself, and what it holds, when nothing is asked of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { StubStatus } from '../../../src/admin/stub-status.ts';
import type { Admin, Metrics } from '../target/admin.ts';
import type { ProxyUnderTest } from '../target/proxy.ts';
import { type Descriptors, descriptorsOf } from './sampler.ts';

/** Longer than the proxy keeps an idle upstream connection, or listens to a client that it has answered for the last time. */
const SETTLE_MS = 45_000;
const STEP_MS = 250;

export interface Snapshot {
  readonly status: StubStatus;
  /** Requests to the admin socket until then, those for the snapshot included, when the status was taken. */
  readonly adminRequests: number;
  readonly metrics: Metrics;
  readonly descriptors: Descriptors;
}

/** nginx counts the connection that asks, as writing. */
export function isIdle({ active, reading, writing, waiting }: StubStatus): boolean {
  return active === 1 && reading === 0 && writing === 1 && waiting === 0;
}

export function upstreamConnections({ metrics }: Snapshot, state: 'busy' | 'idle'): number {
  return metrics.get(`kube_entry_upstream_connections{state="${state}"}`) ?? Number.NaN;
}

/** Waits until all is idle and no more descriptors are open than before. @returns the last state, even when that never came */
export async function settledSnapshot({ program }: ProxyUnderTest, admin: Admin, most: Descriptors): Promise<Snapshot> {
  const deadline = performance.now() + SETTLE_MS;
  for (;;) {
    const metrics = await admin.metrics();
    await sleep(STEP_MS);
    const status = await admin.nginxStatus();
    const adminRequests = admin.requests;
    // The connection for the status is to be gone, too.
    await sleep(STEP_MS);
    const snapshot = { status, adminRequests, metrics, descriptors: descriptorsOf(program.pid) };
    const { all, sockets } = snapshot.descriptors;
    const isQuiet =
      isIdle(status) && upstreamConnections(snapshot, 'busy') === 0 && upstreamConnections(snapshot, 'idle') === 0;
    if ((isQuiet && all <= most.all && sockets <= most.sockets) || performance.now() > deadline) return snapshot;
  }
}
