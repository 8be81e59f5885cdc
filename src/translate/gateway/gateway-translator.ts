/**
 * All objects of the Gateway API that are served: a change costs what it touches. It knows no source and no clock: what the objects name
 * is looked up where its owner says.
 */
import { messageOf } from '../../errors.ts';
import type { Certificate } from '../../model/certificate.ts';
import { bugDiagnostic, type Diagnostic, type ObjectRef } from '../../model/diagnostic.ts';
import type { GatewayPort } from '../../model/gateway-port.ts';
import { type ServiceRef, serviceKey } from '../../model/route.ts';
import {
  type GatewayKind,
  type GatewayKinds,
  type GatewayObject,
  type ParentRef,
  ROUTE_KINDS,
  type RouteKind,
} from '../../resources/gateway/gateway-object.ts';
import { IndexBy } from '../index-by.ts';
import { BackendTlsPolicies } from './backend-tls-policies.ts';
import { byAge } from './by-age.ts';
import { Dependencies } from './dependencies.ts';
import { classStatuses } from './gateway-class.ts';
import { gatewayKey } from './gateway-key.ts';
import type { GatewayLookups, GatewayOptions } from './gateway-lookups.ts';
import { GatewayObjects, type ObjectChange } from './gateway-objects.ts';
import type { ObjectStatus } from './gateway-status.ts';
import { type Grants, isGranted } from './grants.ts';
import { KeptStatuses } from './kept-statuses.ts';
import { addressBefore } from './listeners/address-gateways.ts';
import { mergedPorts } from './listeners/merged-ports.ts';
import { readGateways } from './listeners/read-gateways.ts';
import { gatewayStatuses } from './listeners/statuses.ts';
import { changedParents, isParentKind, listenerKey, type ParentState, parentKeys, stateOf } from './parents.ts';
import type { GatewayReading, ListenerReading, ParentName, RouteReading } from './readings.ts';
import { readRoute } from './routes/read-route.ts';
import type { RouteOptions } from './routes/route-context.ts';
import { withStreams } from './streams.ts';

/** What has changed since it was asked last. */
export interface GatewayChanges {
  /** By key, the routes that were translated; undefined: the object has gone, or it cannot be served for a bug. */
  readonly routes: ReadonlyMap<string, RouteReading | undefined>;
  /** All ports and certificates that there are now; undefined: they are as before. */
  readonly ports: { readonly ports: readonly GatewayPort[]; readonly certificates: readonly Certificate[] } | undefined;
  /** By key, all that is wrong with an object now. */
  readonly diagnostics: ReadonlyMap<string, readonly Diagnostic[]>;
  /** By key, the status of each object whose status is another than before; undefined: no part of it is ours now. */
  readonly statuses: ReadonlyMap<string, ObjectStatus | undefined>;
}

/** Where what is not in objects of the Gateway API comes from. */
export interface GatewaySurroundings {
  /** @param asker what is translated: the key of an object, or {@link GATEWAYS} for all Gateways */
  lookupsFor(asker: string): Omit<GatewayLookups, 'namespaceLabels'>;
  /** Hears of what only a bug in this program can cause. */
  onBug(error: unknown, object: ObjectRef): void;
}

export interface TranslatorOptions extends GatewayOptions, RouteOptions {}

/** Who asks for what Gateways name. */
export const GATEWAYS = 'gateways';

export class GatewayTranslator {
  readonly #options: TranslatorOptions;
  readonly #surroundings: GatewaySurroundings;
  readonly #objects = new GatewayObjects();
  /** What of other objects each translation depends on. */
  readonly #dependencies = new Dependencies();
  /** Keys of routes, by the key of what their parentRefs name. */
  readonly #byParent = new IndexBy<string>();
  readonly #routes = new Map<string, RouteReading>();
  readonly #dirtyRoutes = new Map<string, RouteKind>();
  readonly #policies = new BackendTlsPolicies();
  readonly #statuses = new KeptStatuses();
  readonly #diagnostics = new Map<string, readonly Diagnostic[]>();
  /** By listener, how many routes attach to it. */
  readonly #attached = new Map<string, number>();
  /** Keys of Gateways with listeners to which more or fewer routes may attach than before. */
  readonly #recounted = new Set<string>();
  #gateways: ReadonlyMap<string, GatewayReading> = new Map();
  #parentStates: ReadonlyMap<string, ParentState> = new Map();
  /** By key of their parent. */
  #listeners: ReadonlyMap<string, readonly ListenerReading[]> = new Map();
  /** Keys of Gateways and ListenerSets with which something is wrong. */
  #remarked: ReadonlySet<string> = new Set();
  /** Keys of all that are judged with the Gateways. */
  #judged: ReadonlySet<string> = new Set();
  #areGatewaysDirty = false;
  #areStatusesDirty = false;

