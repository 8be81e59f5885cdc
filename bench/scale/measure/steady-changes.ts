/** A hundred changes a second, whether they have been served or not: how far the table lags, and what it costs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Hammer, type HammerReport } from '../../../test/support/real-hammer.ts';
import { cpuMicros } from '../../measure/process-tree.ts';
import { mainThreadNanos } from '../../measure/threads.ts';
import type { Cluster, Exposed } from '../target/cluster.ts';
import type { Entry } from '../target/entry.ts';
import { ChangeTimer, type ChangeTimes, type Looking } from './single-changes.ts';

const CHANGES_PER_SECOND = 100;
/** An API server that is slower than this gets no more until it has answered: the report says how many it took. */
const MOST_UNDER_WAY = 20;
/** Of so many changes one is of the Service that is looked at. */
const LOOKED_AT_EVERY = 25;
/** Asked for all the time, and never changed. */
const UNCHANGED = 1;
const CONVERGE_MS = 30_000;
const POLL_MS = 20;

export interface SteadyChanges {
  readonly seconds: number;
  /** Changes that the API server took. */
  readonly changes: number;
  readonly perSecond: number;
  /** Versions of the table that were made of them. */
  readonly versions: number;
  readonly lag: ChangeTimes;
  /** Milliseconds from the last answer of the API server until the table was that of the cluster, by a look at all of it. */
  readonly convergedMs: number;
  /** Routes that are not as the cluster has them in the end. */
  readonly wrongRoutes: number;
  /** Of one CPU. */
  readonly mainThreadShare: number;
  readonly processShare: number;
  /** Clients of a Service that does not change. */
  readonly clients: HammerReport;
}

/** @param backendAnswer what the unchanged Service's backend answers */
export async function changeSteadily(
  looking: Looking,
  entry: Entry,
  seconds: number,
  backendAnswer: string,
): Promise<SteadyChanges> {
  const { cluster } = looking;
  const timer = new ChangeTimer(looking);
  await using hammer = new Hammer(`http://127.0.0.1:${entry.port}/${cluster.nameOf(UNCHANGED)}`, backendAnswer);
  const { version } = await entry.table();
  const { pid } = entry.program;
  const [mainNanos, micros] = [mainThreadNanos(pid), cpuMicros(pid)];
  const start = performance.now();
  const under = new Set<Promise<void>>();
  let looked: Promise<void> = Promise.resolve();
  let changes = 0;
  for (; changes < seconds * CHANGES_PER_SECOND; changes += 1) {
    const due = start + (changes * 1000) / CHANGES_PER_SECOND;
    const early = due - performance.now();
    if (early > 0) await sleep(early);
    const path = `/steady-${changes}`;
    if (changes % LOOKED_AT_EVERY === 0) looked = later(looked.then(() => timer.change(path)));
    else {
      const move = later(cluster.move(anyOther(cluster, changes), path).then(() => void under.delete(move)));
      under.add(move);
    }
    if (under.size >= MOST_UNDER_WAY) await Promise.race(under);
  }
  await Promise.all([...under, looked]);
  const end = performance.now();
  const elapsed = end - start;
  const mainThreadShare = (mainThreadNanos(pid) - mainNanos) / 1e6 / elapsed;
  const processShare = (cpuMicros(pid) - micros) / 1e3 / elapsed;
  const clients = await hammer.stop();
  const { convergedMs, wrongRoutes, after } = await converge(entry, await cluster.exposed(), end);
  const perSecond = (changes * 1000) / elapsed;
  return {
    ...{ seconds, changes, perSecond, versions: after - version, lag: timer.times(), convergedMs, wrongRoutes },
    ...{ mainThreadShare, processShare, clients },
  };
}

/** What goes wrong is thrown when it is waited for, which is in the end. */
function later(change: Promise<void>): Promise<void> {
  change.catch(() => undefined);
  return change;
}

/** Of all but the first two, each gets its turn at a far place. */
function anyOther({ size }: Cluster, change: number): number {
  return UNCHANGED + 1 + ((change * 7919) % (size - UNCHANGED - 1));
}

async function converge(entry: Entry, expected: readonly Exposed[], since: number) {
  const wanted = new Set(expected.map(keyOf));
  for (;;) {
    const { version, routes } = await entry.table();
    const convergedMs = performance.now() - since;
    const served = new Set(routes.map(keyOf));
    const wrongRoutes = served.symmetricDifference(wanted).size;
    if (wrongRoutes === 0 || convergedMs > CONVERGE_MS) return { convergedMs, wrongRoutes, after: version };
    await sleep(POLL_MS);
  }
}

function keyOf({ path, name }: Exposed): string {
  return `${path} ${name}`;
}
