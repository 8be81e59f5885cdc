import type { ClusterSource } from '../control/cluster-reports.ts';
import type { Route, RouteOverrides, ServiceRef } from '../model/route.ts';
import { formatBalance } from '../translate/balance/balance.ts';

/** A route as people and scripts get it, with the endpoints that it leads to. */
export interface RouteView {
  readonly host: string;
  readonly path: string;
  readonly stripPrefix: boolean;
  readonly rewriteRedirects: boolean;
  readonly overrides: RouteOverrides;
  readonly backend: {
    readonly name: string;
    /** As the annotation `kube-entry.io/balance` has it: `service` for the ClusterIP. */
    readonly balance: string;
    readonly endpoints: readonly { readonly address: string; readonly port: number }[];
  };
  readonly service: ServiceRef;
  readonly createdAt: string;
}

export function viewRoute(route: Route, clusters: ClusterSource): RouteView {
  const { host, path, stripPrefix, rewriteRedirects, overrides, service, createdAt } = route;
  const { cluster, endpoints = [] } = clusters.cluster(route.cluster) ?? {};
  const backend = {
    name: cluster?.name ?? '',
    balance: cluster === undefined ? '' : formatBalance(cluster.balance),
    endpoints: endpoints.map(({ address, port }) => ({ address, port })),
  };
  return { host, path, stripPrefix, rewriteRedirects, overrides, backend, service, createdAt };
}
