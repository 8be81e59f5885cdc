/** The API server forgets its history while the entry is stopped, so that it has to list everything again: one Service differs. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RealKube } from '../../../test/support/real-kube.ts';
import { BenchError } from '../../support/bench-error.ts';
import type { Cluster } from '../target/cluster.ts';
import { Entry, type EntryOptions } from '../target/entry.ts';
import { LOOKED_AT } from './single-changes.ts';

const LISTED = 'listed services in all namespaces';
const PATH = '/relisted';
const DEADLINE_MS = 60_000;
const POLL_MS = 20;
/** So long after the list, no further version of the table is to come from it. */
const QUIET_MS = 1_000;

export interface Relist {
  readonly services: number;
  /** Lists since then. */
  readonly lists: number;
  /** Versions of the table made of them. */
  readonly versions: number;
  /** Milliseconds from when the entry went on until the difference was in the table. */
  readonly convergedMs: number;
}

export async function measureRelist(
  kube: RealKube,
  cluster: Cluster,
  options: Omit<EntryOptions, 'logLevel'>,
): Promise<Relist> {
  const { entry } = await Entry.start({ ...options, logLevel: 'debug' });
  await using _ = entry;
  const { version } = await entry.table();
  const lists = entry.logged(LISTED);
  entry.program.signal('SIGSTOP');
  // What it remembers of changes goes with it: the watch cannot go on where it was.
  await kube.killApiServer();
  await kube.startApiServer();
  await cluster.move(LOOKED_AT, PATH);
  entry.program.signal('SIGCONT');
  const start = performance.now();
  while (!(await entry.table()).routes.some(({ path }) => path === PATH)) {
    if (performance.now() > start + DEADLINE_MS) throw new BenchError('what changed meanwhile is never served');
    await sleep(POLL_MS);
  }
  const convergedMs = performance.now() - start;
  await sleep(QUIET_MS);
  return {
    services: cluster.size,
    lists: entry.logged(LISTED) - lists,
    versions: (await entry.table()).version - version,
    convergedMs,
  };
}
