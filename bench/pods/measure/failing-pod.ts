/** One of ten pods begins to fail under load: it refuses connections, or answers 503 faster than the others answer at all. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf } from '../../support/bench-error.ts';
import { WorkingPods } from '../backends/pods.ts';
import { type Balancer, PREFIX, startBalancer } from '../contenders/balancer.ts';
import { haproxy } from '../contenders/haproxy.ts';
import { leastRequest } from '../contenders/kube-entry.ts';
import { nginx } from '../contenders/nginx.ts';
import { type Failure, runOpenLoad } from '../load/open-loop.ts';
import type { Surroundings } from '../surroundings.ts';

export const TROUBLES = ['refusing', 'unavailable'] as const;

const PER_SECOND = 500;
const WORK = { places: 4, workMs: 5 };
const QUIET_SECONDS = 2;
/** From when the pod begins to fail until it must have been ejected. */
const EJECTION_MS = 1_000;

export interface FailingPod {
  readonly name: string;
  readonly title: string;
  readonly trouble: (typeof TROUBLES)[number];
  readonly requests: number;
  /** Requests that failed within a second of the first that could, and what the client got. */
  readonly before: Readonly<Record<string, number>>;
  /** The same later. */
  readonly after: Readonly<Record<string, number>>;
  /** Why nothing was measured. */
  readonly reason?: string;
}

export async function measureFailingPod(seconds: number, around: Surroundings): Promise<FailingPod[]> {
  const measured: FailingPod[] = [];
  for (const trouble of TROUBLES) {
    for (const balancer of [leastRequest, nginx, haproxy]) {
      measured.push(await measureOne(balancer, trouble, seconds, around));
      around.progress(`failing-pod: ${balancer.name}, ${trouble}`);
    }
  }
  return measured;
}

async function measureOne(
  balancer: Balancer,
  trouble: FailingPod['trouble'],
  seconds: number,
  around: Surroundings,
): Promise<FailingPod> {
  const { name, title } = balancer;
  const folder = join(around.folder, `failing-pod-${trouble}`, name);
  mkdirSync(folder, { recursive: true });
  try {
    balancer.version();
    await using working = await WorkingPods.start(join(folder, 'pods'), around.cpus.load, WORK);
    const setup = { folder, pods: working.pods, cpus: around.cpus.proxy };
    const { program, port } = await startBalancer(balancer, setup, '/small');
    await using _ = program;
    const load = runOpenLoad({
      ...{ port, path: () => `${PREFIX}/small`, perSecond: PER_SECOND, seconds: QUIET_SECONDS + seconds },
    });
    await sleep(QUIET_SECONDS * 1000);
    await working.become(0, trouble);
    const { requests, failures } = await load;
    const end = QUIET_SECONDS * 1000 + EJECTION_MS;
    return {
      ...{ name, title, trouble, requests },
      before: counted(failures.filter(({ atMs }) => atMs < end)),
      after: counted(failures.filter(({ atMs }) => atMs >= end)),
    };
  } catch (error) {
    return { ...{ name, title, trouble, requests: 0, before: {}, after: {} }, reason: reasonOf(error) };
  }
}

function counted(failures: readonly Failure[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { how } of failures) counts[how] = (counts[how] ?? 0) + 1;
  return counts;
}
