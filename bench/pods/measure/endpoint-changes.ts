/** A thousand changes of endpoints a second, under load. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Distribution, distribution } from '../../measure/distribution.ts';
import { type Memory, memoryOf } from '../../measure/memory.ts';
import { mainThreadNanos } from '../../measure/threads.ts';
import { Entry } from '../../scale/target/entry.ts';
import { WorkerConnections } from '../../scale/target/worker-connections.ts';
import { startFastPods } from '../backends/pods.ts';
import { type Failure, type OpenLoadResult, runOpenLoad } from '../load/open-loop.ts';
import type { Surroundings } from '../surroundings.ts';
import { PodChanges } from '../target/pod-changes.ts';
import { LOOKED_AT, nameOf } from '../target/pod-services.ts';

export const CHANGES_PER_SECOND = 1_000;
const SERVICES = 1_000;
const REQUESTS_PER_SECOND = 500;
const QUIET_SECONDS = 15;
const LOOK_EVERY_MS = 100;

export interface EndpointChanges {
  readonly services: number;
  readonly seconds: number;
  readonly perSecond: number;
  /** Milliseconds from when the API server sends a change until the last worker was seen to serve it. */
  readonly lag: Distribution;
  /** Microseconds. */
  readonly quiet: Pick<OpenLoadResult, 'requests' | 'p50' | 'p99' | 'max'>;
  readonly changing: Pick<OpenLoadResult, 'requests' | 'p50' | 'p99' | 'max'>;
  readonly failures: readonly Failure[];
  /** Of one CPU. */
  readonly mainThreadShare: number;
  readonly memory: Memory;
}

export async function measureEndpointChanges(seconds: number, around: Surroundings): Promise<EndpointChanges> {
  await using parts = new AsyncDisposableStack();
  const { program, pods } = await startFastPods(join(around.folder, 'changing-pods'), around.cpus.load);
  parts.use(program);
  const plan = { services: SERVICES, port: pods.port, perSecond: CHANGES_PER_SECOND };
  const { changes, kubeconfig } = await PodChanges.start(plan);
  parts.use(changes);
  const folder = join(around.folder, 'endpoint-changes');
  const cpus = `${around.cpus.load},${around.cpus.proxy}`;
  const { entry } = await Entry.start({ kubeconfig, folder, cpus });
  parts.use(entry);
  using workers = await WorkerConnections.open(entry);
  const load = (duration: number) =>
    runOpenLoad({
      port: entry.port,
      path: index => `/${nameOf(1 + ((index * 7919) % (SERVICES - 1)))}/small`,
      ...{ perSecond: REQUESTS_PER_SECOND, seconds: duration },
    });
  await load(QUIET_SECONDS / 3);
  const quiet = await load(QUIET_SECONDS);
  around.progress('endpoint-changes: quiet');

  const { pid } = entry.program;
  const mainBefore = mainThreadNanos(pid);
  const start = performance.now();
  const [changing, count, lags] = await Promise.all([
    load(seconds),
    changes.run(seconds),
    lagsOf(changes, workers, seconds),
  ]);
  const elapsed = performance.now() - start;
  const mainThreadShare = (mainThreadNanos(pid) - mainBefore) / 1e6 / elapsed;
  const { failures, ...times } = changing;
  const { failures: _, ...quietTimes } = quiet;
  return {
    ...{ services: SERVICES, seconds, perSecond: (count * 1000) / elapsed, lag: distribution(lags) },
    ...{ quiet: quietTimes, changing: times, failures: [...quiet.failures, ...failures], mainThreadShare },
    memory: memoryOf(pid),
  };
}

async function lagsOf(changes: PodChanges, workers: WorkerConnections, seconds: number): Promise<number[]> {
  const lags: number[] = [];
  for (const end = performance.now() + seconds * 1000; performance.now() < end; ) {
    const { sentAt, address } = await changes.replaceLookedAt();
    lags.push((await workers.answered(`/${nameOf(LOOKED_AT)}/`, ({ body }) => body === address)) - sentAt);
    await sleep(LOOK_EVERY_MS);
  }
  return lags;
}
