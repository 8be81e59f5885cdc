import { serviceKey } from '../model/route.ts';
import { GATEWAY_KIND_NAMES, namespaceObject } from '../resources/gateway/gateway-kinds.ts';
import type { GatewayKind, GatewayKinds, NamespaceObject } from '../resources/gateway/gateway-object.ts';
import type { GatewayStore } from '../resources/gateway/gateway-store.ts';
import { ManifestConfigMaps } from './manifest-config-maps.ts';
import type { ManifestGatewayObject, ManifestObjects } from './manifest-contents.ts';
import { differences } from './manifest-differences.ts';

type Objects = ReadonlyMap<string, GatewayKinds[GatewayKind]>;

/** The objects of the Gateway API in manifests, with Namespaces and ConfigMaps, handed to the store that asks for them. */
export class ManifestGateways {
  readonly #store: GatewayStore;
  readonly #configMaps: ManifestConfigMaps;
  /** By kind, then by namespace and name; undefined before the first set. */
  #objects: ReadonlyMap<GatewayKind, Objects> | undefined;
  /** By name. The same object stays while nothing has changed. */
  readonly #implied = new Map<string, NamespaceObject>();

  constructor(store: GatewayStore) {
    this.#store = store;
    this.#configMaps = new ManifestConfigMaps(store.configMaps);
  }

  /** These are all. What has changed is told. @returns whether anything has */
  replace({ gatewayObjects, configMaps }: Pick<ManifestObjects, 'gatewayObjects' | 'configMaps'>): boolean {
    const before = this.#objects;
    const byKind = Map.groupBy(gatewayObjects, ({ kind }) => kind);
    const now = new Map<GatewayKind, Objects>(
      GATEWAY_KIND_NAMES.map(kind => [kind, keyed((byKind.get(kind) ?? []).map(({ object }) => object))]),
    );
    now.set('Namespace', keyed([...this.#impliedBy(gatewayObjects), ...(now.get('Namespace')?.values() ?? [])]));
    this.#objects = now;
    let isChanged = this.#configMaps.replace(configMaps) || before === undefined;
    for (const [kind, objects] of now) {
      if (before === undefined) this.#store.replace(kind, [...objects.values()]);
      else if (this.#tell(kind, before.get(kind) ?? new Map(), objects)) isChanged = true;
    }
    return isChanged;
  }

  stop(): void {
    this.#configMaps.stop();
  }

  /** Namespaces that objects belong to. Manifests seldom declare them. */
  #impliedBy(objects: readonly ManifestGatewayObject[]): NamespaceObject[] {
    const names = new Set(objects.map(({ object }) => object.metadata.namespace).filter(name => name !== ''));
    return [...names].map(name => {
      const known = this.#implied.get(name) ?? impliedNamespace(name);
      this.#implied.set(name, known);
      return known;
    });
  }

  #tell(kind: GatewayKind, before: Objects, now: Objects): boolean {
    const { gone, come } = differences(before, now);
    for (const { metadata } of gone) this.#store.remove(kind, metadata);
    for (const object of come) this.#store.upsert(kind, object);
    return gone.length + come.length > 0;
  }
}

function keyed(objects: readonly GatewayKinds[GatewayKind][]): Objects {
  return new Map(objects.map(object => [serviceKey(object.metadata), object]));
}

function impliedNamespace(name: string): NamespaceObject {
  return namespaceObject({ name, namespace: '', generation: 0, creationTimestamp: '', annotations: {}, labels: {} });
}
