/** The text of `--help`, generated from the commands and the settings' schema, so that it is always current. */
import type { CommandOption } from '../settings/flags.ts';
import { environmentOf, flagOf, SCHEMA, type SettingKey, SHORT_FLAGS } from '../settings/schema.ts';
import type { Command } from './command.ts';
import { formatFacts, formatTable } from './terminal/table.ts';

/** The heading of each setting; the compiler reports a setting without one. */
export const HEADING: Readonly<Record<SettingKey, string>> = {
  listen: 'Listeners and workers',
  tlsListen: 'Listeners and workers',
  proxyProtocol: 'Listeners and workers',
  tlsCertificate: 'Listeners and workers',
  tlsKey: 'Listeners and workers',
  defaultTlsSecret: 'Listeners and workers',
  adminSocket: 'Listeners and workers',
  statusListen: 'Listeners and workers',
  dashboard: 'Listeners and workers',
  workers: 'Listeners and workers',
  engine: 'Listeners and workers',
  source: 'Where routes come from',
  manifests: 'Where routes come from',
  kubeconfig: 'Where routes come from',
  context: 'Where routes come from',
  namespace: 'Where routes come from',
  selector: 'Where routes come from',
  events: 'Where routes come from',
  stateFile: 'Where routes come from',
  allowExternalName: 'Where routes come from',
  ingressClass: 'Ingresses',
  ingressController: 'Ingresses',
  ingressWithoutClass: 'Ingresses',
  ingressConfigmap: 'Ingresses',
  defaultBackendService: 'Ingresses',
  ingressLimitStatus: 'Ingresses',
  allowMissingWaf: 'Ingresses',
  publishService: 'Ingresses',
  publishAddress: 'Ingresses',
  statusLease: 'Ingresses',
  clearStatusOnExit: 'Ingresses',
  gatewayController: 'Gateways',
  gatewayMode: 'Gateways',
  gatewayAddresses: 'Gateways',
  gatewayServiceType: 'Gateways',
  gatewayEndpoints: 'Gateways',
  gatewayPorts: 'Gateways',
  balance: 'Upstreams',
  affinityKeyFile: 'Upstreams',
  nodeName: 'Upstreams',
  zone: 'Upstreams',
  zoneMinimum: 'Upstreams',
  trustedProxies: 'Requests',
  rateLimitRedis: 'Requests',
  httpsPort: 'Requests',
  underscoresInHeaders: 'Requests',
  mergeSlashes: 'Requests',
  upstreamHost: 'Requests',
  upgradeProtocols: 'Requests',
  clientHeaderTimeout: 'Clients',
  clientBodyTimeout: 'Clients',
  sendTimeout: 'Clients',
  keepaliveTimeout: 'Clients',
  keepaliveRequests: 'Clients',
  clientMaxBodySize: 'Clients',
  tlsRejectUnknownSni: 'Clients',
  tlsHandshakes: 'Clients',
  workerConnections: 'Clients',
  proxyConnectTimeout: 'Upstreams',
  proxyReadTimeout: 'Upstreams',
  proxySendTimeout: 'Upstreams',
  upstreamKeepalive: 'Upstreams',
  outlierFailures: 'Upstreams',
  outlierEjectionTime: 'Upstreams',
  outlierMaxEjected: 'Upstreams',
  shutdownDelay: 'Shutting down',
  shutdownTimeout: 'Shutting down',
  errorPage: 'Error page and logs',
  accessLog: 'Error page and logs',
  accessLogPath: 'Error page and logs',
  metricsPerEndpoint: 'Error page and logs',
  logLevel: 'Error page and logs',
  logLevelFormat: 'Error page and logs',
  config: 'Config file',
};

/** `kube-entry help` */
export function overview(commands: readonly Command[]): string {
  return [
    'A reverse proxy that lets HTTP clients outside a Kubernetes cluster reach its annotated Services.',
    '',
    'Usage: kube-entry [COMMAND] [ARGUMENT…] [--OPTION…]',
    '',
    'Commands (default: serve)',
    formatFacts(
      commands.map(({ name, parameters, summary }) => [`${name} ${parameters}`.trimEnd(), summary]),
      { indent: '  ' },
    ),
    '',
    'kube-entry COMMAND --help describes a command, with examples.',
    'Exit codes: 0 success, 1 failure or a negative answer, 2 wrong usage or settings, 70 internal error.',
  ].join('\n');
}

/** `kube-entry COMMAND --help` */
export function commandHelp(command: Command): string {
  const { name, parameters, summary, description, examples, options, settings } = command;
  const usage = ['kube-entry', name === 'serve' ? '[serve]' : name, parameters].filter(word => word !== '').join(' ');
  const sections = [
    `kube-entry ${name}: ${summary}`,
    `Usage: ${usage} [--OPTION…]`,
    description,
    `Examples\n${examples.map(({ line, note }) => `  ${line}\n      ${note}`).join('\n')}`,
  ];
  const own = Object.entries(options);
  if (own.length > 0) sections.push(`Options\n${own.map(describeOption).join('\n')}`);
  if (settings.length > 0) {
    sections.push(
      settingsHelp(settings),
      'Precedence: flag, environment variable, config file (keys in camelCase), default.',
    );
  }
  return sections.join('\n\n');
}

function describeOption([name, { placeholder, short, description }]: [string, CommandOption]): string {
  const flag = `--${name}${placeholder === '' ? '' : ` ${placeholder}`}`;
  return `  ${short === undefined ? flag : `-${short}, ${flag}`}\n      ${description}`;
}

function settingsHelp(settings: readonly SettingKey[]): string {
  // One set of widths for all headings, so that defaults and variables stand in columns down the whole page.
  const table = formatTable(
    ['Setting', 'Default', 'Environment'],
    settings.map(key => [flagUsage(key), defaultOf(key), environmentOf(key)]),
    { indent: '  ' },
  ).split('\n');
  const [columns = '', ...rows] = table;
  const headings = [...new Set(settings.map(key => HEADING[key]))];
  const groups = headings.map(heading => {
    const lines = settings.flatMap((key, index) =>
      HEADING[key] === heading ? [rows[index], `      ${SCHEMA[key].description}`] : [],
    );
    return [heading, ...lines].join('\n');
  });
  return [columns, ...groups].join('\n\n');
}

function flagUsage(key: SettingKey): string {
  const { kind, default: fallback } = SCHEMA[key];
  const short = SHORT_FLAGS[key];
  const flag = flagOf(key);
  if (short !== undefined) return `-${short}, --${flag} ${kind.placeholder}`;
  if (kind.isSwitch) return fallback === true ? `--[no-]${flag}` : `--${flag}`;
  return `--${flag} ${kind.placeholder}`;
}

function defaultOf(key: SettingKey): string {
  const { kind, default: fallback } = SCHEMA[key];
  const written = (kind.write as (value: unknown) => unknown)(fallback);
  if (typeof written === 'boolean') return written ? 'on' : 'off';
  return String(written) || '-';
}
