/** The one translation from a v1 Service to routes or a refusal. Pure: used by every source and by `kube-entry check`. */
import { isIP } from 'node:net';
import { isHostName } from '../formats/host-name.ts';
import { type Cluster, type ClusterEndpoint, type Endpoint, plainEndpoint } from '../model/cluster.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { Route, ServiceRef } from '../model/route.ts';
import { PREFIX } from '../resources/annotation-prefix.ts';
import { isPortNumber, type ServiceObject, type ServicePort } from '../resources/service-object.ts';
import { closest } from '../text/closest.ts';
import { quote } from '../text/quote.ts';
import { ANNOTATIONS } from './annotation-names.ts';
import {
  looksLikePattern,
  MAX_ROUTES,
  readHosts,
  readOverrides,
  readPaths,
  readSwitch,
  wantedPaths,
} from './annotations.ts';
import { type ClusterOptions, readClusterSettings } from './cluster-settings.ts';
import { readServicePolicies } from './policies/service-policies.ts';
import { RefusalError, type RefusalReason } from './refusal-error.ts';
import { readTlsSettings, type TlsSettings } from './tls.ts';
import type { TlsOptions } from './tls-options.ts';
import { isGrpc, readUpstreamSpeech } from './tls-upstream.ts';

/** Stable words, as {@link RefusalReason}, for what does not keep a Service from being served. */
type WarningReason =
  | 'UnknownAnnotation'
  | 'PathLooksLikePattern'
  | 'PortNotChosen'
  | 'AnnotationWithoutEffect'
  | 'UpstreamNotVerified';

export interface TranslateOptions extends ClusterOptions, TlsOptions {
  readonly allowExternalName: boolean;
}

/** Routes, or refusals; neither for a Service that does not ask to be exposed. */
export interface Translation {
  readonly service: ServiceRef;
  readonly routes: readonly Route[];
  /** Where the routes lead; undefined without routes. */
  readonly cluster: Cluster | undefined;
  readonly endpoints: readonly ClusterEndpoint[];
  /** The port that the routes lead to; undefined without routes. */
  readonly port: ServicePort | undefined;
  /** What it asks of the TLS port; undefined: nothing. */
  readonly tls: TlsSettings | undefined;
  readonly refusals: readonly Diagnostic[];
  readonly warnings: readonly Diagnostic[];
}

/** Of mistakes of one kind in a Service, so many are named. */
const MAX_NAMED = 10;
/** So many ports are named to someone who asks for another. */
const MAX_NAMED_PORTS = 20;

/**
 * @param endpoints where the traffic goes instead of the ClusterIP (pushed backends name their own)
 */
export function translateService(
  object: ServiceObject,
  options: TranslateOptions,
  endpoints?: readonly Endpoint[],
): Translation {
  const { name, namespace } = object.metadata;
  const service: ServiceRef = { namespace, name };
  const annotations = object.metadata.annotations ?? {};
  const get = (annotation: string): string | undefined => annotations[PREFIX + annotation];
  const warnings: Diagnostic[] = [];
  const refusals: Diagnostic[] = [];
  const pathText = get('path');
  const refuse = (reason: RefusalReason, message: string, field?: string, pathsText = pathText ?? ''): void => {
    const paths = wantedPaths(pathsText);
    refusals.push({ object: service, ...(field && { field }), severity: 'refused', reason, message, paths });
  };
  const warn = (reason: WarningReason, message: string, field?: string): void => {
    warnings.push({ object: service, ...(field && { field }), severity: 'warning', reason, message, paths: [] });
  };
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof RefusalError)) throw error;
      refuse(error.reason, error.message, error.field);
      return undefined;
    }
  };

  const unknown = Object.entries(annotations).filter(([annotation]) => isUnknown(annotation));
  for (const [index, [annotation, text]] of unknown.slice(0, MAX_NAMED).entries()) {
    const near = closest(annotation.slice(PREFIX.length), ANNOTATIONS);
    const advice = near === undefined ? 'none has a name like it' : `did you mean ${PREFIX}${near}?`;
    const others = index === MAX_NAMED - 1 ? unknown.length - MAX_NAMED : 0;
    const message = `${annotation}: unknown annotation; ${advice}${others > 0 ? ` (and ${others} more that are unknown)` : ''}`;
    // Without a path nothing is served, and a misspelt one is the likeliest reason: say so where people look.
    if (pathText === undefined) refuse('UnknownAnnotation', message, annotation, text.startsWith('/') ? text : '');
    else warn('UnknownAnnotation', message, annotation);
  }
  if (pathText === undefined) return unexposed(service, refusals, warnings);

  const paths = attempt(() => readPaths(pathText)) ?? [];
  for (const path of paths.filter(looksLikePattern).slice(0, MAX_NAMED)) {
    const annotation = `${PREFIX}path`;
    const message = `${annotation}: ${quote(path)} looks like a pattern, but paths are plain prefixes: /api takes /api and all paths below it`;
    warn('PathLooksLikePattern', message, annotation);
  }
  const hostText = get('host');
  const hosts = hostText === undefined ? [''] : (attempt(() => readHosts(hostText)) ?? []);
  if (paths.length * hosts.length > MAX_ROUTES) {
    const count = `${paths.length} paths for ${hosts.length} hosts`;
    refuse(
      'BadAnnotation',
      `${PREFIX}path: ${count} are more than ${MAX_ROUTES} routes, the most of one Service`,
      `${PREFIX}path`,
    );
  }
  const stripText = get('strip-prefix');
  const isStripped = stripText === undefined ? undefined : attempt(() => readSwitch('strip-prefix', stripText, true));
  const rewriteRedirects = attempt(() => readSwitch('rewrite-redirects', get('rewrite-redirects'), false)) ?? false;
  const overrides = readOverrides(get, attempt);
  const port = attempt(() => choosePort(object, get('port'), message => warn('PortNotChosen', message)));
  const reader = { get, attempt, warn };
  const settings = readClusterSettings(object.spec, reader, options);
  const speech = readUpstreamSpeech(object, port, reader, options);
  // A method of gRPC is a path as its interface declares it.
  const stripPrefix = isStripped ?? !isGrpc(speech.protocol);
  const tls = readTlsSettings(service, hosts, reader, options);
  const policies = readServicePolicies(service, reader, options.engine);
  const usesClusterIP = endpoints === undefined && settings.balance.policy === 'service';
  const address = usesClusterIP ? attempt(() => addressOf(object, options)) : clusterIPOf(object);
  if (refusals.length > 0 || port === undefined || address === undefined) {
    return unexposed(service, refusals, warnings);
  }

  const cluster: Cluster = {
    id: `${namespace}/${name}:${port.port}`,
    name: `${namespace}-${name}-${port.port}`,
    service,
    ...settings,
    ...speech,
  };
  const createdAt = object.metadata.creationTimestamp ?? '';
  const routes = hosts.flatMap(host =>
    paths.map(
      (path): Route => ({
        host,
        path,
        stripPrefix,
        rewriteRedirects,
        overrides,
        ...(tls?.redirects === false && { tlsRedirect: false as const }),
        cluster: cluster.id,
        ...(policies && { policies }),
        service,
        createdAt,
      }),
    ),
  );
  const targets = endpoints ?? (address === '' ? [] : [{ address, port: port.port }]);
  return { service, routes, cluster, endpoints: targets.map(plainEndpoint), port, tls, refusals, warnings };
}

