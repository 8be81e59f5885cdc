import { connect, type Socket } from 'node:net';
import { codeOf } from '../../errors.ts';
import type { Backend, Endpoint } from '../../model/route.ts';
import { COUNTER } from '../../observe/counters.ts';
import { connectFailure, type FailureReason } from '../failures/failures.ts';
import { UpstreamConnection } from '../http1/upstream-connection.ts';
import { NameResolver } from '../names/name-resolver.ts';
import { type Guarded, guarded } from '../transport/guard.ts';
import { readFor } from '../transport/socket-reader.ts';
import type { Wire } from '../wire/wire.ts';
import { idleLimit, lifeOf, MAX_REQUESTS } from './recycling.ts';

/** Who waits for a connection that is being made. */
export interface ConnectionSeeker extends Guarded {
  connected(upstream: UpstreamConnection): void;
  /** @param error its code, as Node gives it; empty for a timeout */
  connectFailed(reason: FailureReason, error: string): void;
}

/** The idle connections of one `address:port`; the one used last is used next, so that the others can grow old. */
export class UpstreamPool {
  readonly key: string;
  readonly endpoint: Endpoint;
  readonly idle: UpstreamConnection[] = [];
  /** Connections of any kind, those that are being made among them. */
  size = 0;
  /** It had no connection any more, and another takes its place when the address is asked for again. */
  isRetired = false;

  constructor(endpoint: Endpoint) {
    this.key = keyOf(endpoint);
    this.endpoint = endpoint;
  }
}

export class UpstreamPools {
  readonly #wire: Wire;
  readonly #names = new NameResolver();
  readonly #byKey = new Map<string, UpstreamPool>();
  /** An endpoint is looked up by its text once. */
  readonly #byEndpoint = new WeakMap<Endpoint, UpstreamPool>();
  /** Connections that are being made, and their time limits. */
  readonly #connecting = new Map<Socket, NodeJS.Timeout>();
  readonly #connections = new Set<UpstreamConnection>();
  #closed = false;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** Connections of all pools. */
  get size(): number {
    return this.#connections.size;
  }

