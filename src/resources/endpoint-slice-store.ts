import type { ServiceRef } from '../model/route.ts';
import type { Demand } from './demand.ts';
import type { EndpointSlice } from './endpoint-slice.ts';

/**
 * Where a source puts the EndpointSlices of the Services that ask for their endpoints ({@link Demand}). Until
 * something is said of such a Service its slices are not known yet, and its ClusterIP is used.
 */
export interface EndpointSliceStore {
  /** Which Services ask. Of the others nothing need be said. */
  readonly demand: Demand;
  /** These are all slices of the Service. None: it has no endpoints. */
  setSlices(service: ServiceRef, slices: readonly EndpointSlice[]): void;
  /**
   * The slices cannot be read: the ClusterIP is used, until {@link setSlices}.
   * @param why for people, with what to do about it
   */
  slicesUnreadable(service: ServiceRef, why: string): void;
}
