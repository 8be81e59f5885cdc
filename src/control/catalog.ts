/**
 * What all sources say, put together: watched Services with their endpoints, pushed backends, and the routes and clusters that
 * follow from them. Changes gather until commit() makes one change of them.
 */
import { systemClock } from '../clock.ts';
import { messageOf } from '../errors.ts';
import type { ClusterInForce, Endpoint } from '../model/cluster.ts';
import type { Delta } from '../model/delta.ts';
import { bugDiagnostic, type Diagnostic } from '../model/diagnostic.ts';
import { type ClusterId, type Route, type ServiceRef, serviceKey } from '../model/route.ts';
import type { ServiceObject } from '../resources/service-object.ts';
import type { ServiceStore } from '../resources/service-store.ts';
import { type Conflict, RouteLedger } from '../routing/ledger.ts';
import type { RouteTable } from '../routing/table.ts';
import type { PushedBackend } from '../sources/pushed.ts';
import {
  destinationsOf,
  type TranslateOptions,
  type Translation,
  translateService,
  unexposed,
} from '../translate/service.ts';
import { type BackendInForce, backendsInForce } from './catalog/backends-in-force.ts';
import { Canaries } from './catalog/canaries.ts';
import type { CatalogNews } from './catalog/catalog-news.ts';
import type { CatalogOptions } from './catalog/catalog-options.ts';
import { ClusterRegistry } from './catalog/cluster-registry.ts';
import { gatewaySettings } from './catalog/gateway-settings.ts';
import { Gateways } from './catalog/gateways.ts';
import { HostProfiles } from './catalog/host-profiles.ts';
import { Ingresses } from './catalog/ingresses.ts';
import { KnownSecrets } from './catalog/known-secrets.ts';
import { PushedBackends } from './catalog/pushed-backends.ts';
import { PushedRoutes } from './catalog/pushed-routes.ts';
import { PUSHED_LOOKUPS, PushedSet, pushedOwner } from './catalog/pushed-set.ts';
import { Remarks } from './catalog/remarks.ts';
import { SecretSearch } from './catalog/secret-search.ts';
import { ServiceClusters } from './catalog/service-clusters.ts';
import { ServiceEndpoints } from './catalog/service-endpoints.ts';
import { ServiceHosts } from './catalog/service-hosts.ts';
import { ServiceReferences } from './catalog/service-references.ts';
import { type WatchedService, WatchedServices } from './catalog/watched-services.ts';
import { askedOfTls, ServiceTls } from './certificates/service-tls.ts';

export class Catalog implements ServiceStore {
  /** Where a source puts the EndpointSlices of the Services that ask for their endpoints. */
  readonly endpoints: ServiceEndpoints;
  /** Where a source puts the Secrets that are asked for. */
  readonly secrets = { tls: new KnownSecrets(), named: new KnownSecrets() };
  /** What objects ask of the TLS port. */
  readonly tls: ServiceTls;
  /** Where a source puts Ingresses. */
  readonly ingresses: Ingresses;
  /** Where a source puts objects of the Gateway API. */
  readonly gateways: Gateways;
  /** Called when endpoints that were held back may be committed. @param since when the first came, by `clock.monotonic()` */
  onDue: ((since: number) => void) | undefined;
  readonly #options: CatalogOptions;
  readonly #onBug: NonNullable<CatalogOptions['onBug']>;
  readonly #watched = new WatchedServices();
  readonly #references = new ServiceReferences(this.#watched);
  readonly #pushed = new PushedBackends();
  readonly #remarks = new Remarks();
  readonly #canaries = new Canaries(this.#remarks);
  readonly #clusters = new ClusterRegistry();
  readonly #leading: ServiceClusters;
  readonly #ledger: RouteLedger;
  readonly #profiles = new HostProfiles();
  readonly #hosts: ServiceHosts;
  readonly #pushedRoutes: PushedRoutes;
  #hasServices = false;
  #hasPushed = false;

