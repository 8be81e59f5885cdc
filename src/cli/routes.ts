import { viewRoute } from '../admin/route-view.ts';
import { SettingsError } from '../errors.ts';
import { formatYaml } from '../formats/yaml.ts';
import { type Route, serviceKey } from '../routing/route.ts';
import type { Catalog } from '../sources/catalog.ts';
import { type Command, EXIT } from './command.ts';
import { readSource } from './read-source.ts';
import { endpointLabel, formatTable, hostLabel } from './text.ts';

/** What `--output json` and `yaml` print; as GET /routes of a running instance, without what only that one has. */
type RoutesView = ReturnType<typeof viewCatalog>;

const WRITERS: Readonly<Record<string, (view: RoutesView) => string>> = {
  table: describe,
  json: view => JSON.stringify(view, undefined, 2),
  yaml: view => formatYaml(view).trimEnd(),
};

export const routes: Command = {
  name: 'routes',
  parameters: '',
  arity: { least: 0, most: 0 },
  summary: 'read the source once, print the route table, exit',
  description: [
    'Shows what would be served, and what would not with the reasons, without a running instance.',
    'While the API server cannot be reached, the state file of a running instance takes its place (--state-file).',
    'Exits 1 when the source cannot be read. What is wrong with manifests is printed to standard error.',
  ].join('\n'),
  examples: [
    { line: 'kube-entry routes', note: 'of the cluster that the kubeconfig or the service account leads to' },
    { line: 'kube-entry routes --namespace shop --output yaml', note: 'of one namespace, for scripts' },
    { line: 'kube-entry routes --manifests services/', note: 'of the Services in a directory' },
  ],
  settings: [
    'source',
    'manifests',
    'kubeconfig',
    'context',
    'namespace',
    'selector',
    'stateFile',
    'allowExternalName',
    'logLevel',
    'config',
  ],
  options: { output: { placeholder: Object.keys(WRITERS).join('|'), short: 'o', description: 'default table' } },
  async run({ settings, flags, io }) {
    const write = WRITERS[String(flags.options.output ?? 'table')];
    if (write === undefined) throw new SettingsError([`--output: must be one of ${Object.keys(WRITERS).join(', ')}`]);
    io.print(write(viewCatalog(await readSource(settings, io))));
    return EXIT.ok;
  },
};

function viewCatalog(catalog: Catalog) {
  return {
    routes: [...catalog.table.routes()].sort(byHostAndPath).map(viewRoute),
    refusals: catalog.refusals(),
    warnings: catalog.warnings(),
    conflicts: catalog.conflicts(),
  };
}

/** Any host first; by code unit, so that every machine prints the same. */
function byHostAndPath(a: Route, b: Route): number {
  if (a.host !== b.host) return a.host < b.host ? -1 : 1;
  return a.path < b.path ? -1 : 1;
}

function describe({ routes: served, refusals, warnings, conflicts }: RoutesView): string {
  const sections: string[] = [];
  if (served.length === 0) {
    sections.push('No routes: a Service is exposed by the annotation kube-entry.io/path, as in "/volume".');
  } else {
    sections.push(
      formatTable(
        ['HOST', 'PATH', 'UPSTREAM', 'SERVICE'],
        served.map(({ host, path, backend, service }) => [
          hostLabel(host),
          path,
          backend.endpoints.map(endpointLabel).join(', '),
          serviceKey(service),
        ]),
      ),
    );
  }
  if (refusals.length > 0) {
    const rows = refusals.map(({ service, reason, message }) => [serviceKey(service), reason, message]);
    sections.push(`Refused\n${formatTable(['SERVICE', 'REASON', 'WHAT TO DO'], rows, '  ')}`);
  }
  if (conflicts.length > 0) {
    const rows = conflicts.map(({ host, path, winner, loser }) => [
      hostLabel(host),
      path,
      serviceKey(winner),
      serviceKey(loser),
    ]);
    sections.push(`Conflicts\n${formatTable(['HOST', 'PATH', 'SERVED BY', 'WAITING'], rows, '  ')}`);
  }
  if (warnings.length > 0) {
    const rows = warnings.map(({ service, message }) => [serviceKey(service), message]);
    sections.push(`Warnings\n${formatTable(['SERVICE', 'WARNING'], rows, '  ')}`);
  }
  return sections.join('\n\n');
}
