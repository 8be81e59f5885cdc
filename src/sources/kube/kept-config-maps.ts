import { serviceKey } from '../../model/route.ts';
import type { ConfigMap, ConfigMapRef } from '../../resources/config-map.ts';
import type { Demand } from '../../resources/demand.ts';
import type { ConfigMapStore } from '../../resources/ingress-store.ts';
import { isShapeProblem, type ShapeProblem } from '../../resources/service-object.ts';

/** Stands between the source and a store of ConfigMaps, and notes what passes, for the state file. */
export class KeptConfigMaps implements ConfigMapStore {
  readonly demand: Demand;
  readonly #store: ConfigMapStore;
  readonly #onChange: () => void;
  readonly #configMaps = new Map<string, ConfigMap>();

  /** @param onChange what is to be kept has changed */
  constructor(store: ConfigMapStore, onChange: () => void) {
    this.demand = store.demand;
    this.#store = store;
    this.#onChange = onChange;
  }

  /** Those that are still asked for. */
  get kept(): ConfigMap[] {
    return [...this.#configMaps.values()].filter(({ metadata }) => this.demand.has(metadata));
  }

  /** Puts what a file held into the store. The API server has said nothing yet. */
  restore(configMaps: readonly ConfigMap[]): void {
    for (const configMap of configMaps) this.#store.setConfigMap(configMap.metadata, configMap);
  }

  setConfigMap(ref: ConfigMapRef, said: ConfigMap | ShapeProblem | undefined): void {
    this.#store.setConfigMap(ref, said);
    if (said === undefined || isShapeProblem(said)) this.#configMaps.delete(serviceKey(ref));
    else this.#configMaps.set(serviceKey(ref), said);
    this.#onChange();
  }

  configMapUnreadable(ref: ConfigMapRef, why: string): void {
    this.#store.configMapUnreadable(ref, why);
  }
}