  constructor(options: CatalogOptions) {
    this.#options = options;
    this.#onBug = options.onBug ?? rethrow;
    const { clock = systemClock } = options;
    this.tls = new ServiceTls({ secrets: this.secrets, remarks: this.#remarks, now: () => clock.now() });
    this.endpoints = new ServiceEndpoints({ clock, onDue: (_services, since) => this.onDue?.(since) });
    this.#leading = new ServiceClusters({
      watched: this.#watched,
      pushed: this.#pushed,
      endpoints: this.endpoints,
      clusters: this.#clusters,
      remarks: this.#remarks,
      onBug: (service, error) => {
        this.#onBug(error, 'choosing endpoints', service);
        this.refuseForBug(service, error);
      },
    });
    this.#ledger = new RouteLedger((error, { service }) => {
      this.#onBug(error, 'choosing a route', service);
      this.refuseForBug(service, error);
    });
    this.#pushedRoutes = new PushedRoutes({
      pushed: this.#pushed,
      watched: this.#watched,
      clusters: this.#clusters,
      ledger: this.#ledger,
    });
    const gateways = gatewaySettings(options, this.#profiles);
    const isShared = (options.ingressClass ?? []).length > 0 || gateways.sharedPorts !== undefined;
    this.#hosts = new ServiceHosts({ profiles: this.#profiles, remarks: this.#remarks, isShared });
    this.ingresses = new Ingresses({
      settings: { ingressClass: [], ...options },
      configMap: options.ingressConfigmap,
      secrets: this.secrets,
      references: this.#references,
      service: ref => this.#watched.objectOf(ref),
      leading: this.#leading,
      ledger: this.#ledger,
      tls: this.tls,
      remarks: this.#remarks,
      profiles: this.#profiles,
      onBug: (error, ingress) => this.#onBug(error, 'translating an Ingress', ingress),
    });
    this.gateways = new Gateways({
      settings: gateways,
      secrets: this.secrets,
      references: this.#references,
      leading: this.#leading,
      ledger: this.#ledger,
      remarks: this.#remarks,
      onBug: (error, object) => this.#onBug(error, `translating a ${object.kind}`, object),
    });
  }

  /** True once the source it waits for has given a complete set. */
  get isInitialised(): boolean {
    const areKnown = this.#hasServices && this.ingresses.isKnown && this.gateways.isKnown;
    return this.#options.waitsFor === 'services' ? areKnown : this.#hasPushed;
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
    this.#read(object);
    this.#references.touched(serviceKey(object.metadata));
  }

  /** Its newest routes cannot be served: what is served of it stays as it is until it changes again. */
  refuseForBug(service: ServiceRef, error: unknown): void {
    this.#remarks.set(serviceKey(service), 'bug', [bugDiagnostic(service, messageOf(error))]);
  }

  remove(service: ServiceRef): void {
    this.#forget(serviceKey(service));
  }

  /** The watched Services that others name in their policies. */
  referred(): ServiceObject[] {
    return [...this.#references.named()].flatMap(key => this.#watched.get(key)?.object ?? []);
  }

  /**
   * Replaces the pushed set: their endpoints take over those of watched backends, their annotations make routes.
   * @throws PushError for a set that cannot be used: then nothing changes
   */
  replacePushed(backends: readonly PushedBackend[]): void {
    const before = this.#pushed.set;
    const set = new PushedSet(backends, this.#options.engine ?? 'wire', before);
    const changed = this.#pushed.replace(set, ({ service, endpoints, policy }) =>
      // Go leaves an empty list out: without endpoints of its own a record means its Service's ClusterIP.
      service === undefined || policy.noServer
        ? undefined
        : this.#translate(service, PUSHED_LOOKUPS, endpoints.length > 0 ? endpoints : undefined),
    );
    for (const [name, earlier] of changed) {
      const { ref } = set.get(name) ?? before.get(name) ?? {};
      const owner = ref && serviceKey(ref);
      if (owner !== undefined && this.#watched.get(owner) === undefined) this.#remarks.set(owner, 'bug', []);
      const { refusals = [], warnings = [], referred = [] } = this.#pushed.translationOf(name) ?? {};
      this.#leading.change(earlier?.referred ?? [], referred);
      this.#remarks.set(pushedOwner(name), 'refusal', refusals);
      this.#remarks.set(pushedOwner(name), 'routes', warnings);
      this.#pushedRoutes.touch(name);
    }
    this.#leading.placeNamed(changed);
    for (const watched of this.#watched.values()) {
      const { cluster, service } = watched.translation;
      if (cluster !== undefined && changed.has(cluster.name)) this.#claim(serviceKey(service), watched);
    }
    this.#hasPushed = true;
  }

  /** Translates what has changed: from then on it is known what has to be read for it. */
  settle(): void {
    // Objects that name a Service which has come, changed or gone.
    for (const key of this.#references.takeAffected()) this.#readAgain(key);
    this.#pushedRoutes.settle();
    this.#settleNamed();
    this.#settleProfiles();
  }

  /** What has changed since the last time, as one change; undefined when nothing that is served has changed. */
  commit(): Delta | undefined {
    if (!this.isInitialised) return undefined;
    this.settle();
    const tls = this.tls.commit();
    // A Service is withdrawn whose protection cannot be provided, and comes back when it can.
    this.#claimAgain(tls.turned);
    const ports = this.gateways.commitPorts();
    for (const key of this.endpoints.takeDue()) this.#leading.place(key);
    const before = this.#ledger.table;
    const { upserts, removals } = this.#ledger.commit() ?? { upserts: [], removals: [] };
    const gone = [...upserts, ...removals].map(place => before.get(place)).filter(route => route !== undefined);
    const { clusters, endpoints } = this.#clusters.commit(
      [...upserts, ...[...tls.come, ...ports.come].map(cluster => ({ cluster }))],
      [...gone, ...[...tls.gone, ...ports.gone].map(cluster => ({ cluster }))],
    );
    const changes = [upserts, removals, clusters.upserts, clusters.removals, endpoints];
    const isSame = tls.changes === undefined && ports.changes === undefined;
    if (isSame && changes.every(({ length }) => length === 0)) return undefined;
    return {
      ...{ version: this.table.version, routes: { upserts, removals }, clusters, endpoints },
      ...(tls.changes && { tls: tls.changes }),
      ...(ports.changes && { ports: ports.changes }),
    };
  }

  /** A cluster that a route leads to, with its endpoints. */
  cluster(id: ClusterId): ClusterInForce | undefined {
    return this.#clusters.get(id);
  }

  refusals(): Diagnostic[] {
    return this.#remarks.refusals();
  }

  warnings(): Diagnostic[] {
    return this.#remarks.warnings();
  }

  conflicts(): Conflict[] {
    return this.#ledger.conflicts();
  }

  /** What may have changed since this was asked last. */
  takeNews(): CatalogNews {
    return { ...this.#remarks.takeNews(), conflicts: this.#ledger.takeConflictNews() };
  }

  /** The routes of a watched Service that are in the table; those in conflict are not. */
  servedRoutes(service: ServiceRef): Route[] {
    const key = serviceKey(service);
    const claimed = this.#watched.get(key)?.translation.routes ?? [];
    const served = claimed.map(place => this.table.get(place)).filter(route => route !== undefined);
    return served.filter(route => serviceKey(route.service) === key);
  }

  /** The hosts that a watched Service asks for. @param key of the Service */
  hostsOf(key: string): string[] {
    const hosts = this.#watched.get(key)?.translation.routes.map(({ host }) => host) ?? [];
    return [...new Set(hosts)].filter(host => host !== '');
  }

  /** The watched object behind a Service, for Events; undefined for pushed ones. */
  serviceOf(service: ServiceRef): ServiceObject | undefined {
    return this.#watched.objectOf(service);
  }

  /** The backends of watched Services, those of Ingresses, then the other pushed ones. */
  backends(): BackendInForce[] {
    return backendsInForce({
      watched: this.#watched,
      ingressHosts: this.ingresses.hosts(),
      pushed: this.#pushed.set,
      clusters: this.#clusters,
      canaryOf: key => this.#canaries.of(key),
    });
  }

  /** Translates again what has asked for something that is known by now: a source that holds all there is answers at once. */
  #settleNamed(): void {
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      const affected = this.tls.takeAffected();
      for (const key of affected) this.#readAgain(key);
      const isSettled = [this.ingresses.settle(), this.gateways.settle()].every(hasChanged => !hasChanged);
      if (isSettled && affected.size === 0) return;
    }
  }

  #readAgain(key: string): void {
    const watched = this.#watched.get(key);
    if (watched !== undefined) this.#read(watched.object);
    else if (!this.gateways.touch(key)) this.ingresses.touch(key);
  }

  /** Hosts that went from Services to Ingresses or Gateways, or the other way round. */
  #settleProfiles(): void {
    const { services, ingresses, gateways } = this.#profiles.takeTurned();
    if (gateways.length > 0) {
      this.gateways.hostsTurned();
      this.#settleNamed();
    }
    for (const host of ingresses) this.ingresses.claim(host);
    this.#claimAgain(services);
  }

  /** Translates a Service as it is now. */
  #read(object: ServiceObject): void {
    const key = serviceKey(object.metadata);
    const before = this.#watched.get(key);
    const search = new SecretSearch(this.secrets.named);
    const references = this.#references.search(object);
    const { authorities, credentials } = search;
    const fresh = this.#translate(object, { authorities, credentials, services: references.find });
    // Until all that protects it is known, it goes on as before. A policy that is not known yet refuses its requests by itself.
    const first = search.awaitsAuthorities ? unexposed(fresh.service, []) : fresh;
    const translation = search.isAwaiting ? (before?.translation ?? first) : fresh;
    const watched = { object, translation };
    this.#watched.set(key, watched);
    this.#references.set(key, references.asked);
    this.#remarks.forget(key);
    this.tls.set(key, askedOfTls(translation), search.asked);
    this.#remarks.set(key, 'refusal', translation.refusals);
    this.#remarks.set(key, 'routes', translation.warnings);
    this.#leading.change(destinationsOf(before?.translation), destinationsOf(translation));
    this.#hosts.set(key, translation);
    this.#claim(key, watched);
    this.#claimAgain(this.#canaries.set(translation.service, translation.canary));
  }

  #claimAgain(keys: readonly string[]): void {
    for (const key of keys) {
      const watched = this.#watched.get(key);
      if (watched !== undefined) this.#claim(key, watched);
    }
  }

  /** Says which places a Service asks for, with its canary. A canary that was pushed counts before that of a Service. */
  #claim(key: string, { translation }: WatchedService): void {
    const { cluster } = translation;
    const own = this.tls.isDenied(key) ? [] : this.#hosts.ownRoutes(key, translation);
    const canary = this.#canaries.of(key);
    const routes = canary === undefined ? own : own.map(route => ({ ...route, canary }));
    this.#ledger.set(key, cluster === undefined ? routes : this.#pushed.set.routes(cluster.name, routes));
  }

  /** One Service that a bug meets must not keep the others from being served. */
  #translate(
    object: ServiceObject,
    lookups: Pick<TranslateOptions, 'authorities' | 'credentials' | 'services'>,
    endpoints?: readonly Endpoint[],
  ): Translation {
    try {
      return translateService(object, { ...this.#options, ...lookups }, endpoints);
    } catch (error) {
      const { namespace, name } = object.metadata;
      const service = { namespace, name };
      this.#onBug(error, 'translating a Service', service);
      return unexposed(service, [bugDiagnostic(service, messageOf(error))]);
    }
  }

  #forget(key: string): void {
    const watched = this.#watched.get(key);
    this.#watched.delete(key);
    this.#remarks.forget(key);
    this.#leading.change(destinationsOf(watched?.translation), []);
    this.#references.set(key, new Set());
    this.#references.touched(key);
    this.tls.forget(key);
    this.#ledger.set(key, []);
    this.#hosts.forget(key);
    if (watched !== undefined) this.#claimAgain(this.#canaries.set(watched.translation.service, undefined));
  }
}

/** An Ingress names the ConfigMap of ingress-nginx, say, which names another one. What is left comes with the next commit. */
const MOST_ROUNDS = 5;

function rethrow(error: unknown): never {
  throw error;
}
