import { serviceKey } from '../model/route.ts';
import type { ConfigMap } from '../resources/config-map.ts';
import type { ConfigMapStore } from '../resources/ingress-store.ts';
import type { ManifestConfigMap } from './manifest-contents.ts';

/** The ConfigMaps of manifests, handed to the store that asks for them. */
export class ManifestConfigMaps {
  readonly #store: ConfigMapStore;
  /** By namespace and name; undefined before the first set. */
  #configMaps: ReadonlyMap<string, ConfigMap> | undefined;

  constructor(store: ConfigMapStore) {
    this.#store = store;
    store.demand.onChange = (ref, isWanted) => {
      if (isWanted) store.setConfigMap(ref, this.#configMaps?.get(serviceKey(ref)));
    };
  }

  /** These are all. What is asked for is told as far as it has changed. @returns whether it has */
  replace(configMaps: readonly ManifestConfigMap[]): boolean {
    const before = this.#configMaps;
    this.#configMaps = new Map(configMaps.map(({ configMap }) => [serviceKey(configMap.metadata), configMap]));
    let isChanged = false;
    for (const ref of this.#store.demand.values()) {
      const configMap = this.#configMaps.get(serviceKey(ref));
      if (before !== undefined && configMap === before.get(serviceKey(ref))) continue;
      this.#store.setConfigMap(ref, configMap);
      isChanged = true;
    }
    return isChanged;
  }

  stop(): void {
    this.#store.demand.onChange = undefined;
  }
}
