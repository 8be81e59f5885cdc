/** The routes of a host that Ingresses name. Pure. */
import { FormatError } from '../../errors.ts';
import type { Diagnostic } from '../../model/diagnostic.ts';
import type { Policy } from '../../model/policy.ts';
import {
  CATCH_ALL_HOST,
  type Canary,
  type ClusterId,
  type Place,
  type Route,
  type RouteLimits,
  type ServiceRef,
} from '../../model/route.ts';
import type { ServiceObject } from '../../resources/service-object.ts';
import { PathPattern } from '../../routing/pattern/path-pattern.ts';
import { quote } from '../../text/quote.ts';
import type { Destination } from '../destination.ts';
import { inOrder } from '../policies/in-order.ts';
import { usualLimits } from './annotations/proxy-limits.ts';
import { type Backend, backendDestination, DEFAULT_BACKEND, NAMED, portText, upstreamKey } from './backends.ts';
import type { UpstreamCanary } from './canaries.ts';
import type { IngressEffect } from './ingress-feature.ts';
import type { IngressOptions } from './ingress-options.ts';
import { IngressRoutes, type IngressRoutesContext } from './ingress-routes.ts';
import { type HostLocations, type Location, placeKey } from './locations.ts';
import type { IngressReading } from './read-ingress.ts';
import { appRootRedirect, directoryRedirect, wwwRedirect } from './redirects.ts';
import { regexPlaces } from './regex-places.ts';
import { rewritePolicies } from './rewrite-policies.ts';

export interface HostContext extends IngressRoutesContext {
  readonly options: IngressOptions;
  service(service: ServiceRef): ServiceObject | undefined;
  /** How requests to an upstream are spread, as the first Ingress that leads there says it. @param name as upstreamKey() makes it */
  upstream(name: string): IngressEffect['upstream'];
  /** What takes some of the requests of an upstream. */
  canary(name: string): UpstreamCanary | undefined;
  /** Whether a rule names a host, so that it is nobody's further name. */
  isRuled(host: string): boolean;
}

/** What is wrong with an Ingress at a host. */
export type HostProblem = Pick<Diagnostic, 'severity' | 'reason' | 'message' | 'paths'>;

export interface HostRoutes {
  /** Of the host, of its further names, and of the host with or without `www.` that is sent to it. */
  readonly routes: readonly Route[];
  /** Further names of the host. */
  readonly aliases: readonly string[];
  /** The clusters that the routes lead to, each once. */
  readonly destinations: readonly Destination[];
  /** By Ingress, what keeps requests from its backends. */
  readonly problems: ReadonlyMap<IngressReading, readonly HostProblem[]>;
}

export function hostRoutes(host: HostLocations, context: HostContext): HostRoutes {
  return new HostRouteMaker(host, context).translate();
}

/** What one host costs has a bound: all its names and paths together. */
const MOST_ROUTES = 10_000;

class HostRouteMaker {
  readonly #host: HostLocations;
  readonly #context: HostContext;
  readonly #destinations = new Map<ClusterId, Destination>();
  readonly #problems = new Map<IngressReading, HostProblem[]>();
  readonly #ingressRoutes: IngressRoutes;
  /** By what an Ingress asks of clients, all policies of its locations that ask for it. */
  readonly #guarded = new Map<readonly Policy[], readonly Policy[]>();
  /** All locations of the host have them. */
  readonly #serverPolicies: readonly Policy[];
  /** They refuse all requests for the host. */
  readonly #isForbidden: boolean;
  readonly #usualLimits: RouteLimits;
  readonly #routes: Route[] = [];

  constructor(host: HostLocations, context: HostContext) {
    this.#host = host;
    this.#context = context;
    this.#ingressRoutes = new IngressRoutes(context);
    this.#usualLimits = usualLimits(context.config);
    const servers = host.readings.map(({ effect }) => effect.server);
    const why = servers.find(server => server?.forbidden !== undefined)?.forbidden;
    this.#isForbidden = why !== undefined;
    this.#serverPolicies =
      why === undefined
        ? (servers.find(server => server?.clientCertificate !== undefined)?.certificatePolicies ?? [])
        : [{ kind: 'unavailable', why, status: 403 }];
  }

