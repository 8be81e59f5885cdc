import { viewDiagnostic } from '../admin/diagnostic-view.ts';
import { viewRoute } from '../admin/route-view.ts';
import { stalenessOf } from '../control/staleness.ts';
import type { ParsedFlags } from '../settings/flags.ts';
import { flagOf, type SettingKey } from '../settings/schema.ts';
import { printable } from '../text/printable.ts';
import { askTable, type TableSummary } from './admin-answers.ts';
import { AdminClient, NotRunningError } from './admin-client.ts';
import { type Command, EXIT, type Invocation } from './command.ts';
import { formatAnswer, OUTPUT_OPTION, outputFormat } from './output.ts';
import { GATEWAY_SETTINGS, INGRESS_SETTINGS, readSource, type SourceSettings } from './read-source.ts';
import { byHostAndPath, describeRoutes, type RoutesView } from './routes-report.ts';

/** As flags they ask for a source, not for the running instance. */
const SOURCE_SETTINGS = [
  'source',
  'manifests',
  'kubeconfig',
  'context',
  'namespace',
  'selector',
  'stateFile',
  'allowExternalName',
] as const satisfies readonly SettingKey[];

export const routes: Command = {
  name: 'routes',
  parameters: '',
  arity: { least: 0, most: 0 },
  summary: 'print the routes that are served, and what is not served and why',
  description: [
    'Asks the running instance. If none runs, or with --fresh or one of the flags under "Where routes come from", reads the',
    'Services itself, once, and prints what would be served. While the API server cannot be reached, the state file of an',
    'instance takes its place (--state-file).',
    'Exits 1 if the source cannot be read, or if the instance has no route table yet. Problems of manifests go to',
    'standard error.',
  ].join('\n'),
  examples: [
    { line: 'kube-entry routes', note: 'of the running instance, pushed backends included' },
    { line: 'kube-entry routes --fresh', note: 'of the cluster in the kubeconfig, or of the service account in a pod' },
    { line: 'kube-entry routes --namespace shop --output yaml', note: 'of one namespace, for scripts' },
    { line: 'kube-entry routes --manifests services/', note: 'of the Services in a directory' },
    { line: 'kube-entry routes --manifests dump.yaml --ingress-class nginx', note: 'of the Ingresses of a dump' },
  ],
  settings: [
    'adminSocket',
    ...SOURCE_SETTINGS,
    ...INGRESS_SETTINGS,
    ...GATEWAY_SETTINGS,
    'balance',
    'engine',
    'logLevel',
    'config',
  ],
  options: {
    output: OUTPUT_OPTION,
    fresh: { placeholder: '', description: 'read the source, even if an instance runs' },
  },
  async run(invocation) {
    const { flags } = invocation;
    const format = outputFormat(flags);
    if (!asksForSource(flags)) {
      const code = await printRunning(invocation, format);
      if (code !== undefined) return code;
    }
    return printSource(invocation, format);
  },
};

type Format = ReturnType<typeof outputFormat>;

/** The environment does not count: a pod has the settings of its instance there. */
function asksForSource({ options, values }: ParsedFlags): boolean {
  return options.fresh === true || SOURCE_SETTINGS.some(key => values[key] !== undefined);
}

/** @returns undefined when no instance runs, unless its socket was named */
async function printRunning({ settings, flags, io }: Invocation, format: Format): Promise<number | undefined> {
  const { adminSocket } = settings;
  try {
    const { summary, connections: _, routes: served, ...problems } = await askTable(new AdminClient(adminSocket));
    const view: RoutesView = { routes: [...served].sort(byHostAndPath), ...problems };
    const { version, initialised, draining, source } = summary;
    const answer = { version, initialised, draining, source, ...view };
    io.print(formatAnswer(format, answer, () => describeRoutes(view, emptiness(summary), io)));
    const stale = stalenessOf(source, Date.now());
    if (stale !== undefined) io.complain(printable(`stale since ${stale.since}: ${stale.reason}`));
    return initialised ? EXIT.ok : EXIT.no;
  } catch (error) {
    if (!(error instanceof NotRunningError) || flags.values.adminSocket !== undefined) throw error;
    io.complain(
      printable(`no instance runs at ${adminSocket} (--${flagOf('adminSocket')}): reading the source instead`),
    );
    return undefined;
  }
}

function emptiness({ initialised, source: { problem } }: TableSummary): string {
  if (!initialised) return `No route table yet${problem === undefined ? '' : `: ${problem}`}`;
  return `No routes: ${HOW_TO_EXPOSE}`;
}

async function printSource({ settings, io }: Invocation, format: Format): Promise<number> {
  const catalog = await readSource(settings, io);
  const view: RoutesView = {
    routes: [...catalog.table.routes()].map(route => viewRoute(route, catalog)).sort(byHostAndPath),
    refusals: catalog.refusals().map(viewDiagnostic),
    warnings: catalog.warnings().map(viewDiagnostic),
    conflicts: catalog.conflicts(),
  };
  const none = `No routes${placeOf(settings)}: ${HOW_TO_EXPOSE}`;
  io.print(formatAnswer(format, view, () => describeRoutes(view, none, io)));
  return EXIT.ok;
}

const HOW_TO_EXPOSE = 'a Service is exposed by the annotation kube-entry.io/path, as in "/volume".';

/** Where Services were looked for, if not everywhere: ` in namespace shop`. */
function placeOf({ manifests, namespace, selector }: SourceSettings): string {
  if (manifests !== '') return ` in ${manifests}`;
  const where = namespace.length === 0 ? '' : ` in namespace ${namespace.join(', ')}`;
  return selector === '' ? where : `${where} with the labels ${selector}`;
}
