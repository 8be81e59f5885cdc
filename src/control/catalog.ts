/**
 * What all sources say, put together: watched Services, pushed backends, and the table of routes that follows from
 * them. Changes gather until commit() makes one new version of the table.
 */
import { messageOf } from '../errors.ts';
import {
  type Cluster,
  type ClusterEndpoint,
  type ClusterInForce,
  type Endpoint,
  plainEndpoint,
} from '../model/cluster.ts';
import type { Delta } from '../model/delta.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import { type ClusterId, type Route, type ServiceRef, serviceKey } from '../model/route.ts';
import type { ServiceObject, ServicePort } from '../resources/service-object.ts';
import type { ServiceStore } from '../resources/service-store.ts';
import { type Conflict, RouteLedger } from '../routing/ledger.ts';
import type { RouteTable } from '../routing/table.ts';
import type { PushedBackend } from '../sources/pushed.ts';
import { type TranslateOptions, type Translation, translateService, unexposed } from '../translate/service.ts';
import { ClusterRegistry } from './cluster-registry.ts';

/** A backend that is in force: that of a watched Service with its endpoints, or a pushed record as it came. */
export type BackendInForce =
  | {
      readonly name: string;
      readonly object: ServiceObject;
      readonly port: ServicePort;
      readonly endpoints: readonly Endpoint[];
    }
  | Pick<PushedBackend, 'record'>;

export interface CatalogOptions extends TranslateOptions {
  /** The source whose first complete set makes the table worth serving. */
  readonly waitsFor: 'services' | 'pushed';
  /** Hears of what only a bug in this program can cause, and of the Service that is refused for it. By default it is thrown. */
  readonly onBug?: (error: unknown, doing: string, service: ServiceRef) => void;
}

/** What may be otherwise than it was, for those who tell people: as little as changed, whatever the number of Services. */
export interface CatalogNews {
  /** By Service or pushed backend, all that keeps it from being served; none where all is well now. */
  readonly refusals: ReadonlyMap<string, readonly Diagnostic[]>;
  readonly warnings: ReadonlyMap<string, readonly Diagnostic[]>;
  /** By place, all conflicts there. */
  readonly conflicts: ReadonlyMap<string, readonly Conflict[]>;
}

interface Watched {
  readonly object: ServiceObject;
  readonly translation: Translation;
}

export class Catalog implements ServiceStore {
  readonly #options: CatalogOptions;
  readonly #onBug: NonNullable<CatalogOptions['onBug']>;
  readonly #watched = new Map<string, Watched>();
  /** Of the watched Services, by key, those with something to tell: few, so that a change does not walk all of them. */
  readonly #remarkable = new Map<string, Translation>();
  /** How many watched Services have routes to a backend of this name. */
  readonly #watchedBackends = new Map<string, number>();
  /** By Service, those whose routes no worker could be given. */
  readonly #broken = new Map<string, Diagnostic>();
  readonly #ledger: RouteLedger;
  readonly #clusters = new ClusterRegistry();
  #pushed: readonly PushedBackend[] = [];
  /** By {@link pushedOwner}. */
  #pushedTranslations = new Map<string, Translation>();
  #pushedEndpoints: ReadonlyMap<string, readonly ClusterEndpoint[]> = new Map();
  /** Names of pushed backends whose routes may have to come or go. */
  readonly #unsettled = new Set<string>();
  /** Owners whose refusals or warnings may have changed since {@link takeNews}. */
  readonly #news = new Set<string>();
  #hasServices = false;
  #hasPushed = false;