  constructor(options: TranslatorOptions, surroundings: GatewaySurroundings) {
    this.#options = options;
    this.#surroundings = surroundings;
  }

  /** The object as it came last. */
  objectOf<K extends GatewayKind>(kind: K, ref: ServiceRef): GatewayKinds[K] | undefined {
    return this.#objects.get(kind, gatewayKey(kind, ref));
  }

  upsert<K extends GatewayKind>(kind: K, object: GatewayKinds[K]): void {
    const change = this.#objects.set(kind, object);
    if (change !== undefined) this.#changed(kind, object.metadata, change);
  }

  remove(kind: GatewayKind, ref: ServiceRef): void {
    const change = this.#objects.delete(kind, gatewayKey(kind, ref));
    if (change !== undefined) this.#changed(kind, ref, change);
  }

  /** What a translation has looked up may have changed. @param asker as in {@link GatewaySurroundings} */
  touch(asker: string): void {
    if (asker === GATEWAYS) this.#areGatewaysDirty = true;
    else if (this.#policies.touchAsker(asker)) return;
    else for (const kind of ROUTE_KINDS) if (asker.startsWith(`${kind} `)) this.#dirtyRoutes.set(asker, kind);
  }

  /** What the options say of ports or of the CRDs may have changed: statuses tell of it, and nothing else. */
  optionsChanged(): void {
    this.#areStatusesDirty = true;
  }

  /** The Gateways of our classes, the oldest first. */
  readings(): readonly GatewayReading[] {
    return [...this.#gateways.values()];
  }

  statuses(): Iterable<ObjectStatus> {
    return this.#statuses.all();
  }

  /** Translates what may be otherwise than before. */
  settle(): GatewayChanges {
    const touched = new Set<string>();
    const gatewaysChanged = this.#areGatewaysDirty;
    if (this.#areGatewaysDirty) this.#readGateways();
    this.#readPolicies();
    const routes = this.#readRoutes(touched);
    if (gatewaysChanged || this.#areStatusesDirty) this.#judgeAll(touched);
    else if (routes.size > 0) this.#judgeRecounted();
    this.#recounted.clear();
    const isPortChange = gatewaysChanged || [...routes.keys()].some(key => key.startsWith('TLSRoute '));
    return {
      routes,
      ports: isPortChange ? this.#ports() : undefined,
      diagnostics: new Map([...touched].map(key => [key, this.#diagnostics.get(key) ?? []])),
      statuses: this.#statuses.takeChanged(),
    };
  }

  #changed(kind: GatewayKind, ref: ServiceRef, change: ObjectChange): void {
    const key = gatewayKey(kind, ref);
    switch (kind) {
      case 'GatewayClass':
      case 'Gateway':
      case 'ListenerSet':
        this.#areGatewaysDirty = true;
        break;
      case 'HTTPRoute':
      case 'GRPCRoute':
      case 'TLSRoute':
        this.#routeChanged(kind, key, change as ObjectChange<RouteKind>);
        break;
      case 'ReferenceGrant':
        this.#touchAll(grantsOf(ref.namespace));
        break;
      case 'BackendTLSPolicy':
        this.#policies.touch(ref.namespace);
        break;
      case 'Namespace':
        this.#touchAll(labelsOf(ref.name));
    }
  }

  #routeChanged(kind: RouteKind, key: string, { before, now }: ObjectChange<RouteKind>): void {
    this.#byParent.delete(parentKeys(before), key);
    this.#byParent.add(parentKeys(now), key);
    this.#dirtyRoutes.set(key, kind);
  }

  #touchAll(what: string): void {
    for (const asker of [...this.#dependencies.askersOf(what)]) this.touch(asker);
  }

  #readGateways(): void {
    const uses = this.#dependencies.begin(GATEWAYS);
    this.#areGatewaysDirty = false;
    try {
      const objects = {
        classes: this.#objects.all('GatewayClass'),
        gateways: this.#objects.all('Gateway'),
        listenerSets: this.#objects.all('ListenerSet'),
        grants: this.#grants(uses),
        addressBefore: (gateway: GatewayObject) =>
          addressBefore(this.#gateways.get(gatewayKey('Gateway', gateway.metadata)), gateway),
      };
      const readings = readGateways(objects, this.#lookups(GATEWAYS, uses), this.#options);
      this.#gateways = new Map(readings.map(reading => [gatewayKey('Gateway', reading.gateway.metadata), reading]));
    } catch (error) {
      // They go on as they were.
      this.#surroundings.onBug(error, { kind: 'Gateway', namespace: '', name: '' });
      return;
    }
    const listeners = [...this.#gateways.values()].flatMap(reading => reading.listeners);
    this.#listeners = Map.groupBy(listeners, ({ parent }) => gatewayKey(parent.kind, parent));
    const before = this.#parentStates;
    const specOf = (parent: ParentName): unknown => this.objectOf(parent.kind, parent)?.spec;
    this.#parentStates = new Map([...this.#gateways].map(([key, reading]) => [key, stateOf(reading, specOf)]));
    for (const parent of changedParents(before, this.#parentStates)) {
      for (const route of this.#byParent.of(parent) ?? []) this.touch(route);
    }
  }

  #readPolicies(): void {
    const namespaces = this.#policies.settle(this.#objects.all('BackendTLSPolicy'), asker =>
      this.#surroundings.lookupsFor(asker),
    );
    for (const namespace of namespaces) this.#touchAll(policiesOf(namespace));
    if (namespaces.length > 0) this.#areStatusesDirty = true;
  }

  #readRoutes(touched: Set<string>): Map<string, RouteReading | undefined> {
    const readings = new Map<string, RouteReading | undefined>();
    for (const [key, kind] of this.#dirtyRoutes) {
      const before = this.#routes.get(key);
      const reading = this.#readRoute(kind, key);
      this.#count(before, -1);
      this.#count(reading, 1);
      if (reading === undefined) this.#routes.delete(key);
      else this.#routes.set(key, reading);
      readings.set(key, reading);
      touched.add(key);
      this.#statuses.set(key, reading?.status);
    }
    this.#dirtyRoutes.clear();
    return readings;
  }

  /** @returns undefined where there is no such object, or for a bug: then it goes on as it was */
  #readRoute<K extends RouteKind>(kind: K, key: string): RouteReading | undefined {
    const object = this.#objects.get(kind, key);
    if (object === undefined) {
      this.#dependencies.forget(key);
      this.#policies.forget(key);
      this.#diagnostics.delete(key);
      return undefined;
    }
    const uses = this.#dependencies.begin(key);
    this.#policies.forget(key);
    const lookups = this.#lookups(key, uses);
    // Listeners may choose by the labels of its namespace.
    uses(labelsOf(object.metadata.namespace));
    try {
      const reading = readRoute(kind, object, {
        listenersOf: (parent, namespace) => this.#listenersOf(parent, namespace),
        backendCertificate: gateway => this.#gateways.get(gatewayKey('Gateway', gateway))?.backendCertificate,
        grants: this.#grants(uses),
        backendTls: (service, port) => {
          uses(policiesOf(service.namespace));
          return this.#policies.tlsFor(key, service, port);
        },
        lookups,
        options: { ...this.#options, ...lookups.namedSecrets },
      });
      this.#diagnostics.set(key, reading.diagnostics);
      return reading;
    } catch (error) {
      const { namespace, name } = object.metadata;
      const ref = { kind, namespace, name };
      this.#surroundings.onBug(error, ref);
      this.#diagnostics.set(key, [bugDiagnostic(ref, messageOf(error))]);
      return this.#routes.get(key);
    }
  }

  #listenersOf({ kind, namespace, name }: ParentRef, ofRoute: string): readonly ListenerReading[] | undefined {
    if (!isParentKind(kind)) return undefined;
    return this.#listeners.get(gatewayKey(kind, { namespace: namespace ?? ofRoute, name }));
  }

  /** @param change how many more routes attach to the listeners of a reading */
  #count(reading: RouteReading | undefined, change: 1 | -1): void {
    for (const listener of reading?.attached ?? []) {
      const key = listenerKey(listener);
      this.#attached.set(key, (this.#attached.get(key) ?? 0) + change);
      this.#recounted.add(gatewayKey('Gateway', listener.gateway));
    }
  }

  #judgeAll(touched: Set<string>): void {
    this.#areStatusesDirty = false;
    const readings = [...this.#gateways.values()];
    const statuses = [
      ...classStatuses(this.#objects.all('GatewayClass'), this.#options),
      ...readings.flatMap(reading => this.#judge(reading)),
      ...this.#policies.statuses(this.#routes),
    ];
    const judged = new Set(statuses.map(status => this.#say(status)));
    for (const key of this.#judged) if (!judged.has(key)) this.#statuses.set(key, undefined);
    this.#judged = judged;
    this.#remark(
      readings.flatMap(({ diagnostics }) => diagnostics),
      touched,
    );
  }

  /** Routes have come, changed or gone: the Gateways that they attach to say how many there are. */
  #judgeRecounted(): void {
    for (const key of this.#recounted) {
      const reading = this.#gateways.get(key);
      if (reading !== undefined) for (const status of this.#judge(reading)) this.#say(status);
    }
    for (const status of this.#policies.statuses(this.#routes)) this.#say(status);
  }

  #judge(reading: GatewayReading): ObjectStatus[] {
    return gatewayStatuses(reading, listener => this.#attached.get(listenerKey(listener)) ?? 0, this.#options);
  }

  /** @returns the key of its object */
  #say(status: ObjectStatus): string {
    const key = gatewayKey(status.status.kind, status.object);
    this.#statuses.set(key, status);
    return key;
  }

  /** What is wrong with Gateways and ListenerSets, by object. */
  #remark(found: readonly Diagnostic[], touched: Set<string>): void {
    const byObject = Map.groupBy(found, ({ object }) => `${object.kind} ${serviceKey(object)}`);
    for (const key of new Set([...this.#remarked, ...byObject.keys()])) {
      touched.add(key);
      this.#diagnostics.set(key, byObject.get(key) ?? []);
    }
    this.#remarked = new Set(byObject.keys());
  }

  /** All ports with what is served on them, and the certificates that they name. */
  #ports(): NonNullable<GatewayChanges['ports']> {
    const readings = [...this.#gateways.values()];
    const streams = this.#objects
      .all('TLSRoute')
      .sort(byAge)
      .map(({ metadata }) => this.#routes.get(gatewayKey('TLSRoute', metadata)));
    return {
      ports: withStreams(
        mergedPorts(readings.flatMap(({ ports }) => ports)),
        streams.filter(reading => reading !== undefined),
      ),
      certificates: readings.flatMap(({ certificates }) => certificates),
    };
  }

  #lookups(asker: string, uses: (what: string) => void): GatewayLookups {
    const found = this.#surroundings.lookupsFor(asker);
    return {
      service: ref => found.service(ref),
      certificate: ref => found.certificate(ref),
      authorities: ref => found.authorities(ref),
      namedSecrets: found.namedSecrets,
      namespaceLabels: name => {
        uses(labelsOf(name));
        return this.objectOf('Namespace', { namespace: '', name })?.metadata.labels;
      },
    };
  }

  /** What is granted counts as depended on, by the namespace that grants it. */
  #grants(uses: (what: string) => void): Grants {
    return {
      isGranted: (from, to) => {
        uses(grantsOf(to.namespace));
        return isGranted(this.#objects.all('ReferenceGrant'), from, to);
      },
    };
  }
}

/** Names for what translations depend on. */
function grantsOf(namespace: string): string {
  return `grants ${namespace}`;
}

function policiesOf(namespace: string): string {
  return `policies ${namespace}`;
}

function labelsOf(namespace: string): string {
  return `labels ${namespace}`;
}
