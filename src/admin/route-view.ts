import type { ClusterInForce } from '../model/cluster.ts';
import type { ClusterId, Route, RouteOverrides, ServiceRef } from '../model/route.ts';

/** A route as people and scripts get it, with the endpoints that it leads to. */
export interface RouteView {
  readonly host: string;
  readonly path: string;
  readonly stripPrefix: boolean;
  readonly rewriteRedirects: boolean;
  readonly overrides: RouteOverrides;
  readonly backend: {
    readonly name: string;
    readonly endpoints: readonly { readonly address: string; readonly port: number }[];
  };
  readonly service: ServiceRef;
  readonly createdAt: string;
}

/** Knows the clusters that routes lead to. */
export interface ClusterSource {
  cluster(id: ClusterId): ClusterInForce | undefined;
}

export function viewRoute(route: Route, clusters: ClusterSource): RouteView {
  const { host, path, stripPrefix, rewriteRedirects, overrides, service, createdAt } = route;
  const { cluster, endpoints = [] } = clusters.cluster(route.cluster) ?? {};
  const backend = {
    name: cluster?.name ?? '',
    endpoints: endpoints.map(({ address, port }) => ({ address, port })),
  };
  return { host, path, stripPrefix, rewriteRedirects, overrides, backend, service, createdAt };
}
