import type { BudgetKey } from './rate-table.ts';

/** A power of two. Untouched pages cost no memory. */
const SLOTS = 131_072;
/** A key is in the window that its hash names: so many slots side by side. A power of two. */
const WAYS = 32;
/** Two workers that take the last place at once both step back, and one of them has it at the next try. */
const TRIES = 8;

/** The client has as many requests in flight as it may. */
export const REFUSED = -1;
/** There was no slot: the request passes without being counted. */
export const UNCOUNTED = -2;

/** In the rows of all workers: as 32-bit numbers. Keys of 64 bits stand before them. */
const ROWS = 2 * SLOTS;

/**
 * How many requests each client has in flight, in memory that all workers share: a key for each slot, and a row of counts for
 * each worker. A client's count is the sum of its column, so what a worker that has died counted goes with its row.
 *
 * A slot whose column is empty may be given to another client. A request that is counted at that very moment may count for that
 * client, until it ends.
 */
export class InFlightTable {
  readonly buffer: SharedArrayBuffer;
  readonly #counts: Int32Array;

  /** @param buffer of another thread's table */
  constructor(
    workers: number,
    buffer = new SharedArrayBuffer((ROWS + workers * SLOTS) * Int32Array.BYTES_PER_ELEMENT),
  ) {
    this.buffer = buffer;
    this.#counts = new Int32Array(buffer);
  }

  /** For a worker that has died: its requests are gone. @param worker from zero on */
  clearRow(worker: number): void {
    const start = ROWS + worker * SLOTS;
    for (let at = start; at < start + SLOTS; at += 1) {
      // A zero that is written takes a page of memory; one that is read takes none.
      if (this.#counts[at] !== 0) Atomics.store(this.#counts, at, 0);
    }
  }
}

/** What a worker counts in: its own row, which it compares with all others. */
export class InFlightRow {
  readonly #counts: Int32Array;
  readonly #keys: BigInt64Array;
  readonly #start: number;
  /** The halves of a key become one number here. */
  readonly #halves = new Int32Array(2);
  readonly #whole = new BigInt64Array(this.#halves.buffer);

  /** @param worker from zero on */
  constructor(buffer: SharedArrayBuffer, worker: number) {
    this.#counts = new Int32Array(buffer);
    this.#keys = new BigInt64Array(buffer, 0, SLOTS);
    this.#start = ROWS + worker * SLOTS;
  }

  /** Counts a request. @param most of the key, over all workers @returns what {@link end} takes, or REFUSED */
  begin(key: BudgetKey, most: number): number {
    for (let turn = 0; turn < TRIES; turn += 1) {
      const slot = this.#slotOf(key);
      if (slot === UNCOUNTED) return UNCOUNTED;
      const own = this.#start + slot;
      // Counted first and summed then, in one order for all threads: of two workers that take the last place, one sees the other.
      Atomics.add(this.#counts, own, 1);
      const isOurs = this.#isAt(slot, key);
      if (isOurs && this.#sum(slot) <= most) return slot;
      Atomics.sub(this.#counts, own, 1);
      if (isOurs && this.#sum(slot) >= most) return REFUSED;
    }
    return REFUSED;
  }

  /** The request is over. @param slot what {@link begin} returned */
  end(slot: number): void {
    if (slot >= 0) Atomics.sub(this.#counts, this.#start + slot, 1);
  }

  #isAt(slot: number, { low, high }: BudgetKey): boolean {
    return this.#counts[2 * slot] === low && this.#counts[2 * slot + 1] === high;
  }

  /** The slot of a key; one is given to it where it has none. */
  #slotOf(key: BudgetKey): number {
    const window = key.high & (SLOTS - WAYS);
    // Each key begins at another slot of its window: most are found at once.
    const first = key.low & (WAYS - 1);
    for (let way = 0; way < WAYS; way += 1) {
      const slot = window + ((first + way) & (WAYS - 1));
      if (this.#isAt(slot, key)) return slot;
      if (this.#isAt(slot, NO_KEY)) break;
    }
    return this.#claim(key, window, first);
  }

  /** Two halves that are read one by one may be of two keys, so this looks again, at whole keys. */
  #claim({ low, high }: BudgetKey, window: number, first: number): number {
    this.#halves[0] = low;
    this.#halves[1] = high;
    const key = this.#whole[0] as bigint;
    for (;;) {
      let free = UNCOUNTED;
      let freeKey = 0n;
      let wasTaken = false;
      for (let way = 0; way < WAYS; way += 1) {
        const slot = window + ((first + way) & (WAYS - 1));
        const there = Atomics.load(this.#keys, slot);
        if (there === key) return slot;
        if (free === UNCOUNTED && this.#sum(slot) === 0) {
          free = slot;
          freeKey = there;
        }
        if (there === 0n) {
          // Nothing is counted where there was never a key: another thread has taken the slot between both looks.
          wasTaken = free === UNCOUNTED;
          break;
        }
      }
      if (wasTaken) continue;
      if (free === UNCOUNTED || Atomics.compareExchange(this.#keys, free, freeKey, key) === freeKey) return free;
    }
  }

  #sum(slot: number): number {
    let sum = 0;
    for (let at = ROWS + slot; at < this.#counts.length; at += SLOTS) sum += Atomics.load(this.#counts, at);
    return sum;
  }
}

const NO_KEY: BudgetKey = { low: 0, high: 0 };
