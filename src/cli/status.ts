import { SettingsError } from '../errors.ts';
import type { ParsedFlags } from '../settings/flags.ts';
import { plural } from '../text/labels.ts';
import { printable } from '../text/printable.ts';
import { askMetrics, askTable } from './admin-answers.ts';
import { AdminClient } from './admin-client.ts';
import { type Command, EXIT } from './command.ts';
import type { Io } from './io.ts';
import { formatAnswer, OUTPUT_OPTION, type OutputFormat, outputFormat } from './output.ts';
import {
  CERTIFICATE_PROBLEMS,
  CERTIFICATES,
  certificateCounts,
  certificatesFact,
  connectionsFact,
  ENDPOINTS,
  endpointCounts,
  endpointsFact,
  GATEWAYS,
  gatewayCounts,
  gatewaysFact,
  headline,
  isReady,
  lateWorkers,
  lateWorkersFact,
  moodOf,
  routesFact,
  type Status,
  sourceFact,
  WORKER_LAG,
} from './status-report.ts';
import { formatFacts } from './terminal/table.ts';
import { watchStatus } from './watch/watch.ts';

const BUILD_INFO = 'kube_entry_build_info';

export const status: Command = {
  name: 'status',
  parameters: '',
  arity: { least: 0, most: 0 },
  summary: 'show the state of a running instance: connections, readiness, versions',
  description: [
    'Asks over the admin socket. Exits 1 if the instance is not ready: it has no route table yet, or it is draining.',
    'With --watch it asks again every second, or less often if answers are slow, and shows what changed in between. It',
    'waits for an instance that does not answer, and exits 0 at Ctrl-C. On a terminal it redraws in place; in a pipe or on',
    'a dumb terminal it prints a line each time.',
  ].join('\n'),
  examples: [
    { line: 'kube-entry status', note: 'for people' },
    { line: 'kube-entry status --watch', note: 'request rates, latencies, connections and the busiest Services, live' },
    { line: 'kube-entry status --json --admin-socket /run/kube-entry/admin.sock', note: 'for scripts' },
    { line: 'kube-entry status --watch --json', note: 'one JSON object per second, each on its own line' },
  ],
  settings: ['adminSocket', 'logLevel', 'config'],
  options: {
    watch: { placeholder: '', short: 'w', description: 'repeat until Ctrl-C' },
    json: { placeholder: '', description: 'same as --output json' },
    output: OUTPUT_OPTION,
  },
  async run({ settings: { adminSocket }, flags, io }) {
    const format = statusFormat(flags);
    if (flags.options.watch === true) return watchStatus(adminSocket, format, io);
    const client = new AdminClient(adminSocket);
    const [metrics, { summary, connections }] = await Promise.all([
      askMetrics(
        client,
        new Set([BUILD_INFO, WORKER_LAG, ENDPOINTS, CERTIFICATES, CERTIFICATE_PROBLEMS, ...Object.values(GATEWAYS)]),
      ),
      askTable(client),
    ]);
    const build = metrics.get(BUILD_INFO)?.[0]?.labels ?? {};
    const found: Status = {
      build,
      table: summary,
      connections,
      lateWorkers: lateWorkers(metrics),
      endpoints: endpointCounts(metrics),
      certificates: certificateCounts(metrics),
      gateways: gatewayCounts(metrics),
    };
    io.print(formatAnswer(format, found, () => instanceReport(found, adminSocket, io)));
    return isReady(summary) ? EXIT.ok : EXIT.no;
  },
};

/** @throws SettingsError */
function statusFormat(flags: ParsedFlags): OutputFormat {
  if (flags.options.json !== true) return outputFormat(flags);
  if (outputFormat(flags, 'json') === 'json') return 'json';
  throw new SettingsError(['--json and --output exclude each other: choose one']);
}

function instanceReport(found: Status, socket: string, { paint }: Io): string {
  const { table, connections } = found;
  const { accepted, handled, requests } = connections;
  const late = lateWorkersFact(found);
  const parts = [gatewaysFact(found), endpointsFact(found), certificatesFact(found)].filter(fact => fact !== undefined);
  const facts = formatFacts(
    [
      routesFact(table),
      sourceFact(table),
      ...parts,
      connectionsFact(connections),
      ...(late === undefined ? [] : [late]),
      ['Since start', `${accepted} accepted, ${handled} handled, ${plural(requests, 'request')}`],
    ],
    { indent: '  ', paint },
  );
  return `${paint(moodOf(table, Date.now()), printable(headline(found, socket, Date.now())))}\n${facts}`;
}
