import type { Clock } from '../../clock.ts';
import type { Guarded } from './guard.ts';

/** One coarse clock for all time limits of a worker: setting one costs a store, and seldom a re-link in a list. */

/** How exact a time limit is. */
export const TICK_MS = 50;
/** Slots of one turn; what lies further ahead is looked at once a turn. */
const SLOTS = 1024;

/** Something with a time limit. Connections extend it, so that no object per limit is made. */
export abstract class Timed implements Guarded {
  /** In ticks; 0 is no limit. */
  deadline = 0;
  /** The tick of the slot it is linked in; 0 when it is in none. */
  scheduled = 0;
  nextTimed: Timed | undefined;
  previousTimed: Timed | undefined;
  /** What its limit is for: see deadlines.ts. */
  awaited = 0;
  /** How long its limit is, for one that begins anew. */
  limitMs = 0;

  /** The limit has passed; it is unset by then. */
  abstract timedOut(): void;

  abstract crashed(error: unknown): void;
}

export class TimerWheel {
  readonly #slots: (Timed | undefined)[] = new Array(SLOTS).fill(undefined);
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

  /** Gives an entry so many milliseconds from now, instead of what it had. */
  set(entry: Timed, milliseconds: number): void {
    const deadline = this.#tick + Math.ceil(milliseconds / TICK_MS) + 1;
    entry.deadline = deadline;
    // An entry that is linked in an earlier slot is moved when that slot's time comes.
    if (entry.scheduled !== 0) {
      if (entry.scheduled <= deadline) return;
      this.#unlink(entry);
    }
    this.#link(entry);
  }

  /** Takes the limit off; the entry stays where it is linked until its slot comes. */
  clear(entry: Timed): void {
    entry.deadline = 0;
  }

  /** For an entry that will not be used any more. */
  remove(entry: Timed): void {
    entry.deadline = 0;
    if (entry.scheduled !== 0) this.#unlink(entry);
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
    // One by one from the head: what an entry does when its time comes may take others out of this very slot.
    for (let entry = this.#slots[index]; entry !== undefined; entry = this.#slots[index]) {
      this.#unlink(entry);
      if (entry.deadline > tick) {
        this.#link(entry);
      } else if (entry.deadline !== 0) {
        entry.deadline = 0;
        endLimit(entry);
      }
    }
  }

  #link(entry: Timed): void {
    // Beyond one turn it waits in the slot that comes last, and moves on from there.
    const scheduled = Math.min(entry.deadline, this.#visited + SLOTS - 1);
    const index = scheduled % SLOTS;
    const head = this.#slots[index];
    entry.scheduled = scheduled;
    entry.previousTimed = undefined;
    entry.nextTimed = head;
    if (head !== undefined) head.previousTimed = entry;
    this.#slots[index] = entry;
  }

  #unlink(entry: Timed): void {
    const { nextTimed, previousTimed } = entry;
    if (nextTimed !== undefined) nextTimed.previousTimed = previousTimed;
    if (previousTimed !== undefined) previousTimed.nextTimed = nextTimed;
    else this.#slots[entry.scheduled % SLOTS] = nextTimed;
    entry.scheduled = 0;
    entry.nextTimed = undefined;
    entry.previousTimed = undefined;
  }
}

function endLimit(entry: Timed): void {
  try {
    entry.timedOut();
  } catch (error) {
    entry.crashed(error);
  }
}
