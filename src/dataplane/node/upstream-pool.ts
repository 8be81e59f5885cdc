import { connect, type Socket } from 'node:net';
import type { Clock } from '../../clock.ts';
import { codeOf } from '../../errors.ts';
import { connectFailure, type FailureReason } from '../../failures/failures.ts';
import type { Endpoint } from '../../model/cluster.ts';
import type { WorkerCounters } from '../../observe/counters.ts';
import { idleLimit, lifeOf, MAX_REQUESTS } from '../clusters/recycling.ts';
import { NameResolver } from '../names/name-resolver.ts';

/** A connection to an upstream and what decides how long it is used. */
export class UpstreamConnection {
  readonly socket: Socket;
  readonly key: string;
  readonly retireAt: number;
  /** New until it is handed out, idle in the pool, closed for ever. */
  state: 'new' | 'busy' | 'idle' | 'closed' = 'new';
  served = 0;
  /** A login on it counts for all that is sent on it (RFC 4559 section 6): it is not kept for other clients. */
  isPrivate = false;
  /** The upstream's own limit, from its Keep-Alive header; -1 when it does not say. */
  keepAliveMs = -1;
  /** Bytes written and read before the exchange under way. */
  writtenBefore = 0;
  readBefore = 0;

  constructor(socket: Socket, key: string, retireAt: number) {
    this.socket = socket;
    this.key = key;
    this.retireAt = retireAt;
  }

  /** Had served another request before the one under way. */
  get isReused(): boolean {
    return this.served > 1;
  }

  get bytesSent(): number {
    return this.socket.bytesWritten - this.writtenBefore;
  }

  get bytesReceived(): number {
    return this.socket.bytesRead - this.readBefore;
  }
}

export interface ConnectFailure {
  readonly reason: FailureReason;
  /** Its code, as Node gives it; empty for a timeout. */
  readonly error: string;
}

type Done = (outcome: UpstreamConnection | ConnectFailure) => void;

export interface ConnectRequest {
  /** Where to, and where to for the second try. */
  readonly endpoints: readonly [first: Endpoint, second: Endpoint];
  readonly timeoutMs: number;
  /** No kept-alive connection will do. */
  readonly fresh: boolean;
  /** Called before each attempt. @param failed why a connect before it failed */
  readonly onAttempt: (endpoint: Endpoint, failed?: FailureReason) => void;
}

export interface PoolOptions {
  readonly counters: WorkerCounters;
  /** Idle connections kept per upstream, asked each time one becomes idle. */
  readonly maxIdle: () => number;
  readonly clock: Clock;
  readonly random?: () => number;
}

/** The events that end an idle connection. Unexpected bytes end it, too: they would be taken for the answer to the next request. */
const END_OF_IDLE = ['data', 'end', 'error', 'timeout'] as const;

