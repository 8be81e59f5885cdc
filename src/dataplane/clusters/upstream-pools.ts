import type { FailureReason } from '../../failures/failures.ts';
import { COUNTER } from '../../observe/counters.ts';
import type { Upstream } from '../pipeline/ports.ts';
import { guarded } from '../runtime/guard.ts';
import { type Indexed, IndexedSet } from '../runtime/indexed-set.ts';
import type { ConnectAttempt } from '../transport/connect.ts';
import type { ClusterState } from './cluster-state.ts';
import type { EndpointState } from './endpoint-state.ts';
import { idleLimit, lifeOf, MAX_REQUESTS } from './recycling.ts';
import { SharedConnections, type SharedConnectionsContext } from './shared-connections.ts';
import {
  type ConnectionSeeker,
  type ConnectorContext,
  type UpstreamConnectListener,
  UpstreamConnector,
} from './upstream-connector.ts';
import { type ConnectionKeeper, type PooledConnection, poolKey, UpstreamPool } from './upstream-pool.ts';

/** A server that ends closes its idle connections at once; the idle limits of servers are longer than this. */
const SOON_MS = 1_000;

/** What the pools of a worker need. */
export interface PoolsContext extends SharedConnectionsContext, ConnectorContext {
  /** Makes a connection that is attached to its transport once that is connected. */
  createConnection(pool: UpstreamPool, retireAt: number): PooledConnection;
}

/** A connection that is being made. */
interface Connecting extends Indexed {
  readonly attempt: ConnectAttempt;
  readonly takeOffLimit: () => void;
}

/** The connections of a worker to all upstreams. */
export class UpstreamPools implements ConnectionKeeper {
  readonly #context: PoolsContext;
  readonly #connector: UpstreamConnector;
  readonly #byKey = new Map<string, UpstreamPool>();
  readonly #connecting = new IndexedSet<Connecting>();
  readonly #connections = new IndexedSet<PooledConnection>();
  /** Those that carry many requests at once. */
  readonly shared: SharedConnections;
  #closed = false;

