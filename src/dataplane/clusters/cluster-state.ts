import type { Cluster, ClusterEndpoint, Endpoint } from '../../model/cluster.ts';
import type { PublishedCluster } from '../../model/delta.ts';
import type { ServiceRef } from '../../model/route.ts';
import { keyOf, type UpstreamPool } from './upstream-pool.ts';

/** An endpoint of a cluster, with the pool of its connections. */
export interface EndpointState extends ClusterEndpoint {
  /** The pool that was used last; undefined before the first request. */
  pool: UpstreamPool | undefined;
}

/** What a worker knows of a cluster. It survives changes of the routes, of the cluster and of its endpoints. */
export class ClusterState {
  #cluster: Cluster;
  #counterBlock: number;
  /** In the order in which they take turns. */
  #endpoints: readonly EndpointState[] = [];
  #turn = 0;

  constructor({ cluster, counterBlock }: PublishedCluster) {
    this.#cluster = cluster;
    this.#counterBlock = counterBlock;
  }

  get service(): ServiceRef {
    return this.#cluster.service;
  }

  /** Where the counters of its Service are in shared memory. */
  get counterBlock(): number {
    return this.#counterBlock;
  }

  get endpoints(): readonly EndpointState[] {
    return this.#endpoints;
  }

  /** Its settings have changed. */
  change({ cluster, counterBlock }: PublishedCluster): void {
    this.#cluster = cluster;
    this.#counterBlock = counterBlock;
  }

  /** Replaces the endpoints; those that stay keep their state. */
  update(endpoints: readonly ClusterEndpoint[]): void {
    const known = new Map(this.#endpoints.map(endpoint => [endpoint.id, endpoint]));
    const isFirst = known.size === 0;
    this.#endpoints = endpoints.map(endpoint => stateOf(endpoint, known.get(endpoint.id)));
    // Workers begin at different endpoints: after a start, the first would else get the first request of each.
    if (isFirst) this.#turn = Math.floor(Math.random() * endpoints.length);
  }

  /** The endpoint whose turn it is; undefined when there is none. */
  next(): EndpointState | undefined {
    const endpoints = this.#endpoints;
    if (endpoints.length <= 1) return endpoints[0];
    const turn = this.#turn < endpoints.length ? this.#turn : 0;
    this.#turn = turn + 1;
    return endpoints[turn];
  }

  /** The endpoint for a second attempt: the one behind the first attempt's, which is the same where there is only one. */
  after(endpoint: Endpoint): EndpointState | undefined {
    const key = keyOf(endpoint);
    const index = this.#endpoints.findIndex(one => keyOf(one) === key);
    return this.#endpoints[(index + 1) % this.#endpoints.length];
  }
}

function stateOf(endpoint: ClusterEndpoint, known: EndpointState | undefined): EndpointState {
  const { id, address, port, pod, zone, weight, state } = endpoint;
  if (known === undefined) return { id, address, port, pod, zone, weight, state, pool: undefined };
  // A pod whose sandbox is made anew keeps its uid, and has another address.
  const pool = keyOf(known) === keyOf(endpoint) ? known.pool : undefined;
  return Object.assign(known, { address, port, pod, zone, weight, state, pool });
}
