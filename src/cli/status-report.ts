/** What a running instance says of itself, and the lines that tell it to people. */
import type { StubStatus } from '../admin/stub-status.ts';
import type { TableSummary } from './admin-answers.ts';
import type { Fact } from './terminal/table.ts';
import { plural } from './text.ts';

/** What `status --json` prints. */
export interface Status {
  readonly build: Readonly<Record<string, string>>;
  readonly table: TableSummary;
  /** nginx's counters, over all workers. */
  readonly connections: StubStatus;
}

export function headline({ build, table }: Status, socket: string): string {
  const { staleSince } = table.source;
  const age = staleSince === undefined ? '' : `, with routes of a state file, stale since ${staleSince}`;
  const readiness = table.initialised ? `ready${age}` : 'not ready: no complete route table yet';
  return `kube-entry ${build.version ?? 'of unknown version'} on ${socket} is ${readiness}`;
}

export function routesFact({ routes, version, refusals, conflicts }: TableSummary, remark = ''): Fact {
  const refused = refusals === 0 ? '' : `, ${plural(refusals, 'refusal')}`;
  const contested = conflicts === 0 ? '' : `, ${plural(conflicts, 'conflict')}`;
  const text = `${plural(routes, 'route')} in version ${version} of the table${remark}${refused}${contested}`;
  return refusals + conflicts === 0 ? ['Routes', text] : ['Routes', text, 'yellow'];
}

export function sourceFact({ source: { kind, synced, problem } }: TableSummary): Fact {
  const text = `${kind}, ${synced ? 'in sync' : 'not in sync'}${problem === undefined ? '' : `: ${problem}`}`;
  return synced ? ['Source', text] : ['Source', text, 'red'];
}

export function connectionsFact({ active, reading, writing, waiting }: StubStatus): Fact {
  return ['Connections', `${active} active: ${reading} reading, ${writing} writing, ${waiting} waiting`];
}
