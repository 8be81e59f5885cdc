/** The one translation from a v1 Service to routes or a refusal. Pure: used by every source and by `kube-entry check`. */
import type { Cluster, ClusterEndpoint, Endpoint } from '../model/cluster.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { Route, ServiceRef } from '../model/route.ts';
import { PREFIX } from '../resources/annotation-prefix.ts';
import type { ServiceObject, ServicePort } from '../resources/service-object.ts';
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
import { type CanaryAsked, type CanaryOf, canaryAnnotations, readCanary, withoutEffectOnCanary } from './canary.ts';
import { type Destination, type DestinationOptions, readDestination } from './destination.ts';
import { type PolicyOptions, readServicePolicies } from './policies/service-policies.ts';
import { type ReferenceOptions, References } from './references.ts';
import { RefusalError, type RefusalReason } from './refusal-error.ts';
import { readTlsSettings, type TlsSettings } from './tls.ts';
import { isGrpc } from './tls-upstream.ts';

/** Stable words, as {@link RefusalReason}, for what does not keep a Service from being served. */
type WarningReason =
  | 'UnknownAnnotation'
  | 'PathLooksLikePattern'
  | 'PortNotChosen'
  | 'AnnotationWithoutEffect'
  | 'UpstreamNotVerified'
  | 'ServiceNotFound'
  | 'ServiceNotUsable'
  | 'PolicyUnavailable';

export interface TranslateOptions extends DestinationOptions, ReferenceOptions, PolicyOptions {}

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
  /** Where else it leads: by its policies, or as the canary of another Service; absent: nowhere. */
  readonly referred?: readonly Destination[];
  /** Absent for a Service that takes no requests of another. */
  readonly canary?: CanaryOf;
  readonly refusals: readonly Diagnostic[];
  readonly warnings: readonly Diagnostic[];
}

/** Of mistakes of one kind in a Service, so many are named. */
const MAX_NAMED = 10;

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
    if (pathText === undefined && get('canary-of') === undefined)
      refuse('UnknownAnnotation', message, annotation, text.startsWith('/') ? text : '');
    else warn('UnknownAnnotation', message, annotation);
  }
  const portNotChosen = (what: string): void => warn('PortNotChosen', `${what}; choose one with ${PREFIX}port`);
  const reader = { get, attempt, warn, portNotChosen };
  const createdAt = object.metadata.creationTimestamp ?? '';
  const asked = readCanary(service, reader, ref => options.services?.(ref), options.engine);
  if (pathText === undefined) {
    const unserved = unexposed(service, refusals, warnings);
    if (asked === undefined) return unserved;
    warnOfNoEffect(Object.keys(annotations), warn);
    const canaryReader = { ...reader, get: canaryAnnotations(get, object, asked.object) };
    const destination = readDestination(object, canaryReader, options, endpoints);
    if (refusals.length > 0 || destination === undefined) return unserved;
    return { ...unserved, canary: canaryOf(asked, destination, createdAt), referred: [destination] };
  }

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
  const destination = readDestination(object, reader, options, endpoints);
  // A method of gRPC is a path as its interface declares it.
  const stripPrefix = isStripped ?? !isGrpc(destination?.cluster.protocol);
  const tls = readTlsSettings(service, hosts, reader, options);
  const references = new References(service, reader, options);
  const port = destination?.port?.port ?? 0;
  const policies = readServicePolicies(service, { ...reader, references, port }, options);
  if (refusals.length > 0 || destination === undefined) return unexposed(service, refusals, warnings);

  const routes = hosts.flatMap(host =>
    paths.map(
      (path): Route => ({
        host,
        path,
        stripPrefix,
        rewriteRedirects,
        overrides,
        ...(tls?.redirects === false && { tlsRedirect: false as const }),
        cluster: destination.cluster.id,
        ...(policies && { policies }),
        service,
        createdAt,
      }),
    ),
  );
  const { found } = references;
  return {
    ...{ service, routes, ...destination, tls },
    ...(found.length > 0 && { referred: found }),
    ...(asked && { canary: canaryOf(asked, destination, createdAt) }),
    ...{ refusals, warnings },
  };
}

/** A canary without a path is served by the routes of another Service. */
function warnOfNoEffect(
  names: readonly string[],
  warn: (reason: 'AnnotationWithoutEffect', message: string, field: string) => void,
): void {
  const known = names.filter(name => KNOWN.has(name)).map(name => name.slice(PREFIX.length));
  for (const name of withoutEffectOnCanary(known)) {
    const why = `has no effect on a canary without ${PREFIX}path: it takes requests as the routes of ${PREFIX}canary-of have them`;
    warn('AnnotationWithoutEffect', `${PREFIX}${name}: ${why}`, PREFIX + name);
  }
}

function canaryOf({ primary, rule }: CanaryAsked, { cluster }: Destination, createdAt: string): CanaryOf {
  return { primary, canary: { ...rule, cluster: cluster.id }, createdAt };
}

/** Where a Service leads: its routes first, then its policies. */
export function destinationsOf(translation: Translation | undefined): readonly Destination[] {
  if (translation === undefined) return [];
  const { cluster, endpoints, port, referred = [] } = translation;
  return cluster === undefined ? referred : [{ cluster, endpoints, port }, ...referred];
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