  constructor(context: PoolsContext) {
    this.#context = context;
    this.#connector = new UpstreamConnector(context);
    this.shared = new SharedConnections(context, this.#connector, pool => this.#leave(pool));
  }

  /** Connections of all pools. */
  get size(): number {
    return this.#connections.size + this.shared.size;
  }

  /** A kept-alive connection that is fit for another request; undefined when there is none. */
  takeIdle(endpoint: EndpointState): Upstream | undefined {
    const pool = this.#poolOf(endpoint);
    if (pool.protocol.isHttp2) return this.shared.take(pool);
    const { idle } = pool;
    for (let upstream = idle.pop(); upstream !== undefined; upstream = idle.pop()) {
      this.#context.counters.addTo(COUNTER.upstreamIdle, -1);
      if (upstream.isReusable && this.#context.wheel.coarseNow < upstream.retireAt) return this.#use(upstream);
      upstream.destroy();
    }
    return undefined;
  }

  /** Makes a connection, and tries once: what comes of a failure is for the seeker to say. */
  connect(endpoint: EndpointState, timeoutMs: number, seeker: ConnectionSeeker): void {
    const { counters, clock } = this.#context;
    const pool = this.#poolOf(endpoint);
    if (pool.protocol.isHttp2) {
      this.shared.connect(pool, timeoutMs, seeker);
      return;
    }
    pool.size += 1;
    const retireAt = this.#context.wheel.coarseNow + lifeOf(Math.random());
    const upstream = this.#context.createConnection(pool, retireAt);
    const settle = (): void => {
      takeOffLimit();
      this.#connecting.delete(connecting);
    };
    const fail = (reason: FailureReason, error = ''): void => {
      settle();
      counters.add(reason === 'upstream_connect_timeout' ? 'connectsTimedOut' : 'connectsFailed', 1);
      this.#leave(pool);
      seeker.connectFailed(reason, error);
    };
    const listener: UpstreamConnectListener = {
      connected: open => {
        settle();
        counters.add('connectsOk', 1);
        this.#connections.add(upstream);
        upstream.attach(open);
        seeker.connected(this.#use(upstream));
      },
      connectFailed: fail,
      crashed: error => {
        upstream.destroy();
        attempt.cancel();
        seeker.crashed(error);
      },
    };
    const attempt = this.#connector.connect(pool, listener);
    // Connecting is rare where connections are kept: a timer of its own is exact and costs nothing that counts.
    const timedOut = guarded(listener, () => {
      attempt.cancel();
      fail('upstream_connect_timeout');
    });
    const takeOffLimit = clock.setTimer(timeoutMs, timedOut);
    const connecting = { attempt, takeOffLimit, index: 0 };
    this.#connecting.add(connecting);
  }

  /** The endpoint to which one of the connections leads that a client keeps for itself. */
  ownEndpoint(own: Upstream[] | undefined, { endpoints }: ClusterState): EndpointState | undefined {
    return own && endpoints.find(endpoint => own.some(upstream => isAt(upstream, endpoint)));
  }

  /** Of the idle connections that one client keeps for itself, one to the endpoint. */
  takeOwn(own: Upstream[] | undefined, endpoint: EndpointState): Upstream | undefined {
    if (own === undefined) return undefined;
    const index = own.findIndex(upstream => isAt(upstream, endpoint));
    const [upstream] = index < 0 ? [] : own.splice(index, 1);
    if (upstream === undefined) return undefined;
    this.#context.counters.addTo(COUNTER.upstreamIdle, -1);
    if (upstream.isReusable) return this.#use(upstream);
    upstream.destroy();
    return undefined;
  }

  /** Takes a connection back after a complete exchange, and keeps it if it is still good. */
  release(upstream: PooledConnection): void {
    const { counters, settings, wheel } = this.#context;
    const { pool } = upstream;
    const keepMs = idleLimit(upstream.keepAliveMs);
    const isWorn = upstream.served >= MAX_REQUESTS || wheel.coarseNow >= upstream.retireAt;
    const isFull = pool.idle.length >= settings.upstreamKeepalive;
    counters.addTo(COUNTER.upstreamBusy, -1);
    const isPrivate = upstream.home !== pool.idle;
    const isKept = !pool.isRetired && (isPrivate || (!isWorn && keepMs > 0 && !isFull));
    if (!upstream.isReusable || !isKept || this.#closed) {
      upstream.destroy();
      return;
    }
    upstream.becomeIdle();
    upstream.idleSince = wheel.coarseNow;
    upstream.home.push(upstream);
    counters.addTo(COUNTER.upstreamIdle, 1);
    // A client's own one ends with its client: with it would go the login that it is kept for.
    if (isPrivate) {
      pool.ofClients ??= new Set();
      pool.ofClients.add(upstream);
    } else wheel.set(upstream.limit, keepMs);
  }

  closedIdle({ pool, idleSince }: PooledConnection): void {
    const { clock, wheel } = this.#context;
    if (wheel.coarseNow - idleSince >= SOON_MS) return;
    for (const user of pool.users) user.closedKept(clock.monotonic());
  }

  /** A connection is gone. */
  forget(upstream: PooledConnection, wasIdle: boolean): void {
    const { pool, home } = upstream;
    if (!this.#connections.delete(upstream)) return;
    pool.ofClients?.delete(upstream);
    const index = wasIdle ? home.indexOf(upstream) : -1;
    if (index >= 0) {
      home.splice(index, 1);
      this.#context.counters.addTo(COUNTER.upstreamIdle, -1);
    } else if (!wasIdle) {
      this.#context.counters.addTo(COUNTER.upstreamBusy, -1);
    }
    this.#leave(pool);
  }

  /** Ends all connections, and keeps no more. */
  close(): void {
    this.#closed = true;
    for (const connecting of [...this.#connecting]) {
      connecting.takeOffLimit();
      connecting.attempt.cancel();
      this.#connecting.delete(connecting);
    }
    for (const upstream of [...this.#connections]) upstream.destroy();
    this.shared.close();
  }

  #use(upstream: Upstream): Upstream {
    upstream.served += 1;
    this.#context.counters.addTo(COUNTER.upstreamBusy, 1);
    return upstream;
  }

  /** One connection less. A pool without any is forgotten: addresses come and go. */
  #leave(pool: UpstreamPool): void {
    pool.size -= 1;
    if (pool.size > 0) return;
    pool.isRetired = true;
    if (this.#byKey.get(pool.key) === pool) this.#byKey.delete(pool.key);
  }

  /** Endpoints with one scope and one address share a pool. */
  #poolOf(endpoint: EndpointState): UpstreamPool {
    const known = endpoint.pool;
    if (known !== undefined && !known.isRetired) return known;
    const found = this.#byKey.get(poolKey(endpoint));
    const pool = found === undefined || found.isRetired ? new UpstreamPool(endpoint) : found;
    if (endpoint.state === 'ready') {
      this.#byKey.set(pool.key, pool);
      pool.users.add(endpoint);
      endpoint.pool = pool;
    } else {
      pool.isRetired = true;
    }
    return pool;
  }
}

function isAt({ endpoint: { address, port } }: Upstream, endpoint: EndpointState): boolean {
  return address === endpoint.address && port === endpoint.port;
}
