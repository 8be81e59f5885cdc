import { type ServiceRef, serviceKey } from '../../model/route.ts';
import type { Logger } from '../../observe/logger.ts';
import type { EndpointSlice } from '../../resources/endpoint-slice.ts';
import type { EndpointSliceStore } from '../../resources/endpoint-slice-store.ts';
import { SharedStrings } from '../../resources/shared-strings.ts';
import type { Settings } from '../../settings/schema.ts';
import { readWatchedSlice, serviceNameOf, sliceCollection } from './collections.ts';
import { DemandSource, type DemandSourceOptions } from './demand-source.ts';
import type { Followed } from './demand-watch.ts';

export interface EndpointSliceSourceOptions extends DemandSourceOptions {
  readonly settings: Pick<Settings, 'namespace'>;
  readonly store: EndpointSliceStore;
  /** A Service asks for its endpoints: the first one since the start. */
  readonly onFirstDemand?: () => void;
}

/**
 * The EndpointSlices of the Services that ask for their endpoints: one watch for the cluster, or one a namespace. A Service
 * without a ClusterIP cannot be served before its slices are known; the others can.
 */
export function endpointSliceSource({
  settings,
  store,
  onFirstDemand,
  ...options
}: EndpointSliceSourceOptions): DemandSource<EndpointSlice> {
  const isWhole = settings.namespace.length === 0;
  return new DemandSource(options, {
    demand: store.demand,
    scopeOf: ({ namespace }) => (isWhole ? '' : namespace),
    followed: ({ namespace }) => followedSlices(isWhole ? undefined : namespace, store, options.logger),
    ...(onFirstDemand !== undefined && { onFirstDemand }),
  });
}

function followedSlices(
  namespace: string | undefined,
  store: EndpointSliceStore,
  logger: Logger,
): Followed<EndpointSlice> {
  const shared = new SharedStrings();
  return {
    plural: 'EndpointSlices',
    consequence: 'the Services that ask for their endpoints are served by their ClusterIPs until that is granted',
    unserved: '; Kubernetes serves EndpointSlices from version 1.21 on',
    collection: owner => sliceCollection(owner?.namespace ?? namespace, owner?.name),
    ownerOf: object => serviceKey({ namespace: object.metadata.namespace, name: serviceNameOf(object) }),
    ownerOfKept: ({ metadata: { namespace }, service }) => serviceKey({ namespace, name: service }),
    read: (object, before) => readWatchedSlice(object, logger, shared, before),
    known: (owner: ServiceRef, slices) => store.setSlices(owner, slices),
    unreadable: (owner, why) => store.slicesUnreadable(owner, why),
  };
}