/** A Service that has no routes. */
export function unexposed(
  service: ServiceRef,
  refusals: readonly Diagnostic[],
  warnings: readonly Diagnostic[] = [],
): Translation {
  return {
    service,
    routes: [],
    cluster: undefined,
    endpoints: [],
    port: undefined,
    tls: undefined,
    refusals,
    warnings,
  };
}

const KNOWN: ReadonlySet<string> = new Set(ANNOTATIONS.map(annotation => PREFIX + annotation));

function isUnknown(key: string): boolean {
  return key.startsWith(PREFIX) && !KNOWN.has(key);
}

/** The annotated port, else the one named `http`, else the only one, else the first, with a warning. */
function choosePort({ spec }: ServiceObject, wanted: string | undefined, warn: (message: string) => void): ServicePort {
  const ports = (spec.ports ?? []).filter(port => (port.protocol ?? 'TCP') === 'TCP');
  if (wanted !== undefined) {
    const value = wanted.trim();
    const found = ports.find(port => port.name === value) ?? ports.find(port => String(port.port) === value);
    if (found !== undefined) return found;
    const number = Number(value);
    // An ExternalName Service lists its ports only if it wants to.
    if (spec.type === 'ExternalName' && ports.length === 0 && isPortNumber(number)) return { port: number };
    const named = ports.slice(0, MAX_NAMED_PORTS).map(({ name, port }) => (name ? `${port} (${name})` : `${port}`));
    if (ports.length > MAX_NAMED_PORTS) named.push(`${ports.length - MAX_NAMED_PORTS} more`);
    const known = named.join(', ');
    const annotation = `${PREFIX}port`;
    throw new RefusalError(
      'UnknownPort',
      `${annotation}: the Service has no TCP port ${quote(value)}; it has ${known === '' ? 'none' : known}`,
      annotation,
    );
  }
  const [first, ...others] = ports;
  if (first === undefined) {
    if (spec.type === 'ExternalName') return { port: 80 };
    throw new RefusalError('NoPort', 'the Service has no TCP port');
  }
  const named = ports.find(port => port.name === 'http');
  if (named !== undefined || others.length === 0) return named ?? first;
  warn(
    `the Service has ${ports.length} TCP ports and none is named http: ${first.port} is taken; choose one with ${PREFIX}port`,
  );
  return first;
}

/** Of a Service whose endpoints are asked for: where it is served while they cannot be read. Empty without one. */
function clusterIPOf({ spec: { clusterIP = '' } }: ServiceObject): string {
  return isIP(clusterIP) === 0 ? '' : clusterIP;
}

function addressOf({ spec }: ServiceObject, { allowExternalName }: TranslateOptions): string {
  if (spec.type === 'ExternalName') {
    if (!allowExternalName) {
      throw new RefusalError(
        'ExternalNameNotAllowed',
        'ExternalName Services are served only with --allow-external-name: they let anyone who may edit a Service point the entry at any host',
      );
    }
    const name = spec.externalName ?? '';
    if (!isHostName(name))
      throw new RefusalError('BadExternalName', `spec.externalName ${quote(name)} is not a host name`);
    return name;
  }
  const clusterIP = spec.clusterIP ?? '';
  if (clusterIP === 'None') {
    throw new RefusalError(
      'HeadlessService',
      `the Service is headless (clusterIP: None) and has no ClusterIP to send to: write ${PREFIX}balance: least-request to send to its pods`,
    );
  }
  if (isIP(clusterIP) === 0) {
    const state =
      clusterIP === '' ? 'the Service has no ClusterIP' : `clusterIP ${quote(clusterIP)} is not an IP address`;
    throw new RefusalError(
      'NoClusterIP',
      `${state}: the API server gives one to Services of type ClusterIP, NodePort and LoadBalancer`,
    );
  }
  return clusterIP;
}
