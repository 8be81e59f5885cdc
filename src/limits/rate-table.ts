import type { KeyedHash } from './keyed-hash.ts';

/** A power of two. With {@link WAYS} of them in a window, 100 000 clients at a time have places of their own. */
const SLOTS = 262_144;
/** A key is in the window that its hash names: so many slots side by side. A power of two. */
const WAYS = 32;
/** A key of 64 bits, zero in a slot that was never used, and a time of 64 bits. */
const SLOT_BYTES = 16;

/** Times are whole multiples of this part of a millisecond, so that sums of them are exact for years. */
const PARTS_OF_A_MS = 262_144;

/** The hash of what has a budget: the name of a limit, and of one of those that it limits. */
export type BudgetKey = Pick<KeyedHash, 'low' | 'high'>;

/** A limit by the generic cell rate algorithm (ITU-T I.371). */
export interface Rate {
  /** Milliseconds between two requests at the steady rate. */
  readonly interval: number;
  /** So many requests may come at once. */
  readonly burst: number;
}

/** Keeps the rate of `requests` in `periodMs`, in parts that add up exactly. */
export function rateOf(requests: number, periodMs: number, burst: number): Rate {
  return { interval: Math.round((periodMs / requests) * PARTS_OF_A_MS) / PARTS_OF_A_MS, burst };
}

function wholeParts(milliseconds: number): number {
  return Math.floor(milliseconds * PARTS_OF_A_MS) / PARTS_OF_A_MS;
}

/**
 * How far each limited client is ahead of its rate, in memory that all workers share: the generic cell rate algorithm. For each
 * key the table holds one moment, its theoretical arrival time: when the requests so far would have been through at the steady
 * rate. A request is granted by moving it on with one compare-and-exchange, so that workers together grant what one would.
 *
 * A slot is never emptied. A moment that has passed says nothing, so its slot may be given to another key. Where all
 * slots of a window are in use, the key that is nearest to its rate loses its place. A client that asks at the very moment at
 * which its slot is given away may be granted one request too many.
 */
export class RateTable {
  readonly buffer: SharedArrayBuffer;
  readonly #halves: Int32Array;
  readonly #times: Float64Array;
  /** The same slots for atomic operations: the key, then the bits of the time. */
  readonly #words: BigInt64Array;
  /** Numbers become the 64-bit values of atomic operations here. */
  readonly #halvesIn = new Int32Array(4);
  readonly #timesIn = new Float64Array(this.#halvesIn.buffer);
  readonly #wordsOut = new BigInt64Array(this.#halvesIn.buffer);

  /** @param buffer of another thread's table */
  constructor(buffer = new SharedArrayBuffer(SLOTS * SLOT_BYTES)) {
    this.buffer = buffer;
    this.#halves = new Int32Array(buffer);
    this.#times = new Float64Array(buffer);
    this.#words = new BigInt64Array(buffer);
  }

  /**
   * Asks for one request.
   * @param nowMs by the clock of the machine, which all threads share
   * @returns 0: granted; else the milliseconds until one will be
   */
  take(key: BudgetKey, nowMs: number, { interval, burst }: Rate): number {
    const now = wholeParts(nowMs);
    const time = 2 * this.#slotOf(key, now) + 1;
    for (;;) {
      const before = this.#times[time] as number;
      const after = (before > now ? before : now) + interval;
      const wait = after - now - interval * burst;
      if (wait > 0) return wait;
      if (this.#replace(time, before, after)) return 0;
    }
  }

  /** Other replicas grant requests of the same budget: all together are at least so far ahead of its rate. */
  advance(key: BudgetKey, nowMs: number, aheadMs: number): void {
    const now = wholeParts(nowMs);
    const after = wholeParts(nowMs + aheadMs);
    const time = 2 * this.#slotOf(key, now) + 1;
    for (;;) {
      const before = this.#times[time] as number;
      if (before >= after || this.#replace(time, before, after)) return;
    }
  }

  #replace(time: number, before: number, after: number): boolean {
    this.#timesIn[0] = before;
    this.#timesIn[1] = after;
    const seen = this.#wordsOut[0] as bigint;
    return Atomics.compareExchange(this.#words, time, seen, this.#wordsOut[1] as bigint) === seen;
  }

  /** The slot of a key; one is given to it where it has none. */
  #slotOf({ low, high }: BudgetKey, now: number): number {
    const window = high & (SLOTS - WAYS);
    // Each key begins at another slot of its window: most are found at once, and none begins with the others' slots.
    const first = low & (WAYS - 1);
    for (let way = 0; way < WAYS; way += 1) {
      const slot = window + ((first + way) & (WAYS - 1));
      const thereLow = this.#halves[4 * slot];
      const thereHigh = this.#halves[4 * slot + 1];
      if (thereLow === low && thereHigh === high) return slot;
      if (thereLow === 0 && thereHigh === 0) break;
    }
    return this.#claim(low, high, window, first, now);
  }

  /** Two halves that are read one by one may be of two keys, so this looks again, at whole keys. */
  #claim(low: number, high: number, window: number, first: number, now: number): number {
    this.#halvesIn[0] = low;
    this.#halvesIn[1] = high;
    const key = this.#wordsOut[0] as bigint;
    for (;;) {
      let found = 0;
      let foundTime = Number.POSITIVE_INFINITY;
      let foundKey = 0n;
      for (let way = 0; way < WAYS && foundKey !== key; way += 1) {
        const slot = window + ((first + way) & (WAYS - 1));
        const there = Atomics.load(this.#words, 2 * slot);
        const time = this.#times[2 * slot + 1] as number;
        // The first whose moment has passed is as good as any; among others, the earliest.
        if (there === key || (time < foundTime && foundTime > now)) {
          found = slot;
          foundTime = time;
          foundKey = there;
        }
        if (there === 0n) break;
      }
      if (foundKey === key) return found;
      if (Atomics.compareExchange(this.#words, 2 * found, foundKey, key) !== foundKey) continue;
      if (foundTime > now) Atomics.store(this.#words, 2 * found + 1, 0n);
      return found;
    }
  }
}
