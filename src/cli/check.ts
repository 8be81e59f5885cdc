import type { ManifestContents } from '../sources/manifest-contents.ts';
import { readManifestText } from '../sources/manifest-file.ts';
import { listManifests, mergeManifests, readManifests } from '../sources/manifest-files.ts';
import { plural } from '../text/labels.ts';
import { printable } from '../text/printable.ts';
import { type Command, EXIT } from './command.ts';
import { statusLines } from './gateway-statuses.ts';
import { type Inspection, inspectManifests } from './inspect-manifests.ts';
import type { Io } from './io.ts';
import { formatAnswer, OUTPUT_OPTION, outputFormat } from './output.ts';
import { GATEWAY_SETTINGS, INGRESS_SETTINGS } from './read-source.ts';

/** The file name of standard input. */
const STANDARD_INPUT = '<stdin>';
/** Of Services without one; only for display. */
const DEFAULT_NAMESPACE = 'default';

export const check: Command = {
  name: 'check',
  parameters: 'FILE…',
  arity: { least: 1, most: Number.POSITIVE_INFINITY },
  summary: 'validate manifests without a cluster: Services, Ingresses, Gateways and their routes',
  description: [
    'Prints FILE:LINE: reason for each mistake that keeps an object from being served, and exits 1 if there is one. Warnings,',
    'such as two Services that ask for one path, do not change the exit code. A directory stands for the files of YAML and',
    'JSON in it, - for standard input. A Service needs no clusterIP here: the cluster assigns it. EndpointSlices and Secrets',
    'are checked as well; Ingresses with --ingress-class, as a validating webhook would, before they are in the cluster.',
    'Of Gateways and routes it also prints the statuses that would be written: what is accepted, which references are',
    'resolved, and how many routes attach to each listener. A GatewayClass that is in no FILE is taken to be ours; what else',
    'is in none of them may be in the cluster.',
  ].join('\n'),
  examples: [
    { line: 'kube-entry check services/*.yaml', note: 'before a commit' },
    { line: 'kustomize build . | kube-entry check -', note: 'what is about to be applied' },
    { line: 'kube-entry check --ingress-class nginx dump.yaml', note: 'Ingresses, as kubectl get prints them' },
    { line: 'kube-entry check gateway.yaml', note: 'Gateways and routes, with the statuses that would be written' },
    { line: 'kube-entry check --output json services/', note: 'for scripts: every remark with file and line' },
  ],
  settings: ['allowExternalName', 'balance', 'engine', ...INGRESS_SETTINGS, ...GATEWAY_SETTINGS, 'logLevel', 'config'],
  options: { output: OUTPUT_OPTION },
  async run({ settings, flags, io }) {
    const format = outputFormat(flags);
    const files = new Map<string, ManifestContents>();
    for (const path of flags.positionals) await readInto(files, path, io);
    const inspection = inspectManifests(mergeManifests([...files.values()]), [...files.keys()], settings, Date.now());
    const findings = viewInspection(inspection, files.size);
    io.print(formatAnswer(format, findings, () => inspectionReport(findings, io)));
    return findings.problems === 0 ? EXIT.ok : EXIT.no;
  },
};

/** What `--output json` and `yaml` print. */
function viewInspection(
  {
    diagnostics,
    serviceCount,
    sliceCount,
    exposedCount,
    waitingCount,
    routeCount,
    ingressCount,
    servedCount,
    gateways: { gatewayCount, routeCount: gatewayRouteCount, attachedCount, statuses },
  }: Inspection,
  files: number,
) {
  const problems = diagnostics.filter(({ severity }) => severity === 'refused').length;
  return {
    files,
    services: serviceCount,
    endpointSlices: sliceCount,
    exposed: exposedCount,
    waiting: waitingCount,
    routes: routeCount,
    ingresses: ingressCount,
    ingressesServed: servedCount,
    gateways: gatewayCount,
    gatewayRoutes: gatewayRouteCount,
    gatewayRoutesAttached: attachedCount,
    problems,
    warnings: diagnostics.length - problems,
    remarks: diagnostics.map(({ file, line, message, severity }) => ({
      file,
      line,
      severity: severity === 'refused' ? 'problem' : 'warning',
      message,
    })),
    statuses,
  };
}

function inspectionReport(findings: ReturnType<typeof viewInspection>, io: Io): string {
  const { paint } = io;
  const { remarks, files, services, endpointSlices, exposed, waiting, routes, problems, warnings } = findings;
  const { ingresses, ingressesServed, gateways, gatewayRoutes, gatewayRoutesAttached, statuses } = findings;
  const lines = remarks.map(({ file, line, severity, message }) => {
    const place = paint('bold', printable(`${file}:${line}:`));
    return `${place} ${severity === 'warning' ? paint('yellow', 'warning: ') : ''}${printable(message)}`;
  });
  const counts = [
    plural(files, 'file'),
    ...(endpointSlices === 0 ? [] : [plural(endpointSlices, 'EndpointSlice')]),
    `${plural(services, 'Service')}, ${exposed} exposed`,
    ...(waiting === 0 ? [] : [`${waiting} waiting for a path of another`]),
    plural(routes, 'route'),
    ...(ingresses === 0 ? [] : [`${ingressesServed} of ${ingresses} Ingresses served`]),
    ...(gateways === 0 ? [] : [plural(gateways, 'Gateway')]),
    ...(gatewayRoutes === 0 ? [] : [`${gatewayRoutesAttached} of ${plural(gatewayRoutes, 'route')} attached`]),
    plural(problems, 'problem'),
    plural(warnings, 'warning'),
  ];
  const told = statuses.length === 0 ? [] : ['Statuses that would be written:', ...statusLines(statuses, io)];
  return [...lines, ...told, paint(problems > 0 ? 'red' : 'green', counts.join(', '))].join('\n');
}

/** A file that is named twice, itself and by its directory, is read once. */
async function readInto(files: Map<string, ManifestContents>, path: string, io: Io): Promise<void> {
  if (path === '-') {
    // It can be read only once: a second read would be empty.
    if (files.has(STANDARD_INPUT)) return;
    files.set(STANDARD_INPUT, readManifestText(await io.readInput(), STANDARD_INPUT, DEFAULT_NAMESPACE));
    return;
  }
  for (const file of listManifests(path)) files.set(file, readManifests(file, DEFAULT_NAMESPACE));
}
