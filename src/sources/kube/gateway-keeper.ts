import { type ServiceRef, serviceKey } from '../../model/route.ts';
import type { ConfigMap } from '../../resources/config-map.ts';
import { GATEWAY_KIND_NAMES } from '../../resources/gateway/gateway-kinds.ts';
import type { GatewayKind, GatewayKinds } from '../../resources/gateway/gateway-object.ts';
import type { GatewayService } from '../../resources/gateway/gateway-service.ts';
import type { GatewayStore } from '../../resources/gateway/gateway-store.ts';
import { KeptConfigMaps } from './kept-config-maps.ts';
import { KeptGatewayServices } from './kept-gateway-services.ts';

/** An object of one of the kinds that are read for Gateways, and its kind. */
export interface KindedObject<K extends GatewayKind = GatewayKind> {
  readonly kind: K;
  readonly object: GatewayKinds[K];
}

/** What a state file holds for Gateways. Of Secrets there are names in it, and nothing else. */
export interface SavedGateways {
  readonly gatewayObjects: readonly KindedObject[];
  readonly configMaps: readonly ConfigMap[];
  readonly gatewayServices: readonly GatewayService[];
}

export const NO_GATEWAYS: SavedGateways = { gatewayObjects: [], configMaps: [], gatewayServices: [] };

/** Stands between the source and the store of Gateways, and notes what passes: for the state file, and for who writes statuses. */
export class GatewayKeeper implements GatewayStore {
  readonly configMaps: KeptConfigMaps;
  readonly services: KeptGatewayServices;
  readonly #store: GatewayStore;
  /** As the API server has them, by kind, then by namespace and name. */
  readonly #objects = new Map<GatewayKind, Map<string, GatewayKinds[GatewayKind]>>();
  readonly #restored = new Map<GatewayKind, readonly GatewayKinds[GatewayKind][]>();
  /** Called when what is to be kept has changed. */
  onChange: (() => void) | undefined;
  /** Called for each object that the API server has named, whatever of it has changed. */
  onObject: ((kind: GatewayKind, ref: ServiceRef) => void) | undefined;

  constructor(store: GatewayStore) {
    this.#store = store;
    this.configMaps = new KeptConfigMaps(store.configMaps, () => this.onChange?.());
    this.services = new KeptGatewayServices(store.services, () => this.onChange?.());
  }

  /** An object as the API server has it, with its status. */
  get<K extends GatewayKind>(kind: K, ref: ServiceRef): GatewayKinds[K] | undefined {
    return this.#objects.get(kind)?.get(serviceKey(ref)) as GatewayKinds[K] | undefined;
  }

  /** All of a kind, as {@link get} gives them. */
  all(kind: GatewayKind): Iterable<GatewayKinds[GatewayKind]> {
    return this.#objects.get(kind)?.values() ?? [];
  }

  /** The objects of the file, until the API server has named the present ones. */
  restored<K extends GatewayKind>(kind: K): readonly GatewayKinds[K][] {
    return (this.#restored.get(kind) ?? []) as readonly GatewayKinds[K][];
  }

  /** What is known now. Of kinds that could not be read since the start it is what the file held. */
  get kept(): SavedGateways {
    const gatewayObjects = GATEWAY_KIND_NAMES.flatMap(kind => {
      const objects = this.#objects.get(kind)?.values() ?? this.#restored.get(kind) ?? [];
      return [...objects].map(object => ({ kind, object }));
    });
    return { gatewayObjects, configMaps: this.configMaps.kept, gatewayServices: this.services.kept };
  }

  /** Puts what a file held into the store. The API server has said nothing yet. */
  restore({ gatewayObjects, configMaps, gatewayServices }: SavedGateways): void {
    const byKind = Map.groupBy(gatewayObjects, ({ kind }) => kind);
    for (const kind of GATEWAY_KIND_NAMES) {
      const objects = (byKind.get(kind) ?? []).map(({ object }) => object);
      this.#store.replace(kind, objects);
      this.#restored.set(kind, objects);
    }
    this.configMaps.restore(configMaps);
    this.services.restore(gatewayServices);
  }

  replace<K extends GatewayKind>(kind: K, objects: readonly GatewayKinds[K][]): void {
    this.#store.replace(kind, objects);
    this.#named(kind);
    this.#objects.set(kind, new Map(objects.map(object => [serviceKey(object.metadata), object])));
    this.onChange?.();
    for (const { metadata } of objects) this.onObject?.(kind, metadata);
  }

  upsert<K extends GatewayKind>(kind: K, object: GatewayKinds[K]): void {
    this.#store.upsert(kind, object);
    const before = this.get(kind, object.metadata);
    this.#objects.get(kind)?.set(serviceKey(object.metadata), object);
    if (before === undefined || !isSameSpec(before, object)) this.onChange?.();
    this.onObject?.(kind, object.metadata);
  }

  remove(kind: GatewayKind, ref: ServiceRef): void {
    this.#store.remove(kind, ref);
    this.#objects.get(kind)?.delete(serviceKey(ref));
    this.onChange?.();
    this.onObject?.(kind, ref);
  }

  absent(kind: GatewayKind, why: string | undefined): void {
    this.#store.absent(kind, why);
    if (why !== undefined) return;
    this.#named(kind);
    this.#objects.set(kind, new Map());
    this.onChange?.();
  }

  setBundleVersion(version: string | undefined): void {
    this.#store.setBundleVersion(version);
  }

  #named(kind: GatewayKind): void {
    if (this.#restored.delete(kind) && this.#restored.size === 0) this.configMaps.forgetRestored();
  }
}

/** Whether two versions of an object differ in nothing that a file keeps: the API server counts the versions of the spec. */
function isSameSpec(one: GatewayKinds[GatewayKind], other: GatewayKinds[GatewayKind]): boolean {
  if (one.metadata.generation !== other.metadata.generation || other.metadata.generation === 0) return false;
  const { annotations } = one.metadata;
  const entries = Object.entries(other.metadata.annotations);
  return (
    entries.length === Object.keys(annotations).length && entries.every(([key, value]) => annotations[key] === value)
  );
}