  translate(): HostRoutes {
    const { locations, isRegex } = this.#host;
    if (isRegex) {
      for (const { path, location } of regexPlaces(locations)) this.#addRegex(location, path);
    } else {
      for (const location of locations) this.#addPlain(location);
    }
    this.#addAppRoot();
    const own = [...this.#routes];
    const aliases = this.#aliases();
    for (const host of aliases) for (const route of own) this.#routes.push({ ...route, host });
    this.#addWwwRedirect(aliases);
    const routes = this.#routes;
    return { routes, aliases, destinations: [...this.#destinations.values()], problems: this.#problems };
  }

  /** What cannot be read as a regular expression is not served: workers are given no other. */
  #addRegex(location: Location, path: string): void {
    try {
      new PathPattern(path);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      const why =
        'all paths of the host are regular expressions, because an Ingress of it says use-regex or rewrite-target';
      const message = `the path ${quote(path)} is not served: ${error.message} (${why})`;
      this.#problem(location.reading, { severity: 'refused', reason: 'BadPath', message, paths: [path] });
      return;
    }
    this.#add(location, { path, match: 'regex' });
  }

  #addPlain(location: Location): void {
    const { path, type } = location;
    const isDirectory = path.length > 1 && path.endsWith('/');
    const stem = isDirectory ? path.slice(0, -1) : path;
    if (type === 'Exact') this.#add(location, { path, match: 'exact' });
    // Another Ingress may have the prefix without the slash, which takes the same paths.
    else if (!isDirectory || !this.#has('Prefix', stem)) this.#add(location, { path: stem });
    // Two locations may ask for the same redirect.
    const isTwin = type === 'Exact' && this.#has('Prefix', path);
    if (isDirectory && !isTwin && !this.#has('Exact', stem) && !this.#has('Prefix', stem)) {
      // What nginx does for a location that ends with a slash: the path without it is sent there.
      const policies: Policy[] = [directoryRedirect(path)];
      this.#add(location, { path: stem, match: 'exact' }, policies);
    }
  }

  /** It comes before everything else that the host has for `/`. */
  #addAppRoot(): void {
    const reading = this.#host.readings.find(({ effect }) => effect.server?.appRoot !== undefined);
    const target = reading?.effect.server?.appRoot;
    if (reading === undefined || target === undefined) return;
    const root = this.#host.places.get(placeKey('Prefix', '/'));
    const policies: Policy[] = [appRootRedirect(target)];
    if (root !== undefined) this.#add(root, { path: '/', match: 'exact' }, policies, reading);
  }

  #aliases(): string[] {
    const { host, readings } = this.#host;
    const reading = readings.find(({ effect }) => effect.server?.aliases !== undefined);
    const free = (reading?.effect.server?.aliases ?? []).filter(name => name !== host && !this.#context.isRuled(name));
    const most = Math.max(1, Math.floor(MOST_ROUTES / this.#routes.length));
    if (reading !== undefined && free.length > most) {
      const why = `${free.length} further names of ${this.#routes.length} routes each are more than ${MOST_ROUTES} routes`;
      this.#warn(reading, 'TooManyRoutes', `${why}: the first ${most} names are served`);
    }
    return free.slice(0, most);
  }

  #warn(reading: IngressReading, reason: string, message: string): void {
    this.#problem(reading, { severity: 'warning', reason, message, paths: [] });
  }

  #problem(reading: IngressReading, problem: HostProblem): void {
    this.#problems.set(reading, [...(this.#problems.get(reading) ?? []), problem]);
  }

  /** The host with or without `www.`, whichever this one is not. */
  #addWwwRedirect(aliases: readonly string[]): void {
    const { host, readings, places } = this.#host;
    const reading = readings.find(({ effect }) => effect.server?.wwwRedirectStatus !== undefined);
    const status = reading?.effect.server?.wwwRedirectStatus;
    const other = otherWww(host);
    const root = places.get(placeKey('Prefix', '/'));
    if (status === undefined || reading === undefined || other === undefined || root === undefined) return;
    if (this.#context.isRuled(other) || aliases.includes(other)) return;
    const policies: Policy[] = [wwwRedirect(host, status)];
    const at = this.#routes.length;
    this.#add(root, { path: '/' }, policies, reading);
    this.#routes.push(...this.#routes.splice(at).map(route => ({ ...route, host: other })));
  }

  #has(type: Location['type'], path: string): boolean {
    return this.#host.places.has(placeKey(type, path));
  }

