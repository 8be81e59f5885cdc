import { FormatError, SettingsError, UnavailableError } from '../errors.ts';
import { fileProblem } from '../formats/system-error.ts';
import { readTextFile } from '../formats/text-file.ts';
import { formatYaml, parseYaml } from '../formats/yaml.ts';
import { type Controller, findController } from '../migrate/controller.ts';
import { Dump } from '../migrate/dump.ts';
import { migrateToGateway } from '../migrate/gateway/gateway-migration.ts';
import type { GatewayChoice } from '../migrate/gateway/listener-plan.ts';
import { migrate as judge } from '../migrate/migrate.ts';
import { type ChartValues, readNginxValues } from '../migrate/nginx-values.ts';
import { MAX_DUMP_BYTES, readDump } from '../migrate/read-dump.ts';
import { htmlReport } from '../migrate/render/html.ts';
import { markdownReport } from '../migrate/render/markdown.ts';
import type { MigrationReport } from '../migrate/report.ts';
import { isDnsLabel, isDnsSubdomain, isObject } from '../resources/service-object.ts';
import type { ParsedFlags } from '../settings/flags.ts';
import { listManifests } from '../sources/manifest-files.ts';
import { notOneOf } from '../text/one-of.ts';
import { printableLines } from '../text/printable.ts';
import { quote } from '../text/quote.ts';
import { type Command, EXIT } from './command.ts';
import type { Io } from './io.ts';
import { gatewayReport, leftOutReport, migrateReport } from './migrate-report.ts';
import { readCluster } from './read-cluster.ts';

const FORMATS = ['text', 'markdown', 'html', 'json', 'values'] as const;
type Format = (typeof FORMATS)[number];

/** A values file is written by hand. */
const MAX_VALUES_BYTES = 1024 * 1024;

/** What a dump is to hold. */
const DUMP_KINDS = 'ingresses,ingressclasses,services,endpointslices,configmaps,deployments,daemonsets';

export const migrate: Command = {
  name: 'migrate',
  parameters: '',
  arity: { least: 0, most: 0 },
  summary: 'say what a move from ingress-nginx changes, Ingress by Ingress',
  description: [
    'Reads the Ingresses of a cluster, and the flags and the ConfigMap of its ingress-nginx, and changes nothing. With',
    '--manifests it reads a dump instead, which serve, routes and explain take, too:',
    '  kubectl get --all-namespaces --output json \\',
    `    ${DUMP_KINDS}`,
    'Secrets may be in it, and are not needed; nothing of them is shown.',
    'Each annotation works, differs, is unsupported (it does nothing here), refused (requests are not served because of it)',
    'or dead (ingress-nginx itself ignores it), with the reason, and the line that mends it where one can be told. It also',
    'tells what ingress-nginx does today without a word: values that it ignores, paths that belong to another Ingress, hosts',
    'whose paths became regular expressions, certificates that are missing.',
    'Exits 1 if something would be lost: if anything is unsupported or refused, or could not be read.',
    'With --to gateway it writes objects of the Gateway API that serve the same, as YAML: a Gateway with a listener for each',
    'host, and HTTPRoutes and GRPCRoutes of the names of the Ingresses. What they cannot say goes to standard error,',
    'annotation by annotation. It reads the Ingresses of ingress-nginx and those that kube-entry serves.',
  ].join('\n'),
  examples: [
    { line: 'kube-entry migrate', note: 'the cluster of the kubeconfig' },
    {
      line: 'kube-entry migrate --manifests dump.yaml --output html > report.html',
      note: 'a dump, as a page to pass on',
    },
    {
      line: 'kube-entry migrate --manifests dump.yaml --values values.yaml --output values > kube-entry-values.yaml',
      note: 'values of ingress-nginx’s chart, and ours',
    },
    {
      line: 'kube-entry migrate --manifests dump.yaml --to gateway > gateway.yaml',
      note: 'HTTPRoutes in place of Ingresses',
    },
  ],
  settings: [
    'manifests',
    'kubeconfig',
    'context',
    'namespace',
    'ingressClass',
    'ingressConfigmap',
    'allowMissingWaf',
    'logLevel',
    'config',
  ],
  options: {
    to: {
      placeholder: 'gateway',
      description: 'write objects of the Gateway API in place of the Ingresses',
    },
    gateway: {
      placeholder: 'NAMESPACE/NAME',
      description:
        'with --to gateway: a Gateway that is there, for the routes; default: kube-entry/kube-entry is written',
    },
    values: {
      placeholder: 'FILE',
      description: 'values of ingress-nginx’s Helm chart: their flags and ConfigMap count',
    },
    output: {
      placeholder: FORMATS.join('|'),
      short: 'o',
      description: 'default text; values: what --values is for the chart of kube-entry',
    },
  },
  async run({ settings, flags, io }) {
    const format = formatOf(flags);
    const target = targetOf(flags, format);
    const file = flags.options.values;
    if (format === 'values' && typeof file !== 'string') {
      throw new SettingsError(['--output values: needs --values FILE, the values of ingress-nginx’s chart']);
    }
    const values = typeof file === 'string' ? readValues(file) : undefined;
    const dump = settings.manifests === '' ? await readCluster(settings, io) : await readFiles(settings.manifests, io);
    const { ingressClass, ingressConfigmap: configMap, allowMissingWaf } = settings;
    const controller = findController(dump, { ingressClass, configMap, allowMissingWaf, values });
    if (target !== undefined) return writeGateway(dump, controller, target, format, io);
    const report = judge(dump, controller);
    io.print(formatReport(format, report, values, io));
    // Beside the values, which go into a file.
    const leftOut = format === 'values' ? leftOutReport(report, io) : undefined;
    if (leftOut !== undefined) io.complain(leftOut);
    return exitOf(report);
  },
};

