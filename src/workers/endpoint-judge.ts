import type { Cluster, ClusterEndpoint } from '../model/cluster.ts';
import type { Delta, ServedCluster } from '../model/delta.ts';
import type { ClusterId } from '../model/route.ts';

/** Decides which endpoints get requests, by what the workers count. */
export interface EndpointJudge {
  /** @param slots where each endpoint is counted, in their order; undefined: none is */
  update(cluster: Cluster, endpoints: readonly ClusterEndpoint[], slots: readonly number[] | undefined): void;
  remove(id: ClusterId): void;
  /** Requests to the endpoint of this slot failed in a row, as many as eject it. */
  suspect(id: ClusterId, slot: number): void;
}

/** Tells the judge what a change has made of clusters. @param inForce after the change */
export function judgeChange(
  judge: EndpointJudge,
  { clusters, endpoints }: Delta,
  inForce: (id: ClusterId) => ServedCluster | undefined,
): void {
  for (const id of clusters.removals) judge.remove(id);
  const changed = new Set([...clusters.upserts.map(({ id }) => id), ...endpoints.map(({ cluster }) => cluster)]);
  for (const id of changed) {
    const served = inForce(id);
    if (served !== undefined) judge.update(served.cluster, served.endpoints, served.slots);
  }
}
