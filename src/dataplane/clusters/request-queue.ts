import type { Clock } from '../../clock.ts';
import { type Guarded, guarded } from '../runtime/guard.ts';

/** So many requests of a worker wait for one cluster at most, and each for so long. */
export const MAX_WAITING = 100;
const MAX_WAIT_MS = 1_000;
/** Other workers do not tell when a request of theirs has ended: while some wait here, this one looks so often. */
const LOOK_MS = 10;

/** A request that waits. */
export interface Waiting extends Guarded {
  /** Tries to begin. @returns false where it still has to wait */
  begins(): boolean;
  /** It has waited as long as it may. */
  waitedTooLong(): void;
}

export interface RequestQueueContext {
  readonly clock: Clock;
  readonly pending: (change: number) => void;
}

/** Requests that wait for an endpoint with room, in the order in which they came. */
export class RequestQueue {
  readonly #context: RequestQueueContext;
  /** What takes off the time limit of each. Undefined before the first: of ten thousand clusters, nearly none ever has one. */
  #waiting: Map<Waiting, () => void> | undefined;
  #stopLooking: (() => void) | undefined;
  #isAdvancing = false;

  constructor(context: RequestQueueContext) {
    this.#context = context;
  }

  get isEmpty(): boolean {
    return this.#waiting === undefined || this.#waiting.size === 0;
  }

  /** @returns false where as many wait as may */
  join(waiting: Waiting): boolean {
    this.#waiting ??= new Map();
    if (this.#waiting.size >= MAX_WAITING) return false;
    const limit = guarded(waiting, () => {
      this.leave(waiting);
      waiting.waitedTooLong();
    });
    this.#waiting.set(waiting, this.#context.clock.setTimer(MAX_WAIT_MS, limit));
    this.#context.pending(1);
    this.#stopLooking ??= this.#context.clock.repeat(LOOK_MS, () => this.advance());
    return true;
  }

  /** The request begins, or waits no more. */
  leave(waiting: Waiting): void {
    const takeOffLimit = this.#waiting?.get(waiting);
    if (takeOffLimit === undefined) return;
    takeOffLimit();
    this.#waiting?.delete(waiting);
    this.#context.pending(-1);
    if (!this.isEmpty) return;
    this.#stopLooking?.();
    this.#stopLooking = undefined;
  }

  /** There may be room: the first ones begin. */
  advance(): void {
    // A request that begins may end at once, and make room in here.
    if (this.#waiting === undefined || this.#waiting.size === 0 || this.#isAdvancing) return;
    this.#isAdvancing = true;
    try {
      for (const waiting of this.#waiting.keys()) if (!this.#begins(waiting)) return;
    } finally {
      this.#isAdvancing = false;
    }
  }

  #begins(waiting: Waiting): boolean {
    try {
      return waiting.begins();
    } catch (error) {
      this.leave(waiting);
      waiting.crashed(error);
      return true;
    }
  }
}