  /** A kept-alive connection that is fit for another request; undefined when there is none. */
  takeIdle(endpoint: Endpoint): UpstreamConnection | undefined {
    const { idle } = this.#poolOf(endpoint);
    for (let upstream = idle.pop(); upstream !== undefined; upstream = idle.pop()) {
      this.#wire.context.counters.addTo(COUNTER.upstreamIdle, -1);
      if (upstream.isFit && this.#wire.wheel.coarseNow < upstream.retireAt) return this.#use(upstream);
      upstream.destroy();
    }
    return undefined;
  }

  /** Makes a connection, and tries once: what comes of a failure is for the seeker to say. */
  connect(endpoint: Endpoint, timeoutMs: number, seeker: ConnectionSeeker): void {
    const { counters } = this.#wire.context;
    const pool = this.#poolOf(endpoint);
    pool.size += 1;
    const retireAt = this.#wire.wheel.coarseNow + lifeOf(Math.random());
    const upstream = new UpstreamConnection(this.#wire, pool, retireAt);
    const socket = connect({
      host: endpoint.address,
      port: endpoint.port,
      noDelay: true,
      keepAlive: true,
      lookup: this.#names.lookup,
      onread: readFor(upstream),
    });
    const settle = (): void => {
      clearTimeout(timer);
      this.#connecting.delete(socket);
      socket.off('error', onError);
    };
    const fail = (reason: FailureReason, error = ''): void => {
      settle();
      socket.on('error', () => undefined);
      socket.destroy();
      counters.add(reason === 'upstream_connect_timeout' ? 'connectsTimedOut' : 'connectsFailed', 1);
      this.#leave(pool);
      seeker.connectFailed(reason, error);
    };
    const owner: Guarded = {
      crashed: error => {
        upstream.destroy();
        socket.destroy();
        seeker.crashed(error);
      },
    };
    const onError = guarded(owner, (error: Error) => fail(connectFailure(error), codeOf(error)));
    // Connecting is rare where connections are kept: a timer of its own is exact and costs nothing that counts.
    const timer = setTimeout(
      guarded(owner, () => fail('upstream_connect_timeout')),
      timeoutMs,
    );
    this.#connecting.set(socket, timer);
    socket.once('error', onError);
    const onConnect = guarded(owner, () => {
      settle();
      counters.add('connectsOk', 1);
      this.#connections.add(upstream);
      upstream.attach(socket);
      seeker.connected(this.#use(upstream));
    });
    socket.once('connect', onConnect);
  }

  /** Of the idle connections that one client keeps for itself, one to an endpoint of the backend. */
  takeOwn(own: UpstreamConnection[] | undefined, { endpoints }: Backend): UpstreamConnection | undefined {
    if (own === undefined) return undefined;
    const index = own.findIndex(({ pool }) => endpoints.some(endpoint => keyOf(endpoint) === pool.key));
    const [upstream] = index < 0 ? [] : own.splice(index, 1);
    if (upstream === undefined) return undefined;
    this.#wire.context.counters.addTo(COUNTER.upstreamIdle, -1);
    if (upstream.isFit) return this.#use(upstream);
    upstream.destroy();
    return undefined;
  }

  /** Takes a connection back after a complete exchange, and keeps it if it is still good. */
  release(upstream: UpstreamConnection): void {
    const { context, wheel } = this.#wire;
    const { pool } = upstream;
    const keepMs = idleLimit(upstream.keepAliveMs);
    const isWorn = upstream.served >= MAX_REQUESTS || wheel.coarseNow >= upstream.retireAt;
    const isFull = pool.idle.length >= context.state.settings.upstreamKeepalive;
    context.counters.addTo(COUNTER.upstreamBusy, -1);
    const isKept = upstream.isPrivate || (!isWorn && keepMs > 0 && !isFull);
    if (!upstream.isFit || !isKept || this.#closed) {
      upstream.destroy();
      return;
    }
    upstream.becomeIdle();
    upstream.home.push(upstream);
    context.counters.addTo(COUNTER.upstreamIdle, 1);
    // A client's own one ends with its client: with it would go the login that it is kept for.
    if (!upstream.isPrivate) wheel.set(upstream, keepMs);
  }

  /** A connection is gone. */
  forget(upstream: UpstreamConnection, wasIdle: boolean): void {
    const { pool, home } = upstream;
    if (!this.#connections.delete(upstream)) return;
    const index = wasIdle ? home.indexOf(upstream) : -1;
    if (index >= 0) {
      home.splice(index, 1);
      this.#wire.context.counters.addTo(COUNTER.upstreamIdle, -1);
    } else if (!wasIdle) {
      this.#wire.context.counters.addTo(COUNTER.upstreamBusy, -1);
    }
    this.#leave(pool);
  }

  /** Ends all connections, and keeps no more. */
  close(): void {
    this.#closed = true;
    for (const [socket, timer] of this.#connecting) {
      clearTimeout(timer);
      socket.destroy();
    }
    this.#connecting.clear();
    for (const upstream of [...this.#connections]) upstream.destroy();
  }

  #use(upstream: UpstreamConnection): UpstreamConnection {
    upstream.served += 1;
    this.#wire.context.counters.addTo(COUNTER.upstreamBusy, 1);
    return upstream;
  }

  /** One connection less. A pool without any is forgotten: addresses come and go. */
  #leave(pool: UpstreamPool): void {
    pool.size -= 1;
    if (pool.size > 0) return;
    pool.isRetired = true;
    this.#byKey.delete(pool.key);
  }

  #poolOf(endpoint: Endpoint): UpstreamPool {
    const known = this.#byEndpoint.get(endpoint);
    if (known !== undefined && !known.isRetired) return known;
    const pool = this.#byKey.get(keyOf(endpoint)) ?? new UpstreamPool(endpoint);
    this.#byKey.set(pool.key, pool);
    this.#byEndpoint.set(endpoint, pool);
    return pool;
  }
}

function keyOf({ address, port }: Endpoint): string {
  return `${address} ${port}`;
}
