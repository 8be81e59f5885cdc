/** A real API server with many Services and their pods: how long until all are served, and what that takes of memory. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RealKube } from '../../../test/support/real-kube.ts';
import { grantClusterRole, grantEndpoints } from '../../../test/support/real-rights.ts';
import { exchange } from '../../load/exchange.ts';
import { type Memory, memoryOf } from '../../measure/memory.ts';
import { Entry } from '../../scale/target/entry.ts';
import { BenchError } from '../../support/bench-error.ts';
import { startFastPods } from '../backends/pods.ts';
import type { Surroundings } from '../surroundings.ts';
import { nameOf, podsOf, sliceOf, unplaced } from '../target/pod-services.ts';

const SERVICES = '/api/v1/namespaces/default/services';
const SLICES = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
/** More at once wait for one another. */
const AT_ONCE = 4;
/** The kernel spreads connections at random: so many reach both workers. */
const CONNECTIONS = 16;
const SERVED_MS = 60_000;
/** What was needed for the first sync alone may go. */
const SETTLE_MS = 5_000;

export interface FirstSync {
  readonly services: number;
  readonly endpoints: number;
  /** Milliseconds from the start of the process until the last Service was served by its pods, of each start. */
  readonly times: readonly number[];
  /** Some seconds after the last of them. */
  readonly memory: Memory;
  readonly kubernetes: string;
}

export async function measureFirstSync(
  { services, starts }: { readonly services: number; readonly starts: number },
  around: Surroundings,
): Promise<FirstSync> {
  const cpus = `${around.cpus.load},${around.cpus.proxy}`;
  await using parts = new AsyncDisposableStack();
  const kube = parts.adopt(await RealKube.start(), running => running.stop());
  await grantClusterRole(kube);
  await grantEndpoints(kube);
  const { program, pods } = await startFastPods(join(around.folder, 'first-sync-pods'), around.cpus.load);
  parts.use(program);
  around.progress(`making ${services} Services with their pods`);
  await fill(kube, services, pods.port);
  const times: number[] = [];
  let memory: Memory | undefined;
  for (let index = 0; index < starts; index += 1) {
    const folder = join(around.folder, `first-sync-${index}`);
    const startedAt = performance.now();
    const { entry } = await Entry.start({ kubeconfig: kube.kubeconfig('entry'), folder, cpus });
    await using _ = entry;
    await servedByPods(entry.port, nameOf(services - 1));
    times.push(performance.now() - startedAt);
    around.progress(`first sync ${index + 1}`);
    if (index < starts - 1) continue;
    await sleep(SETTLE_MS);
    memory = memoryOf(entry.program.pid);
  }
  if (memory === undefined) throw new RangeError('at least one start');
  const { body } = await kube.api('GET', '/version');
  const kubernetes = String((body as { readonly gitVersion?: unknown }).gitVersion);
  const endpoints = services * podsOf(0).length;
  return { services, endpoints, times, memory, kubernetes };
}

async function fill(kube: RealKube, services: number, port: number): Promise<void> {
  let next = 0;
  const make = async (path: string, object: object): Promise<void> => {
    const { status, body } = await kube.api('POST', path, object);
    if (status !== 201) throw new BenchError(`POST ${path}: ${status} ${JSON.stringify(body)}`);
  };
  const makeNext = async (): Promise<void> => {
    while (next < services) {
      const index = next++;
      await make(SERVICES, unplaced(index, port));
      await make(SLICES, sliceOf(index, port, podsOf(index)));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, makeNext));
}

/** Nothing listens at a ClusterIP: an answer comes from a pod. */
async function servedByPods(port: number, name: string): Promise<void> {
  const end = performance.now() + SERVED_MS;
  for (;;) {
    const answers = await Promise.all(Array.from({ length: CONNECTIONS }, () => exchange({ port, path: `/${name}/` })));
    if (answers.every(({ status }) => status === 200)) return;
    if (performance.now() > end)
      throw new BenchError(`${name} is answered with ${answers.map(({ status }) => status)}`);
    await sleep(5);
  }
}
