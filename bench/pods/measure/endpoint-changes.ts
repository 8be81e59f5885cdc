/**
 * A thousand changes of endpoints a second, under load. The API server is the tests' own, in this process: a real one cannot
 * make so many changes on the CPUs of one machine.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { KubeApi } from '../../../test/support/kube-api.ts';
import { type Distribution, distribution } from '../../measure/distribution.ts';
import { type Memory, memoryOf } from '../../measure/memory.ts';
import { mainThreadNanos } from '../../measure/threads.ts';
import { Entry } from '../../scale/target/entry.ts';
import type { Installation } from '../../scale/target/installation.ts';
import { WorkerConnections } from '../../scale/target/worker-connections.ts';
import { startFastPods } from '../backends/pods.ts';
import { type Failure, type OpenLoadResult, runOpenLoad } from '../load/open-loop.ts';
import type { Surroundings } from '../surroundings.ts';
import { nameOf, placed, podAddress, podsOf, sliceOf } from '../target/pod-services.ts';

export const CHANGES_PER_SECOND = 1_000;
const SERVICES = 1_000;
const REQUESTS_PER_SECOND = 500;
const QUIET_SECONDS = 15;
/** The Service that is looked at. It has one pod, which is replaced. */
const LOOKED_AT = 0;
const LOOK_EVERY_MS = 100;
/** Numbers of pods that are not among those of a Service. */
const OTHER_PODS = SERVICES * 100;

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

export async function measureEndpointChanges(
  seconds: number,
  installation: Installation,
  around: Surroundings,
): Promise<EndpointChanges> {
  await using parts = new AsyncDisposableStack();
  const { program, pods } = await startFastPods(join(around.folder, 'changing-pods'), around.cpus.load);
  parts.use(program);
  const api = parts.use(await KubeApi.start());
  for (let index = 0; index < SERVICES; index += 1) {
    api.apply(placed(index, pods.port));
    api.apply(sliceOf(index, pods.port, index === LOOKED_AT ? [OTHER_PODS] : podsOf(index)));
  }
  const folder = join(around.folder, 'endpoint-changes');
  const cpus = `${around.cpus.load},${around.cpus.proxy}`;
  const { entry } = await Entry.start({ installation, kubeconfig: api.writeKubeconfig(), folder, cpus });
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
  const changes = new Changes(api, pods.port);
  const lags: number[] = [];
  const looking = look(changes, workers, lags);
  const changing = await Promise.all([load(seconds), changes.run(seconds)]).then(([result]) => result);
  const elapsed = performance.now() - start;
  const mainThreadShare = (mainThreadNanos(pid) - mainBefore) / 1e6 / elapsed;
  await looking;
  const { failures, ...times } = changing;
  const { failures: _, ...quietTimes } = quiet;
  return {
    ...{ services: SERVICES, seconds, perSecond: (changes.count * 1000) / elapsed, lag: distribution(lags) },
    ...{ quiet: quietTimes, changing: times, failures: [...quiet.failures, ...failures], mainThreadShare },
    memory: memoryOf(pid),
  };
}

/** Replaces one pod of one Service after the other. */
class Changes {
  count = 0;
  isOver = false;
  readonly #api: KubeApi;
  readonly #port: number;

  constructor(api: KubeApi, port: number) {
    this.#api = api;
    this.#port = port;
  }

  async run(seconds: number): Promise<void> {
    const start = performance.now();
    while (performance.now() - start < seconds * 1000) {
      const due = ((performance.now() - start) * CHANGES_PER_SECOND) / 1000;
      while (this.count < due) this.#replaceOne();
      // Its history would fill this process, whose pauses would count as latencies.
      this.#api.compact();
      await sleep(1);
    }
    this.isOver = true;
  }

  /** @returns the address of the pod that the looked-at Service has from now on */
  replaceLookedAt(): string {
    this.count += 1;
    const pod = OTHER_PODS + this.count;
    this.#api.apply(sliceOf(LOOKED_AT, this.#port, [pod]));
    return podAddress(pod);
  }

  #replaceOne(): void {
    this.count += 1;
    const index = 1 + ((this.count * 7919) % (SERVICES - 1));
    this.#api.apply(sliceOf(index, this.#port, [OTHER_PODS + this.count, ...podsOf(index).slice(1)]));
  }
}

async function look(changes: Changes, workers: WorkerConnections, lags: number[]): Promise<void> {
  while (!changes.isOver) {
    const sentAt = performance.now();
    const address = changes.replaceLookedAt();
    lags.push((await workers.answered(`/${nameOf(LOOKED_AT)}/`, ({ body }) => body === address)) - sentAt);
    await sleep(LOOK_EVERY_MS);
  }
}