/** Kept-alive connections by `address:port`; the one used last is used next, so that the others can grow old. */
export class UpstreamPool {
  readonly #options: PoolOptions;
  readonly #names = new NameResolver();
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #idle = new Map<string, UpstreamConnection[]>();
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#random = options.random ?? Math.random;
  }

  /**
   * Hands out a connection, at once or when it is made. A connect that fails is tried once more, unless a kept-alive
   * connection has failed before.
   */
  acquire(request: ConnectRequest, done: Done): void {
    const idle = request.fresh ? undefined : this.#takeIdle(keyOf(request.endpoints[0]));
    if (idle === undefined) {
      this.#connect(request, 0, done);
      return;
    }
    request.onAttempt(request.endpoints[0]);
    done(this.#use(idle));
  }

  /** Takes a connection back after a complete exchange, and keeps it if it is still good. */
  release(connection: UpstreamConnection): void {
    const { socket, key } = connection;
    const list = this.#idle.get(key) ?? [];
    const idleMs = idleLimit(connection.keepAliveMs);
    const isGood = connection.state === 'busy' && socket.writable && socket.readable && socket.readableLength === 0;
    const isWorn =
      connection.isPrivate || this.#clock.monotonic() >= connection.retireAt || connection.served >= MAX_REQUESTS;
    if (!isGood || isWorn || idleMs <= 0 || list.length >= this.#options.maxIdle() || this.#closed) {
      socket.destroy();
      return;
    }
    list.push(connection);
    this.#idle.set(key, list);
    this.#setState(connection, 'idle');
    socket.setTimeout(idleMs);
    for (const event of END_OF_IDLE) socket.on(event, destroyThis);
    socket.resume();
  }

  /** Ends idle connections and keeps no more. */
  close(): void {
    this.#closed = true;
    for (const list of [...this.#idle.values()]) {
      for (const { socket } of [...list]) socket.destroy();
    }
  }

  #takeIdle(key: string): UpstreamConnection | undefined {
    const list = this.#idle.get(key);
    for (let connection = list?.pop(); connection !== undefined; connection = list?.pop()) {
      const { socket } = connection;
      if (socket.writable && socket.readable && this.#clock.monotonic() < connection.retireAt) {
        socket.setTimeout(0);
        for (const event of END_OF_IDLE) socket.off(event, destroyThis);
        return connection;
      }
      socket.destroy();
    }
    return undefined;
  }

  #connect(request: ConnectRequest, attempt: 0 | 1, done: Done, failed?: FailureReason): void {
    const endpoint = request.endpoints[attempt];
    request.onAttempt(endpoint, failed);
    const { lookup } = this.#names;
    const socket = connect({ host: endpoint.address, port: endpoint.port, noDelay: true, keepAlive: true, lookup });
    const { counters } = this.#options;
    const fail = (reason: FailureReason, error = ''): void => {
      takeOffLimit();
      socket.off('error', onError).on('error', () => undefined);
      socket.destroy();
      counters.add(reason === 'upstream_connect_timeout' ? 'connectsTimedOut' : 'connectsFailed', 1);
      if (attempt === 1 || request.fresh || this.#closed) {
        done({ reason, error });
        return;
      }
      counters.add('retriesConnect', 1);
      this.#connect(request, 1, done, reason);
    };
    const onError = (error: Error): void => fail(connectFailure(error), codeOf(error));
    const takeOffLimit = this.#clock.setTimer(request.timeoutMs, () => fail('upstream_connect_timeout'));
    socket.once('error', onError);
    socket.once('connect', () => {
      takeOffLimit();
      socket.off('error', onError);
      counters.add('connectsOk', 1);
      const retireAt = this.#clock.monotonic() + lifeOf(this.#random());
      const connection = new UpstreamConnection(socket, keyOf(endpoint), retireAt);
      socket.once('close', () => this.#forget(connection));
      done(this.#use(connection));
    });
  }

  #use(connection: UpstreamConnection): UpstreamConnection {
    connection.served += 1;
    connection.writtenBefore = connection.socket.bytesWritten;
    connection.readBefore = connection.socket.bytesRead;
    this.#setState(connection, 'busy');
    return connection;
  }

  #forget(connection: UpstreamConnection): void {
    const list = this.#idle.get(connection.key);
    const index = list?.indexOf(connection) ?? -1;
    if (index >= 0) list?.splice(index, 1);
    if (list?.length === 0) this.#idle.delete(connection.key);
    this.#setState(connection, 'closed');
  }

  #setState(connection: UpstreamConnection, state: UpstreamConnection['state']): void {
    const { counters } = this.#options;
    if (connection.state === 'idle') counters.add('upstreamIdle', -1);
    if (connection.state === 'busy') counters.add('upstreamBusy', -1);
    if (state === 'idle') counters.add('upstreamIdle', 1);
    if (state === 'busy') counters.add('upstreamBusy', 1);
    connection.state = state;
  }
}

function destroyThis(this: Socket): void {
  this.destroy();
}

function keyOf({ address, port }: Endpoint): string {
  return `${address} ${port}`;
}
