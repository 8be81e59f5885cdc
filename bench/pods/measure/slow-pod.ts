/** One of ten pods takes ten times as long as the others, at half of what all of them could do. */
import { join } from 'node:path';
import { PODS, WorkingPods } from '../backends/pods.ts';
import { PREFIX, type RunningBalancer } from '../contenders/balancer.ts';
import { haproxy } from '../contenders/haproxy.ts';
import { ewma, leastRequest } from '../contenders/kube-entry.ts';
import { nginx } from '../contenders/nginx.ts';
import { runOpenLoad } from '../load/open-loop.ts';
import type { Surroundings } from '../surroundings.ts';
import { inTurns, type Measured } from './turns.ts';

const PLACES = 2;
const WORK_MS = 10;
/** A slow pod does a tenth. */
const CAPACITY = ((PODS - 1 + 0.1) * PLACES * 1000) / WORK_MS;
const LOAD = 0.5;
/** What is hot has been compiled then. */
const WARM_UP_SECONDS = 10;

export interface SlowPodSample {
  /** Microseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly failed: number;
}

export async function measureSlowPod(
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
  around: Surroundings,
): Promise<Measured<SlowPodSample>[]> {
  const work = { places: PLACES, workMs: WORK_MS };
  await using pods = await WorkingPods.start(join(around.folder, 'slow-pods'), around.cpus.load, work);
  await pods.become(0, 'slow');
  const load = ({ port }: RunningBalancer, duration: number) =>
    runOpenLoad({ port, path: () => `${PREFIX}/small`, perSecond: CAPACITY * LOAD, seconds: duration });
  return await inTurns(
    {
      ...{ scenario: 'slow-pod', balancers: [leastRequest, ewma, nginx, haproxy], pods: pods.pods, rounds },
      warmUp: running => load(running, WARM_UP_SECONDS),
      async measure(running) {
        const { p50, p99, failures } = await load(running, seconds);
        return { p50, p99, failed: failures.length };
      },
    },
    around,
  );
}
