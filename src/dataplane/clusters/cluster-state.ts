import { changedPart } from '../../model/changed-part.ts';
import type { Cluster, Endpoint } from '../../model/cluster.ts';
import type { PublishedCluster, PublishedEndpoint, PublishedEndpointSet } from '../../model/delta.ts';
import type { ServiceRef } from '../../model/route.ts';
import { NO_SLOT } from '../../observe/endpoint-board.ts';
import { StickyEndpoints } from './affinity/sticky-endpoints.ts';
import { Balancing, type ClusterContext } from './balancing.ts';
import { EndpointState, NEVER } from './endpoint-state.ts';
import type { PoolProtocol } from './upstream-pool.ts';
import { protocolOf } from './upstream-protocol.ts';

const NO_ENDPOINTS: readonly EndpointState[] = [];

/** Why requests fail, by what they get while there are no endpoints. */
const ABSENCE = { 404: 'no_route', 500: 'backend_invalid', 503: 'no_endpoint' } as const;

/** What a worker knows of a cluster. It survives changes of the routes, of the cluster and of its endpoints. */
export class ClusterState {
  /** Undefined where kube-proxy chooses: the one endpoint is a ClusterIP, and nothing is counted for it. */
  balancing: Balancing | undefined;
  /** Undefined where no cookie binds clients to endpoints. */
  sticky: StickyEndpoints<EndpointState> | undefined;
  readonly #context: ClusterContext;
  #cluster: Cluster;
  #protocol: PoolProtocol;
  #counterBlock: number;
  #slot: number;
  /** In the order in which they take turns. */
  #endpoints = NO_ENDPOINTS;
  #draining = NO_ENDPOINTS;
  #turn = 0;

  constructor({ cluster, counterBlock, slot = NO_SLOT }: PublishedCluster, context: ClusterContext) {
    this.#context = context;
    this.#cluster = cluster;
    this.#protocol = protocolOf(cluster);
    this.#counterBlock = counterBlock;
    this.#slot = slot;
    this.#balance();
    this.#bind();
  }

  get service(): ServiceRef {
    return this.#cluster.service;
  }

  /** The port of its Service, as its name has it. */
  get port(): string {
    const { name, service } = this.#cluster;
    return name.slice(`${service.namespace}-${service.name}-`.length);
  }

  /** Where the counters of its Service are in shared memory. */
  get counterBlock(): number {
    return this.#counterBlock;
  }

  /** Why its requests fail while there are no endpoints. */
  get absence(): 'no_endpoint' | 'no_route' | 'backend_invalid' {
    return ABSENCE[this.#cluster.absentStatus ?? 503];
  }

  get endpoints(): readonly EndpointState[] {
    return this.#endpoints;
  }

  get #all(): readonly EndpointState[] {
    return this.#draining.length === 0 ? this.#endpoints : [...this.#endpoints, ...this.#draining];
  }

