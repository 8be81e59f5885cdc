/** The everyday request: what it costs to choose among ten pods. */
import { join } from 'node:path';
import { runWrk } from '../../load/wrk.ts';
import { cpuMicros } from '../../measure/process-tree.ts';
import { startFastPods } from '../backends/pods.ts';
import { PREFIX, type RunningBalancer } from '../contenders/balancer.ts';
import { haproxy } from '../contenders/haproxy.ts';
import { clusterIP, leastRequest, leastRequestOfOne } from '../contenders/kube-entry.ts';
import { nginx, nginxToOne } from '../contenders/nginx.ts';
import type { Surroundings } from '../surroundings.ts';
import { inTurns, type Measured } from './turns.ts';

const BALANCERS = [clusterIP, leastRequestOfOne, leastRequest, nginxToOne, nginx, haproxy];
const CONNECTIONS = 64;
/** What is hot has been compiled then. */
const WARM_UP_SECONDS = 10;

export interface SmallGetSample {
  /** Microseconds of the proxy's CPU for each request. */
  readonly cpu: number;
  readonly perSecond: number;
  /** Microseconds. */
  readonly p99: number;
  readonly failed: number;
}

export async function measureSmallGet(
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
  around: Surroundings,
): Promise<Measured<SmallGetSample>[]> {
  const { program, pods } = await startFastPods(join(around.folder, 'fast-pods'), around.cpus.load);
  await using _ = program;
  const load = ({ port }: RunningBalancer, duration: number) =>
    runWrk({
      ...{ port, path: `${PREFIX}/small`, connections: CONNECTIONS, seconds: duration, cpus: around.cpus.load },
    });
  return await inTurns(
    {
      ...{ scenario: 'small-get', balancers: BALANCERS, pods, rounds },
      warmUp: running => load(running, WARM_UP_SECONDS),
      async measure(running) {
        const before = cpuMicros(running.program.pid);
        const { requests, micros, p99, failed } = await load(running, seconds);
        const cpu = (cpuMicros(running.program.pid) - before) / requests;
        return { cpu, perSecond: requests / (micros / 1e6), p99, failed };
      },
    },
    around,
  );
}
