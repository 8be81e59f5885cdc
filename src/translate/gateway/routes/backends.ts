/** How the requests of a rule are spread over its backendRefs. Pure. */
import type { Cluster } from '../../../model/cluster.ts';
import type { Policy } from '../../../model/policy.ts';
import type { Route, WeightedBackend } from '../../../model/route.ts';
import type { BackendRef } from '../../../resources/gateway/gateway-object.ts';
import type { RouteClusters } from './route-clusters.ts';

/** A backendRef, and what is done with its requests alone. */
export interface ReadBackend {
  readonly ref: BackendRef;
  readonly weight: number;
  readonly policies: readonly Policy[];
}

/** Where the requests of a rule go. */
export interface RuleBackends extends Pick<Route, 'backends'> {
  readonly cluster: Cluster;
}

/** One that no requests can be sent to keeps its share, and answers 500. */
export function ruleBackends(backends: readonly ReadBackend[], clusters: RouteClusters): RuleBackends {
  const shares: { readonly cluster: Cluster; readonly backend: WeightedBackend }[] = [];
  for (const { ref, weight, policies } of backends) {
    // What has no weight gets no requests, but what is wrong with it is told.
    const found = clusters.clusterOf(ref);
    if (!(weight > 0)) continue;
    const cluster = found ?? clusters.invalid();
    shares.push({ cluster, backend: { cluster: cluster.id, weight, ...(policies.length > 0 && { policies }) } });
  }
  const [first] = shares;
  if (first === undefined) return { cluster: clusters.invalid() };
  const isPlain = shares.length === 1 && first.backend.policies === undefined;
  return { cluster: first.cluster, ...(!isPlain && { backends: shares.map(({ backend }) => backend) }) };
}
