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
  /** Those of a file of which nothing was said yet. */
  readonly #restored = new Map<string, ConfigMap>();

  /** @param onChange what is to be kept has changed */
  constructor(store: ConfigMapStore, onChange: () => void) {
    this.demand = store.demand;
    this.#store = store;
    this.#onChange = onChange;
  }

  /** Those that are still asked for. */
  get kept(): ConfigMap[] {
    const all = [...this.#restored.values(), ...this.#configMaps.values()];
    return all.filter(({ metadata }) => this.demand.has(metadata));
  }

  /** Puts what a file held into the store. The API server has said nothing yet. */
  restore(configMaps: readonly ConfigMap[]): void {
    for (const configMap of configMaps) this.restoreConfigMap(configMap);
  }

  restoreConfigMap(configMap: ConfigMap): void {
    this.#restored.set(serviceKey(configMap.metadata), configMap);
    this.#store.restoreConfigMap(configMap);
  }

  forgetRestored(): void {
    this.#store.forgetRestored();
  }

  setConfigMap(ref: ConfigMapRef, said: ConfigMap | ShapeProblem | undefined): void {
    this.#store.setConfigMap(ref, said);
    this.#restored.delete(serviceKey(ref));
    if (said === undefined || isShapeProblem(said)) this.#configMaps.delete(serviceKey(ref));
    else this.#configMaps.set(serviceKey(ref), said);
    this.#onChange();
  }

  configMapUnreadable(ref: ConfigMapRef, why: string): void {
    this.#store.configMapUnreadable(ref, why);
  }
}
