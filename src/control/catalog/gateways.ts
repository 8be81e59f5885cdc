/** Objects of the Gateway API as sources say them, and what follows from them: ports, routes, clusters, statuses, and what is wrong. */
import type { Diagnostic, ObjectRef } from '../../model/diagnostic.ts';
import type { GatewayPort, PortId, PortState } from '../../model/gateway-port.ts';
import type { ServiceRef } from '../../model/route.ts';
import type { GatewayFigures } from '../../observe/gateway-metrics.ts';
import { GATEWAY_KIND_NAMES } from '../../resources/gateway/gateway-kinds.ts';
import type { GatewayKind, GatewayKinds } from '../../resources/gateway/gateway-object.ts';
import type { GatewayStore } from '../../resources/gateway/gateway-store.ts';
import type { RouteLedger } from '../../routing/ledger.ts';
import type { Settings } from '../../settings/schema.ts';
import type { Destination } from '../../translate/destination.ts';
import { gatewayKey } from '../../translate/gateway/gateway-key.ts';
import type { ObjectStatus } from '../../translate/gateway/gateway-status.ts';
import { GATEWAYS, GatewayTranslator } from '../../translate/gateway/gateway-translator.ts';
import type { GatewayReading, RouteReading } from '../../translate/gateway/readings.ts';
import { gatewayFigures } from '../gateway-figures.ts';
import { addressesOf } from '../status/published-addresses.ts';
import { GatewayPorts, type PortCommit } from './gateway-ports.ts';
import { GatewaySearch, type NamedObjects } from './gateway-search.ts';
import type { KnownGatewayServices } from './gateway-services.ts';
import type { GatewaySettings } from './gateway-settings.ts';
import { KnownConfigMaps } from './known-config-maps.ts';
import type { Remarks } from './remarks.ts';
import type { ServiceClusters } from './service-clusters.ts';
import type { ServiceReferences } from './service-references.ts';
import type { SharedGatewayPorts } from './shared-gateway-ports.ts';

export interface GatewaysOptions {
  readonly settings: GatewaySettings;
  readonly secrets: NamedObjects['secrets'];
  readonly references: Pick<ServiceReferences, 'search' | 'set'>;
  readonly leading: Pick<ServiceClusters, 'change'>;
  readonly ledger: Pick<RouteLedger, 'set'>;
  readonly remarks: Pick<Remarks, 'set'>;
  /** Hears of what only a bug in this program can cause. */
  readonly onBug: (error: unknown, object: ObjectRef) => void;
}

/** The settings that say where clients come in. */
type PublishedAddresses = Pick<Settings, 'publishService' | 'publishAddress'>;

export class Gateways implements GatewayStore {
  readonly configMaps = new KnownConfigMaps();
  #portStates: ReadonlyMap<PortId, PortState> = new Map();
  #bundleVersion: string | undefined;
  readonly #options: GatewaysOptions;
  readonly #translator: GatewayTranslator;
  readonly #ports = new GatewayPorts();
  /** By kind, the objects that there are, by key; none of a kind of which nothing was said yet. */
  readonly #kinds = new Map<GatewayKind, Map<string, ServiceRef>>();
  readonly #known: NamedObjects;
  /** What was looked up since the last {@link settle}, by asker. */
  readonly #searches = new Map<string, GatewaySearch>();
  /** All that have looked something up. */
  readonly #askers = new Set<string>();
  readonly #destinations = new Map<string, readonly Destination[]>();
  /** Keys of objects whose status has changed. */
  readonly #statusNews = new Map<string, ObjectStatus | undefined>();