function formatOf({ options: { output = 'text' } }: ParsedFlags): Format {
  const format = FORMATS.find(known => known === output);
  if (format === undefined) throw new SettingsError([`--output: ${notOneOf(output, FORMATS)}`]);
  return format;
}

/** What the Ingresses are to become; undefined: nothing is written. */
function targetOf({ options: { to, gateway } }: ParsedFlags, format: Format): GatewayChoice | undefined {
  if (to === undefined) {
    if (gateway !== undefined) throw new SettingsError(['--gateway: needs --to gateway']);
    return undefined;
  }
  if (to !== 'gateway') throw new SettingsError([`--to: ${notOneOf(String(to), ['gateway'])}`]);
  if (format !== 'text' && format !== 'json')
    throw new SettingsError([`--output: ${notOneOf(format, ['text', 'json'])} with --to gateway`]);
  if (gateway === undefined) return { existing: undefined };
  const [namespace, name, ...others] = String(gateway).split('/');
  if (!isDnsLabel(namespace) || !isDnsSubdomain(name) || others.length > 0)
    throw new SettingsError([`--gateway: ${quote(String(gateway))} must be NAMESPACE/NAME`]);
  return { existing: { namespace, name } };
}

/** Manifests to standard output, and what is to be said of them to standard error: one can be applied, the other read. */
function writeGateway(dump: Dump, controller: Controller, target: GatewayChoice, format: Format, io: Io): number {
  const { manifests, report } = migrateToGateway(dump, controller, target);
  if (format === 'json') io.print(printableLines(JSON.stringify({ manifests, ...report }, undefined, 2)));
  else {
    if (manifests.length > 0) io.print(manifests.map(one => formatYaml(one).trimEnd()).join('\n---\n'));
    io.complain(gatewayReport(report, manifests.length, io));
  }
  return exitOf(report);
}

/** What has not been read may be lost, too. */
function exitOf({ isLossy, unread }: MigrationReport): number {
  return isLossy || unread.length > 0 ? EXIT.no : EXIT.ok;
}

function formatReport(format: Format, report: MigrationReport, values: ChartValues | undefined, io: Io): string {
  switch (format) {
    case 'text':
      return migrateReport(report, io);
    case 'markdown':
      return markdownReport(report);
    case 'html':
      return htmlReport(report);
    case 'json':
      return printableLines(JSON.stringify(report, undefined, 2));
    case 'values':
      return formatYaml(values?.ours ?? {}).trimEnd();
  }
}

async function readFiles(path: string, io: Io): Promise<Dump> {
  const dump = new Dump();
  if (path === '-') {
    readDump(await io.readInput(), '<stdin>', dump);
    return dump;
  }
  for (const file of listManifests(path)) readDump(readFile(file, MAX_DUMP_BYTES), file, dump);
  return dump;
}

function readValues(file: string): ChartValues {
  try {
    const values = parseYaml(readFile(file, MAX_VALUES_BYTES)) ?? {};
    if (!isObject(values)) throw new FormatError('it must be a mapping');
    return readNginxValues(values, file);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new UnavailableError(`${file} is no values file: ${error.message}`, { cause: error });
  }
}

function readFile(file: string, most: number): string {
  try {
    return readTextFile(file, most);
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new UnavailableError(`${file} cannot be read: ${fileProblem(file, error)}`, { cause: error });
  }
}
