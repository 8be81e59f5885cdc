import { type ServiceRef, serviceKey } from '../model/route.ts';
import type { EndpointSlice } from '../resources/endpoint-slice.ts';
import type { EndpointSliceStore } from '../resources/endpoint-slice-store.ts';
import type { ManifestSlice } from './manifest-contents.ts';

/** By Service. */
export type SlicesByService = ReadonlyMap<string, readonly EndpointSlice[]>;

const NO_SLICES = 'no EndpointSlice of the manifests belongs to it; add one with the label kubernetes.io/service-name';

export function groupSlices(slices: readonly ManifestSlice[]): SlicesByService {
  return Map.groupBy(
    slices.map(({ slice }) => slice),
    ({ metadata: { namespace }, service }) => serviceKey({ namespace, name: service }),
  );
}

/** The EndpointSlices of manifests, handed to the store that asks for them. */
export class ManifestSlices {
  readonly #store: EndpointSliceStore;
  #slices: SlicesByService = new Map();

  constructor(store: EndpointSliceStore) {
    this.#store = store;
    store.demand.onChange = (service, isWanted) => {
      if (isWanted) tellSlices(store, service, this.#slices);
    };
  }

  /** These are all. What is asked for is told as far as it has changed. @returns whether it has */
  replace(slices: SlicesByService): boolean {
    const before = this.#slices;
    this.#slices = slices;
    const changed = [...this.#store.demand.values()].filter(
      service => !isSameList(before.get(serviceKey(service)), slices.get(serviceKey(service))),
    );
    for (const service of changed) tellSlices(this.#store, service, slices);
    return changed.length > 0;
  }

  stop(): void {
    this.#store.demand.onChange = undefined;
  }
}

/** Objects of files that have not changed stay the same. */
function isSameList(a: readonly EndpointSlice[] = [], b: readonly EndpointSlice[] = []): boolean {
  return a.length === b.length && a.every((slice, index) => slice === b[index]);
}

/** Puts the slices of a Service into the store, if it asks for them. Manifests seldom have any: then its ClusterIP serves it. */
export function tellSlices(store: EndpointSliceStore, service: ServiceRef, slices: SlicesByService): void {
  if (!store.demand.has(service)) return;
  const own = slices.get(serviceKey(service));
  if (own === undefined) store.slicesUnreadable(service, NO_SLICES);
  else store.setSlices(service, own);
}