  /** @param policies instead of those of the location */
  #add(
    location: Location,
    place: Pick<Place, 'path' | 'match'>,
    policies = this.#policiesOf(location),
    reading = location.reading,
  ): void {
    const { destination, canary } = this.#destinationOf(location);
    const { cluster } = destination;
    this.#routes.push({
      ...{ host: this.#host.host, ...place, profile: 'ingress', stripPrefix: false, rewriteRedirects: false },
      overrides: { ...this.#usualLimits, ...reading.effect.overrides },
      cluster: cluster.id,
      ...(canary && { canary }),
      ...(policies.length > 0 && { policies }),
      ingress: this.#ingressRoutes.of(reading, location.path),
      ...{ service: cluster.service, createdAt: reading.createdAt },
    });
  }

  #policiesOf(location: Location): readonly Policy[] {
    const { reading } = location;
    if (this.#isForbidden) return this.#serverPolicies;
    if (reading.denial !== undefined) return reading.policies;
    const policies = this.#withAccess(location);
    const rewrites = rewritePolicies(location, reading.effect.paths);
    if (rewrites.length === 0) return policies;
    const at = policies.findIndex(({ kind }) => !BEFORE_REWRITE.has(kind));
    return policies.toSpliced(at < 0 ? policies.length : at, 0, ...rewrites);
  }

  /** Locations that agree share a list. */
  #withAccess({ reading, path }: Location): readonly Policy[] {
    const { access } = reading.effect;
    const isOpen = access?.openPaths.some(prefix => path.startsWith(prefix));
    const asked = isOpen ? access?.open : (access?.guarded.get(this.#host.host) ?? NOT_ITS_HOST);
    const further = access === undefined || asked === undefined ? [] : asked;
    if (further.length === 0 && this.#serverPolicies.length === 0) return reading.policies;
    const key = further.length === 0 ? reading.policies : further;
    const known = this.#guarded.get(key);
    if (known !== undefined) return known;
    const made = inOrder([...this.#serverPolicies, ...reading.policies, ...further]);
    this.#guarded.set(key, made);
    return made;
  }

  #destinationOf({ backend, namespace, reading }: Location): { destination: Destination; canary?: Canary } {
    if (backend?.service === undefined) return { destination: this.#lead(this.#defaultBackend()) };
    const service: ServiceRef = { namespace, name: backend.service.name };
    const port = portText(backend.service.port);
    const name = upstreamKey(service, port);
    const { destination, problem } = this.#backend(service, port, name, reading);
    if (problem !== undefined) this.#warn(reading, 'ServiceNotUsable', problem);
    const canary = this.#context.canary(name);
    if (canary === undefined) return { destination: this.#lead(destination) };
    const taking = this.#lead(this.#canaryDestination(canary, name, reading));
    return {
      destination: this.#lead(destination),
      canary: { ...canary.rule, cluster: taking.cluster.id, ingress: canary.ingress },
    };
  }

  #canaryDestination({ service, port, upstream, sharesAffinity }: UpstreamCanary, primary: string, of: IngressReading) {
    const affinity = sharesAffinity ? this.#context.upstream(primary)?.affinity : undefined;
    const { destination } = backendDestination(service, port, this.#context.service(service), this.#context.options, {
      upstream: { ...upstream, ...(affinity && { affinity }) },
      ...(of.effect.speech && { speech: of.effect.speech }),
      role: `canary of ${primary}`,
    });
    return destination;
  }

  #defaultBackend(): Destination {
    const { options } = this.#context;
    const { defaultBackendService: service } = options;
    if (service === undefined) return DEFAULT_BACKEND;
    const object = this.#context.service(service);
    const { destination, problem } = backendDestination(service, undefined, object, options, NAMED);
    return problem === undefined ? destination : DEFAULT_BACKEND;
  }

  #backend(service: ServiceRef, port: string, name: string, { effect }: IngressReading): Backend {
    const upstream = this.#context.upstream(name);
    return backendDestination(service, port, this.#context.service(service), this.#context.options, {
      ...(upstream && { upstream }),
      ...(effect.speech && { speech: effect.speech }),
    });
  }

  #lead(destination: Destination): Destination {
    this.#destinations.set(destination.cluster.id, destination);
    return destination;
  }
}

/** `www.a.b` for `a.b`, and the other way round; undefined for a wildcard, and for all hosts. */
export function otherWww(host: string): string | undefined {
  if (host.startsWith('*.') || host === CATCH_ALL_HOST) return undefined;
  return host.startsWith('www.') ? host.slice('www.'.length) : `www.${host}`;
}

/** Of a location on a host that its Ingress does not name, should there ever be one: what it asks of clients there is not known. */
const NOT_ITS_HOST: readonly Policy[] = [{ kind: 'unavailable', why: 'the host is none of its rules' }];

/** The policies that see the path of the client. */
const BEFORE_REWRITE: ReadonlySet<Policy['kind']> = new Set([
  'unavailable',
  'deny-header',
  'cors',
  'return',
  'redirect',
]);
