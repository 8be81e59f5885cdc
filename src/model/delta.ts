import type { Certificate, CertificateId } from './certificate.ts';
import type { Cluster, ClusterEndpoint, ClusterInForce, EndpointSet } from './cluster.ts';
import type { PortChanges } from './gateway-port.ts';
import type { ClusterId, Place, Route } from './route.ts';
import type { TlsHost } from './tls-host.ts';

export interface RouteChanges<R extends Place = Route> {
  /** Routes that are new or changed. */
  readonly upserts: readonly R[];
  /** Where a route was served, and none is now. */
  readonly removals: readonly Place[];
}

/** What turns one version of a table into the next. */
export interface TableDelta<R extends Place = Route> extends RouteChanges<R> {
  readonly version: number;
}

export interface ClusterChanges<C = Cluster> {
  /** Clusters that are new or changed. The endpoints of a new one come with it. */
  readonly upserts: readonly C[];
  /** Clusters that no route leads to now. */
  readonly removals: readonly ClusterId[];
}

/** Changes of what the TLS port serves. */
export interface TlsChanges {
  readonly certificates: { readonly upserts: readonly Certificate[]; readonly removals: readonly CertificateId[] };
  /** Removals name hosts. */
  readonly hosts: { readonly upserts: readonly TlsHost[]; readonly removals: readonly string[] };
}

/** What of a change comes: certificates and hosts are there before the routes of the hosts. */
export function arrivals({ certificates, hosts }: TlsChanges): TlsChanges {
  return {
    certificates: { upserts: certificates.upserts, removals: [] },
    hosts: { upserts: hosts.upserts, removals: [] },
  };
}

/** What of a change goes: behind the routes of the hosts. */
export function departures({ certificates, hosts }: TlsChanges): TlsChanges {
  return {
    certificates: { upserts: [], removals: certificates.removals },
    hosts: { upserts: [], removals: hosts.removals },
  };
}

/**
 * What turns one state into the next: first come certificates, hosts of the TLS port, clusters and their endpoints, then the routes
 * change, then clusters, hosts and certificates go.
 */
export interface Delta<R extends Place = Route, C = Cluster> {
  /** Of the table; the same as before where no route has changed. */
  readonly version: number;
  readonly routes: RouteChanges<R>;
  readonly clusters: ClusterChanges<C>;
  readonly endpoints: readonly EndpointSet[];
  /** Absent: nothing of TLS changes. */
  readonly tls?: TlsChanges;
  /** Absent: nothing of the ports of Gateways changes. */
  readonly ports?: PortChanges;
}

/** A route as workers get it: of its Service, they need what its cluster has. */
export type PublishedRoute = Omit<Route, 'service' | 'createdAt'>;

/** A cluster as workers get it. */
export interface PublishedCluster {
  readonly cluster: Cluster;
  /** Where the counters of its Service are in shared memory. */
  readonly counterBlock: number;
  /** Where its retries in flight are counted on the endpoint board; absent: they are not. */
  readonly slot?: number;
}

/** An endpoint as workers get it: the rest is for people. */
export type PublishedEndpoint = Omit<ClusterEndpoint, 'pod' | 'zone'>;

/** A set of endpoints as workers get it. */
export interface PublishedEndpointSet extends Omit<EndpointSet, 'endpoints'> {
  readonly endpoints: readonly PublishedEndpoint[];
  /** Where each endpoint is counted on the endpoint board, in their order; absent: none is. */
  readonly slots?: readonly number[];
}

/** A cluster that the workers have, and where its requests go. */
export type ServedCluster = PublishedCluster & ClusterInForce & Pick<PublishedEndpointSet, 'slots'>;

export interface PublishedDelta extends Omit<Delta<PublishedRoute, PublishedCluster>, 'endpoints'> {
  readonly endpoints: readonly PublishedEndpointSet[];
}