  /** Its settings have changed. */
  change({ cluster, counterBlock, slot = NO_SLOT }: PublishedCluster): void {
    const scopeBefore = scopeOf(this.#cluster, this.#protocol);
    this.#cluster = cluster;
    this.#protocol = protocolOf(cluster);
    this.#counterBlock = counterBlock;
    this.#slot = slot;
    this.#balance();
    this.#bind();
    const scope = scopeOf(cluster, this.#protocol);
    if (scope === scopeBefore) return;
    const again = (endpoint: EndpointState): EndpointState => endpoint.inScope(scope, this.#protocol);
    this.#replace(this.#all.map(again));
  }

  /** Replaces the endpoints. Those that stay keep their state; the others get nothing new, and their idle connections end. */
  update({ endpoints, slots = [] }: PublishedEndpointSet): void {
    const before = this.#all;
    const isFirst = this.#endpoints.length === 0;
    const since = isFirst ? NEVER : this.#context.clock.monotonic();
    const { start, endBefore, endAfter } = changedPart(before, endpoints, (one, other) => one.id === other.id);
    const moved = new Map(before.slice(start, endBefore).map(endpoint => [endpoint.id, endpoint]));
    const states = endpoints.map((endpoint, index) => {
      const place = index < start ? index : index < endAfter ? -1 : index - endAfter + endBefore;
      const known = place < 0 ? moved.get(endpoint.id) : before[place];
      return this.#stateOf(endpoint, slots[index] ?? NO_SLOT, known, since);
    });
    this.#replace(states);
    // Workers begin at different endpoints: after a start, the first would else get the first request of each.
    if (isFirst) this.#turn = Math.floor(this.#context.random() * endpoints.length);
  }

  /** The cluster is no longer served. */
  close(): void {
    this.#replace([]);
  }

  /** The endpoint whose turn it is, where nothing else balances; undefined when there is none. */
  next(): EndpointState | undefined {
    const endpoints = this.#endpoints;
    if (endpoints.length <= 1) return endpoints[0];
    const turn = this.#turn < endpoints.length ? this.#turn : 0;
    this.#turn = turn + 1;
    return endpoints[turn];
  }

  /** The endpoint for a second attempt: the one behind the first attempt's, which is the same where there is only one. */
  after({ address, port }: Endpoint): EndpointState | undefined {
    const index = this.#endpoints.findIndex(one => one.address === address && one.port === port);
    return this.#endpoints[(index + 1) % this.#endpoints.length];
  }

  #balance(): void {
    if (this.#cluster.balance.policy === 'service') {
      this.balancing = undefined;
      return;
    }
    if (this.balancing !== undefined) {
      this.balancing.change(this.#cluster, this.#slot);
      return;
    }
    this.balancing = new Balancing(this.#cluster, this.#slot, this.#context);
    this.balancing.changed(this.#endpoints);
  }

  #replace(endpoints: readonly EndpointState[]): void {
    const before = this.#all;
    const { start, endBefore, endAfter } = changedPart(before, endpoints, (one, other) => one === other);
    if (endBefore > start) {
      const staying = new Set(endpoints.slice(start, endAfter));
      for (const endpoint of before.slice(start, endBefore)) if (!staying.has(endpoint)) endpoint.retire('gone');
    }
    const draining = endpoints.filter(({ state }) => state !== 'ready');
    // Nearly always all are ready: one list more for each of ten thousand clusters takes its memory.
    this.#endpoints = draining.length === 0 ? endpoints : endpoints.filter(({ state }) => state === 'ready');
    this.#draining = draining.length === 0 ? NO_ENDPOINTS : draining;
    this.balancing?.changed(this.#endpoints);
    this.sticky?.changed(endpoints);
  }

  #bind(): void {
    const { affinity } = this.#cluster;
    if (affinity === undefined || this.balancing === undefined) {
      this.sticky = undefined;
    } else if (this.sticky === undefined) {
      this.sticky = new StickyEndpoints(affinity, this.#context.affinityKeys, this.#cluster);
      this.sticky.changed(this.#all);
    } else {
      this.sticky.cookie = affinity;
    }
  }

  #stateOf(endpoint: PublishedEndpoint, slot: number, known: EndpointState | undefined, since: number): EndpointState {
    const { address, port, weight, state } = endpoint;
    // A pod whose sandbox is made anew keeps its uid, and has another address.
    const isSame = known?.address === address && known.port === port && known.slot === slot;
    if (known === undefined || !isSame) {
      return new EndpointState(endpoint, slot, scopeOf(this.#cluster, this.#protocol), since, this.#protocol);
    }
    known.weight = weight;
    if (state === 'draining' && known.state === 'ready') known.retire('draining');
    else known.state = state;
    return known;
  }
}

/** An address that belongs to a pod may belong to a pod of another cluster a moment later. */
function scopeOf({ id, balance }: Cluster, { key }: PoolProtocol): string {
  const scope = balance.policy === 'service' ? '' : id;
  return key === '' ? scope : `${scope} ${key}`;
}
