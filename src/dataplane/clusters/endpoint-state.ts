import type { ClusterEndpoint, Endpoint } from '../../model/cluster.ts';
import type { Candidate } from './balancers/balancer.ts';
import type { PoolProtocol, UpstreamPool } from './upstream-pool.ts';
import { HTTP1_IN_CLEAR } from './upstream-protocol.ts';

/** Before any moment of the monotonic clock. */
export const NEVER = Number.NEGATIVE_INFINITY;

/** After a sign that an endpoint ends, others are asked first for so long: Kubernetes has usually said by then what became of the pod. */
const SUSPECT_MS = 1_000;

/** What a worker needs of an endpoint. */
type Served = Pick<ClusterEndpoint, 'id' | 'address' | 'port' | 'weight'> & { readonly state: EndpointState['state'] };

/** An endpoint of a cluster, as a worker serves it. */
export class EndpointState implements Endpoint, Candidate {
  readonly id: string;
  readonly address: string;
  readonly port: number;
  weight: number;
  /** Where what all workers know of it is counted. */
  readonly slot: number;
  /** When it came, by the monotonic clock; an endpoint that is as old as its cluster is not new. */
  readonly since: number;
  /** Only endpoints with the same scope may share connections. */
  readonly scope: string;
  readonly protocol: PoolProtocol;
  state: ClusterEndpoint['state'] | 'gone';
  /** The pool that was used last; undefined before the first request. */
  pool: UpstreamPool | undefined;
  /** After a connection to it has failed: until then, by the monotonic clock, others are asked first. {@link NEVER} once it has answered. */
  suspectUntil = NEVER;
  /** It closed a kept connection: until then, others are asked first where it does not matter which one a request goes to. */
  closingUntil = NEVER;
  /** Of this worker. */
  tunnels = 0;

  constructor(
    { id, address, port, weight, state }: Served,
    slot: number,
    scope: string,
    since: number,
    protocol = HTTP1_IN_CLEAR,
  ) {
    this.id = id;
    this.address = address;
    this.port = port;
    this.weight = weight;
    this.slot = slot;
    this.scope = scope;
    this.protocol = protocol;
    this.since = since;
    this.state = state;
  }

  /** It keeps a connection of this worker open that is idle, or that carries many requests. */
  get isConnected(): boolean {
    return this.pool !== undefined && (this.pool.idle.length > 0 || this.pool.shared.length > 0);
  }

  /** A connection to it has failed, or one request tries whether it answers again. @param now by the monotonic clock */
  suspect(now: number): void {
    this.suspectUntil = now + SUSPECT_MS;
  }

  /** A connection to it has failed, and it has answered no request since. */
  get isSuspect(): boolean {
    return this.suspectUntil !== NEVER;
  }

  /**
   * It has answered. A pod that ends takes no connection, and still answers what it has begun: requests from before the failure do not
   * count. @param pickedAt of the request, by the monotonic clock
   */
  answered(pickedAt: number): void {
    if (pickedAt >= this.suspectUntil - SUSPECT_MS) this.suspectUntil = NEVER;
  }

  /** It closed a connection soon after a request, as a server does that ends. @param now by the monotonic clock */
  closedKept(now: number): void {
    this.closingUntil = now + SUSPECT_MS;
  }

  /** The same endpoint, which shares connections with others. */
  inScope(scope: string, protocol: PoolProtocol): EndpointState {
    return new EndpointState(this, this.slot, scope, this.since, protocol);
  }

  /** It no longer takes requests, or only those that are bound to it: its idle connections end, and no others are kept. */
  retire(state: 'draining' | 'gone'): void {
    this.state = state;
    this.pool?.leave(this);
    this.pool = undefined;
  }
}
