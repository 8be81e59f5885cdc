import { isDeepStrictEqual } from 'node:util';
import type { GatewayService } from '../../resources/gateway/gateway-service.ts';
import type { GatewayServiceStore } from '../../resources/gateway/gateway-store.ts';

/** Stands between the source and the store of the Services that are made for Gateways, and notes what passes, for the state file. */
export class KeptGatewayServices implements GatewayServiceStore {
  readonly #store: GatewayServiceStore | undefined;
  readonly #onChange: () => void;
  #services: readonly GatewayService[] = [];
  #areRestored = false;

  /** @param store undefined: none are made @param onChange what is to be kept has changed */
  constructor(store: GatewayServiceStore | undefined, onChange: () => void) {
    this.#store = store;
    this.#onChange = onChange;
  }

  get kept(): readonly GatewayService[] {
    return this.#services;
  }

  /** Puts what a file held into the store. The API server has said nothing yet. */
  restore(services: readonly GatewayService[]): void {
    if (this.#store === undefined) return;
    this.#services = services;
    this.#areRestored = true;
    this.#store.set(services, false);
  }

  /** Until they are whole, those of the file stay. */
  set(services: readonly GatewayService[], isWhole: boolean): void {
    if (this.#areRestored && !isWhole) return;
    this.#areRestored = false;
    this.#store?.set(services, isWhole);
    if (isDeepStrictEqual(services, this.#services)) return;
    this.#services = services;
    this.#onChange();
  }
}
