import type { StubStatus } from '../admin/stub-status.ts';
import { askBuildInfo, askStubStatus, askTable, type TableAnswer } from './admin-answers.ts';
import { AdminClient } from './admin-client.ts';
import { type Command, EXIT } from './command.ts';
import { formatFacts, plural } from './text.ts';

/** What `--json` prints. */
interface Status {
  readonly build: Readonly<Record<string, string>>;
  readonly table: TableAnswer;
  /** nginx's counters, over all workers. */
  readonly connections: StubStatus;
}

export const status: Command = {
  name: 'status',
  parameters: '',
  arity: { least: 0, most: 0 },
  summary: 'say how a running instance is: connections, readiness, versions',
  description: 'Asks over the admin socket. Exits 1 when the instance has no route table to serve yet.',
  examples: [
    { line: 'kube-entry status', note: 'for people' },
    { line: 'kube-entry status --json --admin-socket /run/kube-entry/admin.sock', note: 'for scripts' },
  ],
  settings: ['adminSocket', 'logLevel', 'config'],
  options: { json: { placeholder: '', description: 'print JSON' } },
  async run({ settings, flags, io }) {
    const client = new AdminClient(settings.adminSocket);
    // Before the other questions, whose connections it would count.
    const connections = await askStubStatus(client);
    const [build, table] = await Promise.all([askBuildInfo(client), askTable(client)]);
    const found: Status = { build, table, connections };
    io.print(flags.options.json === true ? JSON.stringify(found, undefined, 2) : describe(found, settings.adminSocket));
    return table.initialised ? EXIT.ok : EXIT.no;
  },
};

function describe({ build, table, connections }: Status, socket: string): string {
  const { active, accepted, handled, requests, reading, writing, waiting } = connections;
  const version = build.version ?? 'of unknown version';
  const { staleSince } = table.source;
  const age = staleSince === undefined ? '' : `, with routes of a state file, stale since ${staleSince}`;
  const readiness = table.initialised ? `ready${age}` : 'not ready: no complete route table yet';
  const refused = table.refusals === 0 ? '' : `, ${plural(table.refusals, 'refusal')}`;
  const contested = table.conflicts === 0 ? '' : `, ${plural(table.conflicts, 'conflict')}`;
  const sync = table.source.synced ? 'in sync' : 'not in sync';
  const problem = table.source.problem === undefined ? '' : `: ${table.source.problem}`;
  return [
    `kube-entry ${version} on ${socket} is ${readiness}`,
    formatFacts(
      [
        ['Routes', `${plural(table.routes, 'route')} in version ${table.version} of the table${refused}${contested}`],
        ['Source', `${table.source.kind}, ${sync}${problem}`],
        ['Connections', `${active} active: ${reading} reading, ${writing} writing, ${waiting} waiting`],
        ['Since start', `${accepted} accepted, ${handled} handled, ${plural(requests, 'request')}`],
      ],
      '  ',
    ),
  ].join('\n');
}
