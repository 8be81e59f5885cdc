/** How clusters and their endpoints are now, and where a request would go. */
import type { Balance, ClusterEndpoint, ClusterInForce, HashKey } from '../model/cluster.ts';
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
}

export class ClusterReports {
  readonly #clusters: ClusterSource;
  readonly #health: HealthReports;

  /** @param health by default no worker runs, and only what sources say is known */
  constructor(clusters: ClusterSource, health: HealthReports = { reportOf: () => undefined }) {
    this.#clusters = clusters;
    this.#health = health;
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
    return chooseEndpoint(this.observe(found), new AskedRequest(facts), undefined);
  }
}

function unobserved(endpoint: ClusterEndpoint): EndpointReport {
  return { ...endpoint, health: endpoint.state, inFlight: 0, firstByteMs: undefined };
}

/** As the annotation has it. */
export function balanceText(balance: Balance): string {
  return balance.policy === 'hash' ? `hash ${keyText(balance.key)}` : balance.policy;
}

function keyText(key: HashKey): string {
  switch (key.from) {
    case 'client-ip':
    case 'uri':
      return key.from;
    case 'text':
      return key.parts.map(part => (typeof part === 'string' ? part : `$${part.variable}`)).join('');
    default:
      return `${key.from}:${key.name}`;
  }
}
