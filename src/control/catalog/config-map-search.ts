import type { ConfigMapRef } from '../../resources/config-map.ts';
import type { ConfigMapData } from '../../translate/ingress/ingress-feature.ts';
import type { KnownConfigMaps } from './known-config-maps.ts';
import { faultOf, lastRead } from './known-objects.ts';

/** Looks ConfigMaps up for one translation, and remembers which it was asked for. */
export class ConfigMapSearch {
  readonly asked: ConfigMapRef[] = [];
  /** Anything that is asked for is not known yet. */
  isAwaiting = false;
  readonly #configMaps: KnownConfigMaps;

  constructor(configMaps: KnownConfigMaps) {
    this.#configMaps = configMaps;
  }

  readonly find = (ref: ConfigMapRef): ConfigMapData | { readonly fault: string } | undefined => {
    this.asked.push(ref);
    const state = this.#configMaps.of(ref);
    const found = lastRead(state)?.data ?? faultOf(state, 'ConfigMap');
    this.isAwaiting ||= found === undefined;
    return found;
  };
}