  constructor(options: GatewaysOptions) {
    this.#options = options;
    const { settings, references, secrets } = options;
    this.#known = { references, secrets, configMaps: this.configMaps };
    this.#translator = new GatewayTranslator(
      {
        ...settings,
        portState: port => settings.sharedPorts?.stateOf(port) ?? this.#portStates.get(port),
        bundleVersion: () => this.#bundleVersion,
      },
      {
        lookupsFor: asker => this.#search(asker),
        onBug: options.onBug,
      },
    );
  }

  /** It is known which objects there are, or no Gateway is served. */
  get isKnown(): boolean {
    return this.#options.settings.controllerName === '' || GATEWAY_KIND_NAMES.every(kind => this.#kinds.has(kind));
  }

  objectOf<K extends GatewayKind>(kind: K, ref: ServiceRef): GatewayKinds[K] | undefined {
    return this.#translator.objectOf(kind, ref);
  }

  /** Where a source puts the Services that are made for Gateways; undefined: they have none. */
  get services(): KnownGatewayServices | undefined {
    return this.#options.settings.gatewayServices;
  }

  /** The program's own ports; undefined: Gateways do not share them. */
  get sharedPorts(): SharedGatewayPorts | undefined {
    return this.#options.settings.sharedPorts;
  }

  /** The Gateways of ours, as they are served; the oldest first. */
  readings(): readonly GatewayReading[] {
    return this.#translator.readings();
  }

  /** What the statuses of all objects have to say, as far as it is ours. */
  statuses(): Iterable<ObjectStatus> {
    return this.#translator.statuses();
  }

  /** How many there are, by what has become of them. */
  figures(): GatewayFigures {
    const statuses = [...this.#translator.statuses()].map(({ status }) => status);
    return gatewayFigures(statuses, this.#portStates.values());
  }

  /** By key, the statuses that have changed since this was asked last; undefined: no part of the object's status is ours any longer. */
  takeStatuses(): ReadonlyMap<string, ObjectStatus | undefined> {
    const news = new Map(this.#statusNews);
    this.#statusNews.clear();
    return news;
  }

  replace<K extends GatewayKind>(kind: K, objects: readonly GatewayKinds[K][]): void {
    const gone = new Map(this.#kinds.get(kind));
    for (const object of objects) {
      gone.delete(gatewayKey(kind, object.metadata));
      this.upsert(kind, object);
    }
    for (const ref of gone.values()) this.remove(kind, ref);
    this.#refsOf(kind);
  }

  upsert<K extends GatewayKind>(kind: K, object: GatewayKinds[K]): void {
    const { namespace, name } = object.metadata;
    this.#refsOf(kind).set(gatewayKey(kind, object.metadata), { namespace, name });
    this.#translator.upsert(kind, object);
  }

  remove(kind: GatewayKind, ref: ServiceRef): void {
    this.#refsOf(kind).delete(gatewayKey(kind, ref));
    this.#translator.remove(kind, ref);
  }

  absent(kind: GatewayKind, why: string | undefined): void {
    if (why === undefined) this.replace(kind, []);
    else this.#refsOf(kind);
  }

  /** What a translation has looked up has changed. @returns whether the asker is one of these */
  touch(asker: string): boolean {
    if (!this.#askers.has(asker)) return false;
    this.#translator.touch(asker);
    return true;
  }

  setBundleVersion(version: string | undefined): void {
    this.#bundleVersion = version;
    this.#translator.optionsChanged();
  }

  /** @param states whether ports are listened on, as the workers say it */
  portsChanged(states: ReadonlyMap<PortId, PortState>): void {
    this.#portStates = states;
    this.#translator.optionsChanged();
  }

  /** @returns whether statuses of Gateways may say something else now */
  settingsChanged({ publishService, publishAddress }: PublishedAddresses): boolean {
    if (this.sharedPorts === undefined || publishService !== undefined) return false;
    this.sharedPorts.setAddresses(addressesOf(publishAddress));
    return true;
  }

  /** Hosts that Gateways name on shared ports may belong to others than before. */
  hostsTurned(): void {
    this.#translator.touch(GATEWAYS);
  }

  /** Translates what has changed, and says it to the ledger and the clusters. @returns whether there was anything */
  settle(): boolean {
    for (const asker of this.configMaps.takeChanged()) this.#translator.touch(asker);
    if (this.services?.takeChanged() === true || this.sharedPorts?.takeChanged() === true)
      this.#translator.touch(GATEWAYS);
    const { routes, ports, diagnostics, statuses } = this.#translator.settle();
    for (const [key, reading] of routes) this.#serve(key, reading);
    if (ports !== undefined) this.#ports.set(ports.ports, ports.certificates);
    for (const [key, found] of diagnostics) this.#remark(key, found);
    for (const [key, status] of statuses) this.#statusNews.set(key, status);
    this.#ask();
    return routes.size + statuses.size + diagnostics.size > 0 || ports !== undefined;
  }

  /** The ports in force. */
  ports(): Iterable<GatewayPort> {
    return this.#ports.all();
  }

  commitPorts(): PortCommit {
    return this.#ports.commit();
  }

  #search(asker: string): GatewaySearch {
    const search = new GatewaySearch(this.#known);
    this.#searches.set(asker, search);
    return search;
  }

  /** Asks for what the newest translations have looked up. */
  #ask(): void {
    for (const [asker, search] of this.#searches) {
      search.ask(asker);
      this.#askers.add(asker);
    }
    this.#searches.clear();
  }

  #serve(key: string, reading: RouteReading | undefined): void {
    const { leading, ledger } = this.#options;
    const destinations = reading?.destinations ?? [];
    leading.change(this.#destinations.get(key) ?? [], destinations);
    if (destinations.length > 0) this.#destinations.set(key, destinations);
    else this.#destinations.delete(key);
    ledger.set(key, reading?.routes ?? []);
    // What is gone asks for nothing.
    if (reading === undefined) this.#search(key);
  }

  #remark(key: string, found: readonly Diagnostic[]): void {
    const { remarks } = this.#options;
    const [refusals, others] = [found.filter(isRefusal), found.filter(one => !isRefusal(one))];
    remarks.set(key, 'refusal', refusals);
    remarks.set(key, 'routes', others);
  }

  #refsOf(kind: GatewayKind): Map<string, ServiceRef> {
    const known = this.#kinds.get(kind) ?? new Map<string, ServiceRef>();
    this.#kinds.set(kind, known);
    return known;
  }
}

function isRefusal({ severity }: Diagnostic): boolean {
  return severity === 'refused';
}
