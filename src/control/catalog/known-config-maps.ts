import type { ConfigMap, ConfigMapRef } from '../../resources/config-map.ts';
import type { ConfigMapStore } from '../../resources/ingress-store.ts';
import type { ShapeProblem } from '../../resources/service-object.ts';
import { KnownObjects } from './known-objects.ts';

/** The ConfigMaps that Ingresses and settings ask for. */
export class KnownConfigMaps extends KnownObjects<ConfigMap> implements ConfigMapStore {
  setConfigMap(ref: ConfigMapRef, said: ConfigMap | ShapeProblem | undefined): void {
    this.say(ref, said);
  }

  configMapUnreadable(ref: ConfigMapRef, why: string): void {
    this.sayUnreadable(ref, why);
  }

  restoreConfigMap(configMap: ConfigMap): void {
    this.restore(configMap.metadata, configMap);
  }
}
