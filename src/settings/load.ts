import { SettingsError } from '../errors.ts';
import { fileProblem } from '../formats/system-error.ts';
import { readTextFile } from '../formats/text-file.ts';
import { parseYaml } from '../formats/yaml.ts';
import { closest } from '../text/closest.ts';
import type { ParsedFlags } from './flags.ts';
import {
  DEFAULTS,
  environmentOf,
  flagOf,
  isSettingKey,
  SCHEMA,
  SETTING_KEYS,
  type SettingKey,
  type Settings,
} from './schema.ts';

export interface Origins {
  readonly flags: ParsedFlags;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Some hundred times what all settings take. */
const MAX_CONFIG_BYTES = 256 * 1024;
const MAX_UNKNOWN = 20;

type Values = { [Key in SettingKey]?: Settings[Key] };

/**
 * Reads the settings in force: flag, environment, config file, default, in this order.
 * @throws SettingsError with every problem of every origin
 */
export function loadSettings({ flags, environment }: Origins): Settings {
  const problems = [...flags.problems];
  const fromFlags = decodeAll(flags.values, key => `--${flagOf(key)}`, problems);
  const fromEnvironment = decodeAll(environmentValues(environment, problems), environmentOf, problems);
  const path = fromFlags.config ?? fromEnvironment.config ?? DEFAULTS.config;
  const fromFile = path === '' ? {} : decodeAll(fileValues(path, problems), key => `${path}: ${key}`, problems);
  const settings: Settings = { ...DEFAULTS, ...fromFile, ...fromEnvironment, ...fromFlags };
  if (settings.manifests !== '' && settings.source === 'push') {
    problems.push('--manifests and --source push exclude each other: choose one source of routes');
  }
  if (settings.engine === 'node' && settings.proxyProtocol.length > 0) {
    problems.push('--engine node does not know the PROXY protocol: run --engine wire, or remove --proxy-protocol');
  }
  if ((settings.tlsCertificate === '') !== (settings.tlsKey === '')) {
    problems.push('--tls-certificate and --tls-key belong together: give both, or neither');
  }
  if (settings.defaultTlsSecret !== undefined && settings.tlsCertificate !== '') {
    problems.push('--default-tls-secret and --tls-certificate exclude each other: choose one default certificate');
  }
  if (settings.defaultTlsSecret !== undefined && settings.source === 'push') {
    problems.push('--source push reads no Secrets: remove --default-tls-secret');
  }
  problems.push(...ingressProblems(settings), ...gatewayProblems(settings));
  if (problems.length > 0) throw new SettingsError(problems);
  return settings;
}

function ingressProblems({ ingressClass, source, engine, publishService, publishAddress }: Settings): string[] {
  const problems: string[] = [];
  if (ingressClass.length > 0 && source === 'push') {
    problems.push('--source push reads no Ingresses: remove --ingress-class');
  }
  if (ingressClass.length > 0 && engine === 'node') {
    problems.push('--engine node does not serve Ingresses: run --engine wire, or remove --ingress-class');
  }
  if (publishService !== undefined && publishAddress.length > 0) {
    problems.push('--publish-service and --publish-address exclude each other: choose where the addresses come from');
  }
  return problems;
}

function gatewayProblems(settings: Settings): string[] {
  const { gatewayController, gatewayMode, source, engine } = settings;
  if (gatewayController === '') return [];
  const problems: string[] = [];
  if (source === 'push') problems.push('--source push reads no Gateways: remove --gateway-controller');
  if (engine === 'node') {
    problems.push('--engine node does not serve Gateways: run --engine wire, or remove --gateway-controller');
  }
  return [...problems, ...MODE_PROBLEMS[gatewayMode](settings)];
}

const MODE_PROBLEMS: Readonly<Record<Settings['gatewayMode'], (settings: Settings) => string[]>> = {
  addresses: addressModeProblems,
  service: serviceModeProblems,
  shared: sharedModeProblems,
};

function sharedModeProblems({ gatewayAddresses, gatewayEndpoints, manifests, ...settings }: Settings): string[] {
  const problems: string[] = [];
  const { publishService, publishAddress } = settings;
  const useless = {
    'gateway-addresses': gatewayAddresses.length > 0,
    'gateway-endpoints': gatewayEndpoints !== undefined,
  };
  for (const [flag, isGiven] of Object.entries(useless)) {
    if (isGiven) problems.push(`--gateway-mode shared has no use for --${flag}: remove it`);
  }
  if (publishAddress.length > 0) return problems;
  if (publishService === undefined) {
    problems.push(
      '--gateway-mode shared needs --publish-service or --publish-address: Gateways say in their status where clients come in',
    );
  } else if (manifests !== '') {
    problems.push('--publish-service names a Service of a cluster, and --manifests reads files: use --publish-address');
  }
  return problems;
}

function addressModeProblems({ gatewayAddresses }: Settings): string[] {
  if (gatewayAddresses.length > 0) return [];
  return ['--gateway-controller needs --gateway-addresses: give an address of this machine for each Gateway'];
}

function serviceModeProblems(settings: Settings): string[] {
  const { gatewayAddresses, gatewayEndpoints, gatewayPorts, manifests } = settings;
  const problems: string[] = [];
  if (manifests !== '') {
    problems.push(
      '--gateway-mode service makes Services in a cluster, and --manifests reads files: use --gateway-addresses',
    );
  }
  if (gatewayAddresses.length > 0) {
    problems.push('--gateway-mode service has no use for --gateway-addresses: remove it');
  }
  if (gatewayEndpoints === undefined) {
    problems.push('--gateway-mode service needs --gateway-endpoints: name the Service whose endpoints are these pods');
  }
  const listeners = [settings.listen, settings.tlsListen, settings.statusListen].filter(one => one !== undefined);
  for (const { port } of listeners) {
    if (port < gatewayPorts.first || port > gatewayPorts.last) continue;
    problems.push(`--gateway-ports holds ${port}, where this program listens for something else: choose other ports`);
  }
  return problems;
}

/**
 * Checks a pushed object of settings that may change in a running instance.
 * @throws SettingsError with every problem; nothing is half applied
 */
export function parseLiveSettings(value: unknown): Partial<Settings> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new SettingsError(['must be a JSON object of settings, as in {"proxyReadTimeout": "30s"}']);
  }
  const problems: string[] = [];
  problems.push(...unknownSettings(value, ''));
  for (const key of SETTING_KEYS) {
    if (Object.hasOwn(value, key) && !SCHEMA[key].live)
      problems.push(`${key}: cannot change in a running instance; restart with another value`);
  }
  const known = Object.fromEntries(Object.entries(value).filter(([key]) => isSettingKey(key)));
  const values = decodeAll(known, key => key, problems);
  if (problems.length > 0) throw new SettingsError(problems);
  return values;
}

