import type { ClusterSource } from '../control/cluster-reports.ts';
import { clusterOfPolicy, type PolicyKind } from '../model/policy.ts';
import type {
  Canary,
  CanaryRule,
  ClusterId,
  GatewayRoute,
  RequestConditions,
  Route,
  RouteOverrides,
  ServiceRef,
} from '../model/route.ts';
import { formatBalance } from '../translate/balance/balance.ts';

/** A route as people and scripts get it, with the endpoints that it leads to. */
export interface RouteView {
  readonly host: string;
  readonly path: string;
  /** Absent: the path is a prefix. */
  readonly match?: NonNullable<Route['match']>;
  /** Whose it is; absent: an annotated Service's. */
  readonly ingress?: ServiceRef;
  /** Present for a rule of a Gateway. */
  readonly gateway?: GatewayRouteView;
  readonly stripPrefix: boolean;
  readonly rewriteRedirects: boolean;
  readonly overrides: RouteOverrides;
  readonly backend: BackendSummary;
  readonly service: ServiceRef;
  readonly createdAt: string;
  /** By name, in the order in which a request meets them; absent where there are none. */
  readonly policies?: readonly PolicyKind[];
  /** Where its policies lead beside the backend; absent where they lead nowhere. */
  readonly policyBackends?: readonly (BackendSummary & { readonly policy: PolicyKind })[];
  /** Takes some of its requests; absent where none does. */
  readonly canary?: CanaryRule & Pick<Canary, 'ingress'> & { readonly backend: BackendSummary };
  /** They share its requests by weight; absent where all go to the backend. */
  readonly backends?: readonly (BackendSummary & { readonly weight: number })[];
}

/** Whose rule it is, and which requests it is for beside their host and path. */
export interface GatewayRouteView extends Pick<GatewayRoute, 'object' | 'rule'> {
  /** Address and port. */
  readonly port: string;
  /** Of the listener; empty: all hosts. */
  readonly hostname: string;
  /** Absent: all. */
  readonly conditions?: RequestConditions;
}

/** A cluster, by what matters of it to a route. */
export interface BackendSummary {
  readonly name: string;
  /** As the annotation `kube-entry.io/balance` has it: `service` for the ClusterIP. */
  readonly balance: string;
  readonly endpoints: readonly { readonly address: string; readonly port: number }[];
  /** The answer where there are no endpoints; absent: 503. */
  readonly absentStatus?: number;
}

export function viewRoute(route: Route, clusters: ClusterSource): RouteView {
  const { host, path, stripPrefix, rewriteRedirects, overrides, service, createdAt, canary, policies } = route;
  const backend = summarise(route.cluster, clusters);
  const named = policies && { policies: policies.map(({ kind }) => kind) };
  const policyBackends = (policies ?? []).flatMap(policy => {
    const led = clusterOfPolicy(policy);
    return led === undefined ? [] : [{ policy: policy.kind, ...summarise(led, clusters) }];
  });
  const view = {
    ...{ host, path, stripPrefix, rewriteRedirects, overrides, backend, service, createdAt, ...named },
    ...(route.match && { match: route.match }),
    ...(route.ingress && { ingress: route.ingress.ingress }),
    ...gatewayView(route),
    ...(policyBackends.length > 0 && { policyBackends }),
    ...(route.backends && {
      backends: route.backends.map(({ cluster, weight }) => ({ ...summarise(cluster, clusters), weight })),
    }),
  };
  if (canary === undefined) return view;
  const { cluster, ...rule } = canary;
  return { ...view, canary: { ...rule, backend: summarise(cluster, clusters) } };
}

function gatewayView({ gateway, listener }: Route): Pick<RouteView, 'gateway'> {
  if (gateway === undefined || listener === undefined) return {};
  const { object, rule } = gateway;
  const { port, hostname, conditions } = listener;
  return { gateway: { object, rule, port, hostname, ...(conditions && { conditions }) } };
}

function summarise(id: ClusterId, clusters: ClusterSource): BackendSummary {
  const { cluster, endpoints = [] } = clusters.cluster(id) ?? {};
  return {
    name: cluster?.name ?? '',
    balance: cluster === undefined ? '' : formatBalance(cluster.balance),
    endpoints: endpoints.map(({ address, port }) => ({ address, port })),
    ...(cluster?.absentStatus !== undefined && { absentStatus: cluster.absentStatus }),
  };
}
