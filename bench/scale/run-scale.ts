/** The whole run: a cluster that grows, a program that follows it, and nginx in its place. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RealBackend } from '../../test/support/real-backend.ts';
import { RealKube } from '../../test/support/real-kube.ts';
import { grantClusterRole } from '../../test/support/real-rights.ts';
import { describeHost } from '../measure/machine.ts';
import { memoryOf } from '../measure/memory.ts';
import { NotSupportedError } from '../support/bench-error.ts';
import { splitCpus } from '../support/cpus.ts';
import { measureNginx, type NginxReload } from './measure/nginx-reload.ts';
import { measureRelist } from './measure/relist.ts';
import { type ChangeTimes, LOOKED_AT, timeChanges } from './measure/single-changes.ts';
import { changeSteadily } from './measure/steady-changes.ts';
import type { Scale } from './options.ts';
import type { ScaleReport } from './report/scale-report.ts';
import { Cluster } from './target/cluster.ts';
import { Entry, type EntryOptions, type Start, WORKERS } from './target/entry.ts';
import { Observer } from './target/observer.ts';
import { WorkerConnections } from './target/worker-connections.ts';

/** After the first sync: what was needed for it alone may go. */
const SETTLE_MS = 5_000;
/** Services that have a backend: the one that is looked at and the one that does not change. */
const WITH_BACKEND = [LOOKED_AT, 1];

export interface Surroundings {
  /** For everything that programs read and write. */
  readonly folder: string;
  readonly progress: (line: string) => void;
}

export async function runScale(scale: Scale, { folder, progress: say }: Surroundings): Promise<ScaleReport> {
  const progress = (line: string): void => say(`${(performance.now() / 1000).toFixed(0)} s: ${line}`);
  const machine = describeHost();
  // Nothing has a CPU to itself: API server, etcd and the program share the machine, as they may on a node.
  const { load, proxy } = splitCpus();
  const cpus = `${load},${proxy}`;
  progress('starting an API server');
  await using parts = new AsyncDisposableStack();
  const kube = parts.adopt(await RealKube.start(), running => running.stop());
  const backend = parts.adopt(await RealBackend.start(), running => running.stop());
  await grantClusterRole(kube);
  const cluster = new Cluster(kube, backend.port);
  const options = (name: string): EntryOptions => ({
    ...{ cpus, kubeconfig: kube.kubeconfig('entry'), folder: join(folder, name) },
  });

  await cluster.grow(scale.fewServices);
  const addresses = await Promise.all(WITH_BACKEND.map(index => cluster.addressOf(index)));
  for (const address of addresses) await backend.serve(address);
  progress(`${scale.changes} changes with ${cluster.size} Services`);
  const few = await timeFew(kube, cluster, scale, options('few'));

  progress(`making ${scale.services} Services`);
  await cluster.grow(scale.services);
  const starts: Start[] = [];
  for (let index = 0; index < scale.starts; index += 1) {
    await starts.at(-1)?.entry.program.stop();
    progress(`start ${index + 1} with ${cluster.size} Services`);
    const start = await Entry.start(options(`many-${index}`));
    parts.use(start.entry);
    starts.push(start);
  }
  const entry = starts.at(-1)?.entry;
  if (entry === undefined) throw new RangeError('at least one start');
  await sleep(SETTLE_MS);
  const settled = memoryOf(entry.program.pid);
  progress(`${scale.changes} changes with ${cluster.size} Services`);
  using workers = await WorkerConnections.open(entry);
  using observer = await Observer.start(kube.kubeconfig('admin'), cluster.nameOf(LOOKED_AT));
  const looking = { cluster, observer, workers };
  const many = await timeChanges(looking, scale.changes, 'many');
  progress(`100 changes a second for ${scale.steadySeconds} s`);
  const steady = await changeSteadily(looking, entry, scale.steadySeconds, `${addresses[1]} /`);
  const afterChanges = memoryOf(entry.program.pid);
  await entry.program.stop();
  progress('an API server that forgot its history');
  const relist = await measureRelist(kube, cluster, options('relist'));
  const kubernetes = await cluster.version();
  await kube.stop();
  progress(`nginx with ${scale.services} locations`);
  const nginx = await tryNginx(folder, cpus, scale);
  return {
    date: new Date().toISOString(),
    machine,
    versions: { kubeEntry: ownVersion(), node: process.versions.node, kubernetes },
    scale: scaleOf(scale),
    workers: WORKERS,
    firstSyncs: starts.map(({ fromStartMs, fromListeningMs }) => ({ fromStartMs, fromListeningMs })),
    memory: { settled, afterChanges },
    ...{ changes: { few, many }, steady, relist, nginx },
  };
}

async function timeFew(kube: RealKube, cluster: Cluster, scale: Scale, options: EntryOptions): Promise<ChangeTimes> {
  const { entry } = await Entry.start(options);
  await using _ = entry;
  using workers = await WorkerConnections.open(entry);
  using observer = await Observer.start(kube.kubeconfig('admin'), cluster.nameOf(LOOKED_AT));
  return await timeChanges({ cluster, observer, workers }, scale.changes, 'few');
}

async function tryNginx(folder: string, cpus: string, scale: Scale): Promise<NginxReload | string> {
  const [own, backendFolder] = [join(folder, 'nginx'), join(folder, 'nginx-backend')];
  for (const path of [own, backendFolder]) mkdirSync(path);
  try {
    const { services: locations, reloads } = scale;
    return await measureNginx({ folder: own, backendFolder, cpus, locations, reloads });
  } catch (error) {
    if (error instanceof NotSupportedError) return error.message;
    throw error;
  }
}

/** Without the other options of the command line. */
function scaleOf({ services, fewServices, starts, changes, steadySeconds, reloads }: Scale): Scale {
  return { services, fewServices, starts, changes, steadySeconds, reloads };
}

function ownVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
  return (manifest as { readonly version: string }).version;
}
