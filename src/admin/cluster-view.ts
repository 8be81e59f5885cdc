/** A cluster and its endpoints as they are now, for people and scripts. */
import type { EndpointReport } from '../control/endpoint-report.ts';
import type { ObservedCluster } from '../control/observed-cluster.ts';
import type { ServiceRef } from '../model/route.ts';
import { formatBalance } from '../translate/balance/balance.ts';

export interface ClusterView {
  /** ingress-nginx's: `namespace-service-port`. */
  readonly name: string;
  readonly service: ServiceRef;
  /** As the annotation `kube-entry.io/balance` has it: `service` for the ClusterIP. */
  readonly balance: string;
  /** The cookie that binds clients to endpoints; empty without one. */
  readonly affinityCookie: string;
  /** Requests in flight that one endpoint takes; 0 is no limit. */
  readonly maxRequests: number;
  readonly usesAll: boolean;
  readonly endpoints: readonly EndpointView[];
  /** Endpoints beyond those that are listed. */
  readonly more: number;
}

export interface EndpointView {
  readonly address: string;
  readonly port: number;
  readonly pod: string;
  readonly zone: string;
  readonly weight: number;
  readonly state: EndpointReport['health'];
  readonly inFlight: number;
  /** Null before the first answer. */
  readonly firstByteMs: number | null;
  /** Null for an endpoint that is not ejected. */
  readonly ejection: { readonly reason: string; readonly times: number; readonly until: string } | null;
  /** How its last health check went; null where there was none. */
  readonly check: { readonly passed: boolean; readonly detail: string; readonly at: string } | null;
}

export function viewCluster({ cluster, usesAll, endpoints, more }: ObservedCluster): ClusterView {
  const { name, service, balance, affinity, maxRequests } = cluster;
  return {
    name,
    service,
    balance: formatBalance(balance),
    affinityCookie: affinity?.name ?? '',
    maxRequests,
    usesAll,
    endpoints: endpoints.map(viewEndpoint),
    more,
  };
}

export function viewEndpoint(report: EndpointReport): EndpointView {
  const { address, port, pod, zone, weight, health, inFlight, firstByteMs, ejection, check } = report;
  return {
    ...{ address, port, pod, zone, weight, inFlight },
    state: health,
    firstByteMs: firstByteMs ?? null,
    ejection: ejection === undefined ? null : { ...ejection, until: new Date(ejection.until).toISOString() },
    check: check === undefined ? null : { ...check, at: new Date(check.at).toISOString() },
  };
}
