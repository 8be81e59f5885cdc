import { viewRoute } from '../admin/route-view.ts';
import { printable } from '../formats/printable.ts';
import { type Route, serviceKey } from '../routing/route.ts';
import type { Catalog } from '../sources/catalog.ts';
import { type Command, EXIT } from './command.ts';
import type { Io } from './io.ts';
import { formatAnswer, OUTPUT_OPTION, outputFormat } from './output.ts';
import { readSource, type SourceSettings } from './read-source.ts';
import { formatTable, type TableLayout } from './terminal/table.ts';
import { endpointLabel, hostLabel } from './text.ts';

/** What `--output json` and `yaml` print; as GET /routes of a running instance, without what only that one has. */
type RoutesView = ReturnType<typeof viewCatalog>;

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
  options: { output: OUTPUT_OPTION },
  async run({ settings, flags, io }) {
    const format = outputFormat(flags);
    const view = viewCatalog(await readSource(settings, io));
    io.print(formatAnswer(format, view, () => describe(view, placeOf(settings), io)));
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

/** Where Services were looked for, when that is not everywhere: ` in namespace shop`. */
function placeOf({ manifests, namespace, selector }: SourceSettings): string {
  if (manifests !== '') return ` in ${manifests}`;
  const where = namespace.length === 0 ? '' : ` in namespace ${namespace.join(', ')}`;
  return selector === '' ? where : `${where} with the labels ${selector}`;
}

/** @param place where there are none, if there are none */
function describe(view: RoutesView, place: string, { terminal, paint }: Io): string {
  const { routes: served, refusals, warnings, conflicts } = view;
  const sections: string[] = [];
  const layout: TableLayout = { width: terminal?.columns, paint };
  const addSection = (heading: string, table: string): void => {
    sections.push(`${paint('yellow', heading)}\n${table}`);
  };
  if (served.length === 0) {
    sections.push(
      printable(`No routes${place}: a Service is exposed by the annotation kube-entry.io/path, as in "/volume".`),
    );
  } else {
    const rows = served.map(({ host, path, backend, service }) => [
      hostLabel(host),
      path,
      backend.endpoints.map(endpointLabel).join(', '),
      serviceKey(service),
    ]);
    sections.push(formatTable(['HOST', 'PATH', 'UPSTREAM', 'SERVICE'], rows, layout));
  }
  const prose: TableLayout = { ...layout, indent: '  ', lastIsProse: true };
  if (refusals.length > 0) {
    const rows = refusals.map(({ service, reason, message }) => [serviceKey(service), reason, message]);
    addSection('Refused', formatTable(['SERVICE', 'REASON', 'WHAT TO DO'], rows, prose));
  }
  if (conflicts.length > 0) {
    const rows = conflicts.map(({ host, path, winner, loser }) => [
      hostLabel(host),
      path,
      serviceKey(winner),
      serviceKey(loser),
    ]);
    addSection('Conflicts', formatTable(['HOST', 'PATH', 'SERVED BY', 'WAITING'], rows, { ...layout, indent: '  ' }));
  }
  if (warnings.length > 0) {
    const rows = warnings.map(({ service, message }) => [serviceKey(service), message]);
    addSection('Warnings', formatTable(['SERVICE', 'WARNING'], rows, prose));
  }
  return sections.join('\n\n');
}
