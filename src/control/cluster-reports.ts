/** How clusters and their endpoints are now, and where a request would go. */
import { AffinityKeys } from '../dataplane/clusters/affinity/affinity-keys.ts';
import { StickyEndpoints } from '../dataplane/clusters/affinity/sticky-endpoints.ts';
import { cookieValues } from '../formats/http/cookies.ts';
import type { ClusterEndpoint, ClusterInForce } from '../model/cluster.ts';
import type { ClusterId } from '../model/route.ts';
import { AskedRequest, type RequestFacts } from './asked-request.ts';
import { chooseEndpoint, type EndpointChoice } from './endpoint-choice.ts';
import type { ClusterReport, EndpointReport } from './endpoint-report.ts';
import type { ObservedCluster } from './observed-cluster.ts';

/** Knows the clusters that routes lead to. */
export interface ClusterSource {
  cluster(id: ClusterId): ClusterInForce | undefined;
}

/** What is known of the endpoints that workers have. */
export interface HealthReports {
  /** Undefined for a cluster whose endpoints are not judged, because kube-proxy chooses among them. */
  reportOf(id: ClusterId): ClusterReport | undefined;
  /** Endpoints of a cluster that get no requests now, or only some. @param most of them */
  outOfUse(id: ClusterId, most: number): readonly EndpointReport[];
}

const NO_WORKER: HealthReports = { reportOf: () => undefined, outOfUse: () => [] };

export class ClusterReports {
  readonly #clusters: ClusterSource;
  readonly #health: HealthReports;
  readonly #affinityKeys: () => readonly Uint8Array[];

  /** By default no worker runs: only what sources say is known, and no cookie. */
  constructor(
    clusters: ClusterSource,
    health: HealthReports = NO_WORKER,
    affinityKeys: () => readonly Uint8Array[] = () => [],
  ) {
    this.#clusters = clusters;
    this.#health = health;
    this.#affinityKeys = affinityKeys;
  }

  /** As {@link HealthReports.outOfUse}. */
  outOfUse(id: ClusterId, most: number): readonly EndpointReport[] {
    return this.#health.outOfUse(id, most);
  }

  observe({ cluster, endpoints }: ClusterInForce): ObservedCluster {
    const report = this.#health.reportOf(cluster.id);
    return report === undefined
      ? { cluster, usesAll: false, endpoints: endpoints.map(unobserved), more: 0 }
      : { cluster, usesAll: report.usesAll, endpoints: report.endpoints, more: report.more };
  }

  /** @returns undefined where kube-proxy chooses */
  choose(id: ClusterId, facts: RequestFacts): EndpointChoice | undefined {
    const found = this.#clusters.cluster(id);
    if (found === undefined || found.cluster.balance.policy === 'service') return undefined;
    const request = new AskedRequest(facts);
    return chooseEndpoint(this.observe(found), request, this.#boundTo(found, request));
  }

  /** The id of the endpoint that a request's sticky cookie names; undefined for one that is not ours, or without one. */
  #boundTo({ cluster, endpoints }: ClusterInForce, request: AskedRequest): string | undefined {
    const { affinity } = cluster;
    const values = affinity === undefined ? [] : cookieValues(request.header('cookie'), affinity.name);
    if (affinity === undefined || values.length === 0) return undefined;
    const sticky = new StickyEndpoints<ClusterEndpoint>(affinity, new AffinityKeys(this.#affinityKeys()), cluster);
    sticky.changed(endpoints);
    return values.map(value => sticky.find(value)).find(endpoint => endpoint !== undefined)?.id;
  }
}

function unobserved(endpoint: ClusterEndpoint): EndpointReport {
  return { ...endpoint, health: endpoint.state, inFlight: 0, firstByteMs: undefined };
}
