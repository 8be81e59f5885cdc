import type { RouteLimits } from '../../model/route.ts';
import type { Settings } from '../../settings/schema.ts';
import type { EngineState } from '../engine.ts';
import type { TimeLimit, TimerWheel } from '../runtime/timer-wheel.ts';
import type { ConnectionLimits, Side } from './ports.ts';

// What a side is waited for.

const NOTHING = 0;
/** The side has to send bytes. */
const BYTES = 1;
/** The side has to take the bytes that wait for it. */
const ROOM = 2;

/** How long a client's bytes are read after its last response: a reset would take that response from a client that still sends. */
const LINGERING_MS = 5_000;

/** What decides which side of an exchange has to move next. */
export interface Turns {
  readonly settings: Settings;
  readonly limits: RouteLimits;
  /** How long the client may take between two pieces of its body. */
  readonly bodyTimeoutMs: number;
  readonly downstream: Side;
  readonly upstream: Side | undefined;
  /** What the request waits for has a limit of its own: a connection to the upstream, or a policy that asks elsewhere. */
  readonly isSuspended: boolean;
  /** The whole request has come. */
  readonly isRequestComplete: boolean;
  /** The client may hold its body back until the upstream has said that it wants it (RFC 9110 section 10.1.1). */
  readonly awaitsContinue: boolean;
  /** The final response has begun. */
  readonly isAnswered: boolean;
}

/**
 * Sets all time limits of connections and exchanges. A limit belongs to the side that has to move, and only a movement of that
 * side begins it anew. Those of rule-limits.ts belong to no side, and nothing begins them anew.
 */
export class Deadlines implements ConnectionLimits {
  readonly #wheel: TimerWheel;
  readonly #state: EngineState;

  constructor(wheel: TimerWheel, state: EngineState) {
    this.#wheel = wheel;
    this.#state = state;
  }

  /** Until a client's first byte, and from the first byte of a head to its last. */
  head(client: TimeLimit): void {
    this.#set(client, BYTES, this.#state.settings.clientHeaderTimeout);
  }

  /**
   * Until the next request. While the engine drains, a request may still be on its way, and a close would lose it (RFC 9112
   * section 9.5): the connection ends only after it has been silent for shutdown-delay.
   */
  idle(client: TimeLimit, isDraining: boolean): void {
    const { keepaliveTimeout, shutdownDelay } = this.#state.settings;
    this.#set(client, BYTES, isDraining ? Math.min(keepaliveTimeout, shutdownDelay) : keepaliveTimeout);
  }

  /** Until the last bytes of a connection have gone out. */
  ending(client: TimeLimit): void {
    this.#set(client, ROOM, this.#state.settings.sendTimeout);
  }

  /** After FIN. */
  lingering(client: TimeLimit): void {
    this.#set(client, BYTES, LINGERING_MS);
  }

  /** One side of a tunnel has sent bytes, or taken some. */
  tunnel({ limits, downstream, upstream }: Turns): void {
    if (upstream !== undefined) this.none(upstream.limit);
    this.#set(downstream.limit, BYTES, limits.readTimeoutMs);
  }

  /** For all of what it ends, whichever side has to move. */
  whole(limit: TimeLimit, limitMs: number): void {
    this.#wheel.set(limit, limitMs);
  }

  none(limit: TimeLimit): void {
    limit.awaited = NOTHING;
    this.#wheel.clear(limit);
  }

  remove(limit: TimeLimit): void {
    this.#wheel.remove(limit);
  }

  /** A side of an exchange has moved: sets the limits of both. @param mover the side that sent bytes, or took some */
  moved(turns: Turns, mover: Side): void {
    const { settings, limits, downstream: client, upstream } = turns;
    const ofClient = clientTurn(turns, client);
    // After an early answer, a client may read the rest of it before it sends more of its body, or leaves.
    const isRenewed = mover === client || (turns.isAnswered && ofClient === BYTES);
    if (ofClient === NOTHING) this.none(client.limit);
    else if (isRenewed || client.limit.awaited !== ofClient)
      this.#set(client.limit, ofClient, ofClient === ROOM ? settings.sendTimeout : turns.bodyTimeoutMs);
    if (upstream === undefined) return;
    const ofUpstream = upstreamTurn(turns, client, upstream);
    if (ofUpstream === NOTHING) this.none(upstream.limit);
    else if (mover === upstream || upstream.limit.awaited !== ofUpstream)
      this.#set(upstream.limit, ofUpstream, ofUpstream === ROOM ? limits.sendTimeoutMs : limits.readTimeoutMs);
  }

  /**
   * The limit of a side has passed. Where bytes wait for the side, it has moved if the kernel has sent some of them since: one
   * piece may take many sends.
   * @returns whether the side has moved after all, so that its limit begins anew
   */
  isRenewed(side: Side): boolean {
    const { limit } = side;
    if (limit.awaited !== ROOM || !side.takesSome()) return false;
    this.#wheel.set(limit, limit.limitMs);
    return true;
  }

  #set(limit: TimeLimit, awaited: typeof BYTES | typeof ROOM, limitMs: number): void {
    limit.awaited = awaited;
    limit.limitMs = limitMs;
    this.#wheel.set(limit, limitMs);
  }
}

function clientTurn(turns: Turns, client: Side): typeof NOTHING | typeof BYTES | typeof ROOM {
  if (client.isBlocked) return ROOM;
  if (turns.isRequestComplete || turns.isSuspended || turns.awaitsContinue) return NOTHING;
  return turns.upstream?.isBlocked === true ? NOTHING : BYTES;
}

/** While the client does not take the response, the upstream may rightly wait before it reads more of the request. */
function upstreamTurn(turns: Turns, client: Side, upstream: Side): typeof NOTHING | typeof BYTES | typeof ROOM {
  if (client.isBlocked) return NOTHING;
  if (upstream.isBlocked) return ROOM;
  return turns.isRequestComplete || turns.awaitsContinue ? BYTES : NOTHING;
}