/** The settings as a config file would hold them. */
export function writeSettings(settings: Settings): Record<SettingKey, unknown> {
  const write = (key: SettingKey) => (SCHEMA[key].kind.write as (value: unknown) => unknown)(settings[key]);
  return Object.fromEntries(SETTING_KEYS.map(key => [key, write(key)])) as Record<SettingKey, unknown>;
}

function decodeAll(
  values: Readonly<Record<string, unknown>>,
  place: (key: SettingKey) => string,
  problems: string[],
): Values {
  const decoded: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(values)) {
    if (!isSettingKey(key)) continue;
    const result = SCHEMA[key].kind.schema.safeParse(value);
    if (result.success) decoded[key] = result.data;
    else problems.push(`${place(key)}: ${result.error.issues.map(issue => issue.message).join('; ')}`);
  }
  return decoded;
}

/**
 * What Kubernetes itself sets for every Service of the namespace: KUBE_ENTRY_SERVICE_HOST, KUBE_ENTRY_PORT_80_TCP_ADDR…
 * for one called kube-entry, KUBE_ENTRY_STATUS_SERVICE_HOST… for one called kube-entry-status.
 */
const SERVICE_LINK = /_SERVICE_(?:HOST|PORT(?:_.+)?)$|_PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?$/;

function environmentValues(environment: Origins['environment'], problems: string[]): Record<string, string> {
  const values: Record<string, string> = {};
  const known = new Map(SETTING_KEYS.map(key => [environmentOf(key), key]));
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith('KUBE_ENTRY_') || value === undefined) continue;
    const key = known.get(name);
    // A Service called kube-entry-https would set KUBE_ENTRY_HTTPS_PORT: to an address, which no setting is.
    if (SERVICE_LINK.test(name) && (key === undefined || value.includes('://'))) continue;
    if (key === undefined) problems.push(`${name}: ${unknownSetting(name, [...known.keys()])}`);
    else values[key] = value;
  }
  return values;
}

function fileValues(path: string, problems: string[]): Record<string, unknown> {
  try {
    const value = parseYaml(readTextFile(path, MAX_CONFIG_BYTES)) ?? {};
    if (typeof value !== 'object' || Array.isArray(value)) {
      problems.push(`${path}: must be a mapping of settings, as in "proxyReadTimeout: 30s"`);
      return {};
    }
    problems.push(...unknownSettings(value, `${path}: `));
    return value as Record<string, unknown>;
  } catch (error) {
    problems.push(`${path}: cannot be read: ${fileProblem(path, error)}`);
    return {};
  }
}

/** Of thousands the first say what went wrong. */
function unknownSettings(values: object, place: string): string[] {
  const unknown = Object.keys(values).filter(key => !isSettingKey(key));
  const problems = unknown.slice(0, MAX_UNKNOWN).map(key => `${place}${key}: ${unknownSetting(key, SETTING_KEYS)}`);
  if (unknown.length > MAX_UNKNOWN) problems.push(`${place}${unknown.length - MAX_UNKNOWN} more unknown settings`);
  return problems;
}

function unknownSetting(name: string, known: readonly string[]): string {
  const near = closest(name, known);
  return near === undefined ? 'unknown setting' : `unknown setting; did you mean ${near}?`;
}
