import { type ServiceRef, serviceKey } from '../model/route.ts';
import type { EndpointSlice } from '../resources/endpoint-slice.ts';
import type { EndpointSliceStore } from '../resources/endpoint-slice-store.ts';
import type { ManifestSlice } from './manifest-file.ts';

/** By Service. */
export type SlicesByService = ReadonlyMap<string, readonly EndpointSlice[]>;

const NO_SLICES = 'no EndpointSlice of the manifests belongs to it; add one with the label kubernetes.io/service-name';

export function groupSlices(slices: readonly ManifestSlice[]): SlicesByService {
  return Map.groupBy(
    slices.map(({ slice }) => slice),
    ({ metadata: { namespace }, service }) => serviceKey({ namespace, name: service }),
  );
}

/** Puts the slices of a Service into the store, if it asks for them. Manifests seldom have any: then its ClusterIP serves it. */
export function tellSlices(store: EndpointSliceStore, service: ServiceRef, slices: SlicesByService): void {
  if (!store.demand.has(service)) return;
  const own = slices.get(serviceKey(service));
  if (own === undefined) store.slicesUnreadable(service, NO_SLICES);
  else store.setSlices(service, own);
}
