import { closest } from '../formats/closest.ts';
import { formatHostPort } from '../formats/host-port.ts';
import { printable } from '../formats/printable.ts';
import { isObject } from '../sources/service-object.ts';
import { askBackends, type BackendAnswer } from './admin-answers.ts';
import { AdminClient } from './admin-client.ts';
import { type Command, EXIT } from './command.ts';
import { formatAnswer, OUTPUT_OPTION, outputFormat } from './output.ts';
import { formatTable, type TableLayout } from './terminal/table.ts';

export const backends: Command = {
  name: 'backends',
  parameters: '[NAME]',
  arity: { least: 0, most: 1 },
  summary: 'list the backends of a running instance, or show one',
  description: [
    'Backends are named namespace-service-port, and in JSON and YAML shown as ingress-nginx 0.25 shapes them. Pushed',
    'backends are among them, also those that get no traffic. Exits 1 when there is none of the name.',
  ].join('\n'),
  examples: [
    { line: 'kube-entry backends', note: 'all of them, with the endpoints in force' },
    { line: 'kube-entry backends default-volume-80', note: 'one record, in JSON unless --output says otherwise' },
    { line: 'kube-entry backends --output json', note: 'all records, as GET /configuration/backends has them' },
  ],
  settings: ['adminSocket', 'logLevel', 'config'],
  options: { output: { ...OUTPUT_OPTION, description: 'default table; json for a single one' } },
  async run({ settings, flags, io }) {
    const [wanted] = flags.positionals;
    const format = outputFormat(flags, wanted === undefined ? 'table' : 'json');
    const records = await askBackends(new AdminClient(settings.adminSocket));
    const layout: TableLayout = { width: io.terminal?.columns, paint: io.paint };
    if (wanted === undefined) {
      const all = [...records.values()];
      io.print(formatAnswer(format, all, () => describe(all, layout)));
      return EXIT.ok;
    }
    const record = records.get(wanted);
    if (record !== undefined) {
      io.print(formatAnswer(format, record, () => describe([record], layout)));
      return EXIT.ok;
    }
    const near = closest(wanted, [...records.keys()]);
    const advice = near === undefined ? 'kube-entry backends lists the names.' : `Did you mean ${printable(near)}?`;
    io.complain(`A backend of this name was not found. ${advice}`);
    return EXIT.no;
  },
};

function describe(records: readonly BackendAnswer[], layout: TableLayout): string {
  if (records.length === 0)
    return 'No backends: there is one for each port of an exposed Service. Try kube-entry routes.';
  return formatTable(['NAME', 'PORT', 'CLUSTER IP', 'ENDPOINTS'], records.map(cellsOf), layout);
}

/** Pushed records are of any shape: what is not there stays empty. */
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
