import type { Clock } from '../../clock.ts';
import type { Guarded } from './guard.ts';

/** One coarse clock for all time limits of a worker: setting one costs a store, and seldom a re-link in a list. */

/** How exact a time limit is. */
export const TICK_MS = 50;
/** Slots of one turn; what lies further ahead is looked at once a turn. */
const SLOTS = 1024;

/** What a time limit ends. */
export interface Timed extends Guarded {
  /** The limit has passed; it is unset by then. */
  timedOut(): void;
}

/** A time limit: a field of what it ends. */
export class TimeLimit {
  /** In ticks; 0 is no limit. */
  deadline = 0;
  /** The tick of the slot that it is linked in; 0 when it is in none. */
  scheduled = 0;
  next: TimeLimit | undefined;
  previous: TimeLimit | undefined;
  /** What its owner is waited for: see deadlines.ts. */
  awaited = 0;
  /** How long the limit is, for one that begins anew. */
  limitMs = 0;
  readonly owner: Timed;

  constructor(owner: Timed) {
    this.owner = owner;
  }
}

export class TimerWheel {
  readonly #slots: (TimeLimit | undefined)[] = new Array(SLOTS).fill(undefined);
  readonly #clock: Clock;
  readonly #startedAt: number;
  #stopTicking: (() => void) | undefined;
  #immediate: NodeJS.Immediate | undefined;
  /** Ticks so far. A limit set now ends no earlier than the tick after its time. */
  #tick = 1;
  /** The tick up to which limits have ended. */
  #visited = 1;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedAt = clock.monotonic();
  }

  start(): void {
    this.#stopTicking ??= this.#clock.repeat(TICK_MS, () => {
      this.#readClock();
      // As in nginx, what has come is read before limits end: bytes that came while this thread stood still are not late.
      this.#immediate ??= setImmediate(() => this.#endLimits());
    });
  }

  stop(): void {
    this.#stopTicking?.();
    clearImmediate(this.#immediate);
    this.#stopTicking = undefined;
    this.#immediate = undefined;
  }

  /** Milliseconds since the start, as exact as a tick: for ages, where a call of the clock would be too dear. */
  get coarseNow(): number {
    return this.#tick * TICK_MS;
  }

  /** Has a limit end so many milliseconds from now. */
  set(limit: TimeLimit, milliseconds: number): void {
    const deadline = this.#tick + Math.ceil(milliseconds / TICK_MS) + 1;
    limit.deadline = deadline;
    // A limit that is linked in an earlier slot is moved when that slot's time comes.
    if (limit.scheduled !== 0) {
      if (limit.scheduled <= deadline) return;
      this.#unlink(limit);
    }
    this.#link(limit);
  }

  /** Takes the limit off. It stays linked until its slot comes. */
  clear(limit: TimeLimit): void {
    limit.deadline = 0;
  }

  /** For a limit that will no longer be used. */
  remove(limit: TimeLimit): void {
    limit.deadline = 0;
    if (limit.scheduled !== 0) this.#unlink(limit);
  }

  /** Catches up with the clock. */
  advance(): void {
    this.#readClock();
    this.#endLimits();
  }

  #readClock(): void {
    this.#tick = 1 + Math.floor((this.#clock.monotonic() - this.#startedAt) / TICK_MS);
  }

  #endLimits(): void {
    this.#immediate = undefined;
    // After a long pause every slot is looked at once; none twice.
    if (this.#tick - this.#visited > SLOTS) this.#visited = this.#tick - SLOTS;
    while (this.#visited < this.#tick) {
      this.#visited += 1;
      this.#visitSlot(this.#visited);
    }
  }

  #visitSlot(tick: number): void {
    const index = tick % SLOTS;
    // One by one from the head: what a limit does when its time comes may take others out of this very slot.
    for (let limit = this.#slots[index]; limit !== undefined; limit = this.#slots[index]) {
      this.#unlink(limit);
      if (limit.deadline > tick) {
        this.#link(limit);
      } else if (limit.deadline !== 0) {
        limit.deadline = 0;
        end(limit);
      }
    }
  }

  #link(limit: TimeLimit): void {
    // Beyond one turn it waits in the slot that comes last, and moves on from there.
    const scheduled = Math.min(limit.deadline, this.#visited + SLOTS - 1);
    const index = scheduled % SLOTS;
    const head = this.#slots[index];
    limit.scheduled = scheduled;
    limit.previous = undefined;
    limit.next = head;
    if (head !== undefined) head.previous = limit;
    this.#slots[index] = limit;
  }

  #unlink(limit: TimeLimit): void {
    const { next, previous } = limit;
    if (next !== undefined) next.previous = previous;
    if (previous !== undefined) previous.next = next;
    else this.#slots[limit.scheduled % SLOTS] = next;
    limit.scheduled = 0;
    limit.next = undefined;
    limit.previous = undefined;
  }
}

function end({ owner }: TimeLimit): void {
  try {
    owner.timedOut();
  } catch (error) {
    owner.crashed(error);
  }
}
