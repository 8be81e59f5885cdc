import { type ServiceRef, serviceKey } from '../model/route.ts';
import type { EndpointSlice } from './endpoint-slice.ts';

/**
 * Where a source puts the EndpointSlices of the Services that ask for their endpoints ({@link EndpointDemand}). Until
 * something is said of such a Service its slices are not known yet, and its ClusterIP is used.
 */
export interface EndpointSliceStore {
  /** Which Services ask. Of the others nothing need be said. */
  readonly demand: EndpointDemand;
  /** These are all slices of the Service. None: it has no endpoints. */
  setSlices(service: ServiceRef, slices: readonly EndpointSlice[]): void;
  /**
   * The slices cannot be read: the ClusterIP is used, until {@link setSlices}.
   * @param why for people, with what to do about it
   */
  slicesUnreadable(service: ServiceRef, why: string): void;
}

/**
 * Which Services ask for their endpoints. Who translates Services says so here, and the source reads the slices of no
 * others.
 */
export class EndpointDemand {
  readonly #services = new Map<string, ServiceRef>();
  /** Called for each change, before anything else happens: what is costly waits for the changes of the same turn. */
  onChange: ((service: ServiceRef, isWanted: boolean) => void) | undefined;

  get size(): number {
    return this.#services.size;
  }

  has(service: ServiceRef): boolean {
    return this.#services.has(serviceKey(service));
  }

  values(): Iterable<ServiceRef> {
    return this.#services.values();
  }

  set(service: ServiceRef, isWanted: boolean): void {
    const key = serviceKey(service);
    if (this.#services.has(key) === isWanted) return;
    if (isWanted) this.#services.set(key, service);
    else this.#services.delete(key);
    this.onChange?.(service, isWanted);
  }
}
