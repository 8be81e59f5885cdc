import type { ClusterView } from '../admin/cluster-view.ts';
import { isObject } from '../resources/service-object.ts';
import { closest } from '../text/closest.ts';
import { formatHostPort } from '../text/host-port.ts';
import { printable } from '../text/printable.ts';
import { askBackends, type BackendAnswer } from './admin-answers.ts';
import { AdminClient } from './admin-client.ts';
import { backendReport } from './backend-report.ts';
import { askClusters } from './cluster-answers.ts';
import { type Command, EXIT } from './command.ts';
import { formatAnswer, OUTPUT_OPTION, outputFormat } from './output.ts';
import { formatTable, type TableLayout } from './terminal/table.ts';

export const backends: Command = {
  name: 'backends',
  parameters: '[NAME]',
  arity: { least: 0, most: 1 },
  summary: 'list the backends of a running instance, or the endpoints of one',
  description: [
    'A backend is named namespace-service-port; the name of its Service is as good, with its namespace before a slash if',
    'several have it. With a name, each endpoint is shown with its state, and why it gets no requests if it gets none.',
    'Pods are endpoints where the annotation kube-entry.io/balance of a Service, or --balance for all, is least-request,',
    'round-robin, ewma or "hash KEY". Without it the endpoint is the ClusterIP, and kube-proxy chooses the pod.',
    'JSON and YAML have the format of ingress-nginx 0.25. Pushed backends are included, even those that get no traffic.',
    'Exits 1 if no backend has the name.',
  ].join('\n'),
  examples: [
    { line: 'kube-entry backends', note: 'all of them, with their endpoints' },
    {
      line: 'kube-entry backends default/volume',
      note: 'each endpoint: its state, requests in flight, time to first byte',
    },
    { line: 'kube-entry backends --output json', note: 'all records, as in GET /configuration/backends' },
  ],
  settings: ['adminSocket', 'logLevel', 'config'],
  options: { output: OUTPUT_OPTION },
  async run({ settings, flags, io }) {
    const [wanted] = flags.positionals;
    const format = outputFormat(flags);
    const client = new AdminClient(settings.adminSocket);
    const records = await askBackends(client);
    const layout: TableLayout = { width: io.terminal?.columns, paint: io.paint };
    if (wanted === undefined) {
      const all = [...records.values()];
      io.print(formatAnswer(format, all, () => backendsTable(all, layout)));
      return EXIT.ok;
    }
    const record = records.get(wanted);
    if (record !== undefined) {
      const clusters = format === 'table' ? await askClusters(client, wanted) : [];
      io.print(formatAnswer(format, record, () => describeBackend(record, clusters, layout)));
      return EXIT.ok;
    }
    const clusters = await askClusters(client, wanted);
    if (clusters.length > 0) {
      const named = clusters.map(({ name }) => records.get(name)).filter(found => found !== undefined);
      io.print(formatAnswer(format, named, () => describeClusters(clusters, layout)));
      return EXIT.ok;
    }
    const near = closest(wanted, [...records.keys()]);
    const advice = near === undefined ? 'kube-entry backends lists the names.' : `Did you mean ${printable(near)}?`;
    io.complain(`No backend has this name. ${advice}`);
    return EXIT.no;
  },
};

/** A pushed backend that no route leads to has no cluster: nothing is known of it but its record. */
function describeBackend(record: BackendAnswer, clusters: readonly ClusterView[], layout: TableLayout): string {
  if (clusters.length === 0) return backendsTable([record], layout);
  return describeClusters(clusters, layout);
}

function describeClusters(clusters: readonly ClusterView[], layout: TableLayout): string {
  return clusters.map(cluster => backendReport(cluster, Date.now(), layout)).join('\n\n');
}

function backendsTable(records: readonly BackendAnswer[], layout: TableLayout): string {
  if (records.length === 0) return 'No backends: each exposed Service has one. Try kube-entry routes.';
  return formatTable(['NAME', 'PORT', 'CLUSTER IP', 'ENDPOINTS'], records.map(cellsOf), layout);
}

/** Pushed records may have any shape: a missing field stays empty. */
function cellsOf({ name, port, service, endpoints }: BackendAnswer): string[] {
  const spec = isObject(service) && isObject(service.spec) ? service.spec : {};
  const places: unknown[] = Array.isArray(endpoints) ? endpoints : [];
  return [textOf(name), textOf(port), textOf(spec.clusterIP), places.map(endpointOf).join(', ') || '-'];
}

function endpointOf(endpoint: unknown): string {
  if (!isObject(endpoint)) return '?';
  return formatHostPort(textOf(endpoint.address), textOf(endpoint.port));
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
