import type { Clock } from '../../clock.ts';
import { COUNTER, type WorkerCounters } from '../../observe/counters.ts';
import type { Settings } from '../../settings/schema.ts';
import type { Upstream } from '../pipeline/ports.ts';
import { guarded } from '../runtime/guard.ts';
import type { TimerWheel } from '../runtime/timer-wheel.ts';
import type { ConnectAttempt } from '../transport/connect.ts';
import { lifeOf, MAX_REQUESTS, SHARED_IDLE_MS } from './recycling.ts';
import type { ConnectionSeeker, UpstreamConnector } from './upstream-connector.ts';
import type { SharedConnection, SharedKeeper, UpstreamPool } from './upstream-pool.ts';

export interface SharedConnectionsContext {
  readonly clock: Clock;
  readonly counters: WorkerCounters;
  readonly settings: Settings;
  readonly wheel: TimerWheel;
  /** Makes a connection that is attached to its transport once that is connected. */
  createSharedConnection(pool: UpstreamPool, retireAt: number): SharedConnection;
}

/** A connection that is being made, and the requests that will be the first on it. */
interface Awaited {
  readonly attempt: ConnectAttempt;
  /** What takes off the time limit of each. */
  readonly seekers: Map<ConnectionSeeker, () => void>;
}

/** The connections of a worker that carry many requests at once: HTTP/2. */
export class SharedConnections implements SharedKeeper {
  readonly #context: SharedConnectionsContext;
  readonly #connector: UpstreamConnector;
  /** Called when a pool has one connection less. */
  readonly #leave: (pool: UpstreamPool) => void;
  readonly #awaited = new Map<UpstreamPool, Set<Awaited>>();
  /** Whether requests are under way on each. */
  readonly #busy = new Map<SharedConnection, boolean>();
  #closed = false;

  constructor(context: SharedConnectionsContext, connector: UpstreamConnector, leave: (pool: UpstreamPool) => void) {
    this.#context = context;
    this.#connector = connector;
    this.#leave = leave;
  }

  /** How many there are. */
  get size(): number {
    return this.#busy.size;
  }

  /** Begins a request on a connection that has room; undefined when there is none. */
  take({ shared }: UpstreamPool): Upstream | undefined {
    // The newest is filled first, so that the others can grow old.
    for (let index = shared.length - 1; index >= 0; index -= 1) {
      const connection = shared[index] as SharedConnection;
      if (connection.room <= 0) continue;
      if (!this.#isWorn(connection)) return this.#begin(connection);
      connection.retire();
    }
    return undefined;
  }

  /** Waits for a new connection, together with as many other requests as it will carry. */
  connect(pool: UpstreamPool, timeoutMs: number, seeker: ConnectionSeeker): void {
    const awaited = this.#awaitedWithRoom(pool) ?? this.#connect(pool);
    const timedOut = guarded(seeker, () => {
      awaited.seekers.delete(seeker);
      if (awaited.seekers.size === 0) {
        awaited.attempt.cancel();
        this.#settle(pool, awaited);
        this.#failed(pool, 'connectsTimedOut');
      }
      seeker.connectFailed('upstream_connect_timeout', '');
    });
    awaited.seekers.set(seeker, this.#context.clock.setTimer(timeoutMs, timedOut));
  }

  becameIdle(connection: SharedConnection): void {
    const { counters, settings, wheel } = this.#context;
    const { pool } = connection;
    this.#busy.set(connection, false);
    counters.addTo(COUNTER.upstreamBusy, -1);
    counters.addTo(COUNTER.upstreamIdle, 1);
    const idle = pool.shared.filter(({ isIdle }) => isIdle).length;
    const isKept = !this.#closed && !pool.isRetired && !this.#isWorn(connection) && connection.room > 0;
    if (!isKept || idle > settings.upstreamKeepalive) connection.destroy();
    else wheel.set(connection.limit, SHARED_IDLE_MS);
  }

  forgetShared(connection: SharedConnection): void {
    const isBusy = this.#busy.get(connection);
    if (isBusy === undefined) return;
    const { pool } = connection;
    this.#busy.delete(connection);
    pool.shared.splice(pool.shared.indexOf(connection), 1);
    this.#context.counters.addTo(isBusy ? COUNTER.upstreamBusy : COUNTER.upstreamIdle, -1);
    this.#leave(pool);
  }

  /** Ends all connections, and keeps no more. */
  close(): void {
    this.#closed = true;
    for (const [pool, all] of this.#awaited) {
      for (const awaited of [...all]) {
        awaited.attempt.cancel();
        this.#settle(pool, awaited);
      }
    }
    for (const connection of [...this.#busy.keys()]) connection.destroy();
  }

  #begin(connection: SharedConnection): Upstream {
    if (connection.isIdle) {
      this.#busy.set(connection, true);
      this.#context.counters.addTo(COUNTER.upstreamIdle, -1);
      this.#context.counters.addTo(COUNTER.upstreamBusy, 1);
    }
    return connection.begin();
  }

  #isWorn({ served, retireAt }: SharedConnection): boolean {
    return served >= MAX_REQUESTS || this.#context.wheel.coarseNow >= retireAt;
  }

  #awaitedWithRoom(pool: UpstreamPool): Awaited | undefined {
    for (const awaited of this.#awaited.get(pool) ?? []) if (awaited.seekers.size < pool.streamLimit) return awaited;
    return undefined;
  }

  #connect(pool: UpstreamPool): Awaited {
    pool.size += 1;
    const retireAt = this.#context.wheel.coarseNow + lifeOf(Math.random());
    const connection = this.#context.createSharedConnection(pool, retireAt);
    const attempt = this.#connector.connect(pool, {
      connected: open => {
        const seekers = this.#settle(pool, awaited);
        this.#context.counters.add('connectsOk', 1);
        this.#context.counters.addTo(COUNTER.upstreamIdle, 1);
        this.#busy.set(connection, false);
        pool.shared.push(connection);
        connection.attach(open);
        for (const seeker of seekers) {
          guarded(seeker, () => {
            if (connection.room > 0) seeker.connected(this.#begin(connection));
            else seeker.connectFailed('upstream_connect_failed', '');
          })();
        }
      },
      connectFailed: (reason, code) => {
        const seekers = this.#settle(pool, awaited);
        this.#failed(pool, 'connectsFailed');
        for (const seeker of seekers) guarded(seeker, () => seeker.connectFailed(reason, code))();
      },
      crashed: error => {
        attempt.cancel();
        connection.destroy();
        for (const seeker of this.#settle(pool, awaited)) seeker.crashed(error);
      },
    });
    const awaited: Awaited = { attempt, seekers: new Map() };
    const all = this.#awaited.get(pool) ?? new Set();
    this.#awaited.set(pool, all.add(awaited));
    return awaited;
  }

  /** Ends the wait for one connection. @returns the requests that waited */
  #settle(pool: UpstreamPool, awaited: Awaited): ConnectionSeeker[] {
    const all = this.#awaited.get(pool);
    all?.delete(awaited);
    if (all?.size === 0) this.#awaited.delete(pool);
    const seekers = [...awaited.seekers.keys()];
    for (const takeOffLimit of awaited.seekers.values()) takeOffLimit();
    awaited.seekers.clear();
    return seekers;
  }

  #failed(pool: UpstreamPool, counter: 'connectsFailed' | 'connectsTimedOut'): void {
    this.#context.counters.add(counter, 1);
    this.#leave(pool);
  }
}