  constructor(options: CatalogOptions) {
    this.#options = options;
    this.#onBug = options.onBug ?? rethrow;
    this.#ledger = new RouteLedger((error, { service }) => {
      this.#onBug(error, 'choosing a route', service);
      this.refuseForBug(service, error);
    });
  }

  /** True once the source it waits for has given a complete set. */
  get isInitialised(): boolean {
    return this.#options.waitsFor === 'services' ? this.#hasServices : this.#hasPushed;
  }

  get table(): RouteTable {
    return this.#ledger.table;
  }

  replace(services: readonly ServiceObject[]): void {
    const kept = new Set(services.map(service => serviceKey(service.metadata)));
    for (const key of this.#watched.keys()) {
      if (!kept.has(key)) this.#forget(key);
    }
    for (const service of services) this.upsert(service);
    this.#hasServices = true;
  }

  upsert(object: ServiceObject): void {
    const key = serviceKey(object.metadata);
    const translation = this.#translate(object);
    const before = this.#watched.get(key)?.translation;
    this.#countBackend(before, -1);
    this.#countBackend(translation, 1);
    this.#watched.set(key, { object, translation });
    this.#broken.delete(key);
    this.#news.add(key);
    if (translation.refusals.length + translation.warnings.length > 0) this.#remarkable.set(key, translation);
    else this.#remarkable.delete(key);
    const { cluster, routes } = translation;
    if (before?.cluster !== undefined && before.cluster.id !== cluster?.id) this.#clusters.delete(before.cluster.id);
    if (cluster !== undefined) this.#clusters.set(cluster, this.#endpointsOf(cluster, translation));
    this.#ledger.set(key, routes);
  }

  /** Its newest routes cannot be served: what is served of it stays as it is until it changes again. */
  refuseForBug(service: ServiceRef, error: unknown): void {
    const key = serviceKey(service);
    this.#broken.set(key, refusalForBug(service, error));
    this.#news.add(key);
  }

  remove(service: ServiceRef): void {
    this.#forget(serviceKey(service));
  }

  /** Replaces the pushed set: their endpoints take over those of watched backends, their annotations make routes. */
  replacePushed(backends: readonly PushedBackend[]): void {
    for (const { name } of this.#pushed) {
      this.#ledger.set(pushedOwner(name), []);
      this.#clusters.delete(pushedOwner(name));
    }
    for (const { name } of [...this.#pushed, ...backends]) this.#news.add(pushedOwner(name));
    const touched = new Set([...this.#pushedEndpoints.keys(), ...backends.map(({ name }) => name)]);
    this.#pushed = backends;
    this.#pushedEndpoints = new Map(backends.map(({ name, endpoints }) => [name, endpoints.map(plainEndpoint)]));
    for (const { translation } of this.#watched.values()) {
      const { cluster } = translation;
      if (cluster === undefined || !touched.has(cluster.name)) continue;
      this.#clusters.setEndpoints(cluster.id, this.#endpointsOf(cluster, translation));
    }
    this.#pushedTranslations = new Map();
    for (const key of this.#broken.keys()) {
      if (this.#watched.has(key)) continue;
      this.#broken.delete(key);
      this.#news.add(key);
    }
    for (const { name, service, endpoints } of backends) {
      if (service === undefined) continue;
      // Go leaves an empty list out: without endpoints of its own a record means its Service's ClusterIP.
      const translation = this.#translate(service, endpoints.length > 0 ? endpoints : undefined);
      this.#pushedTranslations.set(pushedOwner(name), translation);
      this.#unsettled.add(name);
    }
    this.#hasPushed = true;
  }

  /** What has changed since the last time, as one change; undefined when nothing that is served has changed. */
  commit(): Delta | undefined {
    if (!this.isInitialised) return undefined;
    this.#settlePushedRoutes();
    const before = this.#ledger.table;
    const { upserts, removals } = this.#ledger.commit() ?? { upserts: [], removals: [] };
    const gone = [...upserts, ...removals].map(place => before.get(place)).filter(route => route !== undefined);
    const { clusters, endpoints } = this.#clusters.commit(upserts, gone);
    const changes = [upserts, removals, clusters.upserts, clusters.removals, endpoints];
    if (changes.every(({ length }) => length === 0)) return undefined;
    return { version: this.table.version, routes: { upserts, removals }, clusters, endpoints };
  }

  /** A cluster that a route leads to, with its endpoints. */
  cluster(id: ClusterId): ClusterInForce | undefined {
    return this.#clusters.get(id);
  }

  refusals(): Diagnostic[] {
    return [...[...this.#translations()].flatMap(({ refusals }) => refusals), ...this.#broken.values()];
  }

  warnings(): Diagnostic[] {
    return [...this.#translations()].flatMap(({ warnings }) => warnings);
  }

  conflicts(): Conflict[] {
    return this.#ledger.conflicts();
  }

  /** What may have changed since this was asked last. */
  takeNews(): CatalogNews {
    const refusals = new Map<string, Diagnostic[]>();
    const warnings = new Map<string, readonly Diagnostic[]>();
    for (const owner of this.#news) {
      const translation = this.#remarkable.get(owner) ?? this.#pushedTranslations.get(owner);
      const broken = this.#broken.get(owner);
      refusals.set(owner, [...(translation?.refusals ?? []), ...(broken === undefined ? [] : [broken])]);
      warnings.set(owner, translation?.warnings ?? []);
    }
    this.#news.clear();
    return { refusals, warnings, conflicts: this.#ledger.takeConflictNews() };
  }

  /** The routes of a watched Service that are in the table; those in conflict are not. */
  servedRoutes(service: ServiceRef): Route[] {
    const key = serviceKey(service);
    const claimed = this.#watched.get(key)?.translation.routes ?? [];
    const served = claimed.map(place => this.table.get(place)).filter(route => route !== undefined);
    return served.filter(route => serviceKey(route.service) === key);
  }

  /** The watched object behind a Service, for Events; undefined for pushed ones. */
  serviceOf(service: ServiceRef): ServiceObject | undefined {
    return this.#watched.get(serviceKey(service))?.object;
  }

  /** The backends of watched Services, then the other pushed ones. */
  backends(): BackendInForce[] {
    const backends: BackendInForce[] = [];
    const names = new Set<string>();
    for (const { object, translation } of this.#watched.values()) {
      const { cluster, port } = translation;
      if (cluster === undefined || port === undefined) continue;
      const { name } = cluster;
      names.add(name);
      backends.push({ name, object, port, endpoints: this.#endpointsOf(cluster, translation) });
    }
    backends.push(...this.#pushed.filter(({ name }) => !names.has(name)));
    return backends;
  }

  /** Those with refusals or warnings, and perhaps others. */
  *#translations(): Generator<Translation> {
    yield* this.#remarkable.values();
    yield* this.#pushedTranslations.values();
  }

  /** A pushed backend makes routes of its own only while no watched Service has its name. */
  #settlePushedRoutes(): void {
    for (const name of this.#unsettled) {
      const owner = pushedOwner(name);
      const translation = this.#watchedBackends.has(name) ? undefined : this.#pushedTranslations.get(owner);
      const { routes = [], cluster, endpoints = [] } = translation ?? {};
      if (cluster !== undefined) this.#clusters.set({ ...cluster, id: owner, name }, endpoints);
      const own = routes.map(route => ({ ...route, cluster: owner }));
      this.#ledger.set(owner, own);
    }
    this.#unsettled.clear();
  }

  /** One Service that a bug meets must not keep the others from being served. */
  #translate(object: ServiceObject, endpoints?: readonly Endpoint[]): Translation {
    try {
      return translateService(object, this.#options, endpoints);
    } catch (error) {
      const { namespace, name } = object.metadata;
      const service = { namespace, name };
      this.#onBug(error, 'translating a Service', service);
      return unexposed(service, [refusalForBug(service, error)]);
    }
  }

  #countBackend(translation: Translation | undefined, change: 1 | -1): void {
    const name = translation?.cluster?.name;
    if (name === undefined) return;
    const count = (this.#watchedBackends.get(name) ?? 0) + change;
    if (count === 0) this.#watchedBackends.delete(name);
    else this.#watchedBackends.set(name, count);
    if (this.#pushedTranslations.has(pushedOwner(name))) this.#unsettled.add(name);
  }

  /** What was pushed under the name of a watched Service's backend takes the place of its ClusterIP. */
  #endpointsOf({ name }: Cluster, { endpoints }: Translation): readonly ClusterEndpoint[] {
    return this.#pushedEndpoints.get(name) ?? endpoints;
  }

  #forget(key: string): void {
    const before = this.#watched.get(key)?.translation;
    this.#countBackend(before, -1);
    if (before?.cluster !== undefined) this.#clusters.delete(before.cluster.id);
    this.#watched.delete(key);
    this.#remarkable.delete(key);
    this.#broken.delete(key);
    this.#news.add(key);
    this.#ledger.set(key, []);
  }
}

/** A pushed backend of its own is another owner than the watched Service it may be named after, and comes after it. */
function pushedOwner(name: string): string {
  return `~pushed ${name}`;
}

function rethrow(error: unknown): never {
  throw error;
}

function refusalForBug(service: ServiceRef, error: unknown): Diagnostic {
  const message = `a bug in kube-entry, not a fault of this Service: ${messageOf(error)}; the program's log says where`;
  return { object: service, severity: 'refused', reason: 'InternalError', message, paths: [] };
}
