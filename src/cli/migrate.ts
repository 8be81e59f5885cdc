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
import { isObject } from '../resources/service-object.ts';
import { listManifests } from '../sources/manifest-files.ts';
import { printableLines } from '../text/printable.ts';
import { EXIT, type Invocation } from './command.ts';
import type { Io } from './io.ts';
import { type Format, formatOf, targetOf } from './migrate-options.ts';
import { gatewayReport, leftOutReport, migrateReport } from './migrate-report.ts';
import { readCluster } from './read-cluster.ts';

/** A values file is written by hand. */
const MAX_VALUES_BYTES = 1024 * 1024;

/** Judges a move from ingress-nginx. @returns the exit code */
export async function migrate({ settings, flags, io }: Invocation): Promise<number> {
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
