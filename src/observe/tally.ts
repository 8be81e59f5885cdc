/** What all blocks hold at one time, in few numbers each: what live figures are made of. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CounterBoard } from './counter-board.ts';
import { BUCKETS, HISTOGRAM_SLOTS } from './counters.ts';
import { bucketQuantile } from './quantile.ts';

/** Blocks read before other work of this thread, such as a new route table, gets its turn. */
const BATCH = 500;

const ERRORS = 0;
const FIRST_BUCKET = 1;
const BUCKETS_END = FIRST_BUCKET + BUCKETS.length + 1;
/** 5xx answers, then the request histogram. */
export const TALLY_SLOTS = FIRST_BUCKET + HISTOGRAM_SLOTS;

/** What happened between two readings. */
export class Traffic {
  readonly seconds: number;
  readonly #slots = new Float64Array(TALLY_SLOTS);

  constructor(seconds: number) {
    this.seconds = seconds;
  }

  /** Requests answered per second. */
  get rate(): number {
    return this.seconds > 0 ? this.#requests / this.seconds : 0;
  }

  /** Answers with a 5xx per second. */
  get errorRate(): number {
    return this.seconds > 0 ? (this.#slots[ERRORS] as number) / this.seconds : 0;
  }

  /** The share of answers with a 5xx, 0 to 1; undefined without any answer. */
  get errorShare(): number | undefined {
    const requests = this.#requests;
    return requests > 0 ? (this.#slots[ERRORS] as number) / requests : undefined;
  }

  /** Seconds; undefined without any answer. */
  quantile(quantile: number): number | undefined {
    return bucketQuantile(quantile, this.#slots.subarray(FIRST_BUCKET));
  }

  get #requests(): number {
    let requests = 0;
    for (let slot = FIRST_BUCKET; slot < BUCKETS_END; slot += 1) requests += this.#slots[slot] as number;
    return requests;
  }

  /** Adds what one block counted from `then` to `now`; all of `now` when it has begun anew in between. */
  add(then: ArrayLike<number> | undefined, now: ArrayLike<number>): void {
    let from = then;
    for (let slot = 0; from !== undefined && slot < TALLY_SLOTS; slot += 1) {
      if ((now[slot] as number) < (from[slot] as number)) from = undefined;
    }
    for (let slot = 0; slot < TALLY_SLOTS; slot += 1) {
      this.#slots[slot] = (this.#slots[slot] as number) + (now[slot] as number) - (from?.[slot] ?? 0);
    }
  }
}

/** One look at every block. Of ten thousand Services most have had no request since the start: they take no place in it. */
export class Reading {
  /** By a clock that never goes back; milliseconds. */
  readonly at: number;
  /** Of the blocks that have counted something, one behind the other. */
  #tallies: Float64Array;
  /** By block, which of them is its own. */
  readonly #places = new Map<number, number>();

  private constructor(at: number, tallies: Float64Array) {
    this.at = at;
    this.#tallies = tallies;
  }

  /** @param spare a reading that is needed no more, whose memory is used again */
  static async take(board: CounterBoard, at: number, spare?: Reading): Promise<Reading> {
    const reading = new Reading(at, spare === undefined ? new Float64Array(TALLY_SLOTS) : spare.#tallies);
    let looks = 0;
    for (const { block } of [...board.blocks()]) {
      reading.#look(board, block);
      looks += 1;
      if (looks % BATCH === 0) await nextTurn();
    }
    return reading;
  }

  /** What one block counted since an earlier reading. */
  blockSince(then: Reading, block: number): Traffic {
    const traffic = new Traffic((this.at - then.at) / 1000);
    const now = this.#tallyOf(block);
    if (now !== undefined) traffic.add(then.#tallyOf(block), now);
    return traffic;
  }

  /** What all blocks together counted since. */
  since(then: Reading): Traffic {
    const traffic = new Traffic((this.at - then.at) / 1000);
    for (const block of this.#places.keys()) traffic.add(then.#tallyOf(block), this.#tallyOf(block) as Float64Array);
    return traffic;
  }

  #look(board: CounterBoard, block: number): void {
    const place = this.#places.size;
    if ((place + 1) * TALLY_SLOTS > this.#tallies.length) {
      const larger = new Float64Array(2 * this.#tallies.length);
      larger.set(this.#tallies);
      this.#tallies = larger;
    }
    const tally = this.#tallyAt(place).fill(0);
    board.tally(block, tally);
    if (hasCounted(tally)) this.#places.set(block, place);
  }

  /** Undefined for a block that has counted nothing. */
  #tallyOf(block: number): Float64Array | undefined {
    const place = this.#places.get(block);
    return place === undefined ? undefined : this.#tallyAt(place);
  }

  #tallyAt(place: number): Float64Array {
    return this.#tallies.subarray(place * TALLY_SLOTS, (place + 1) * TALLY_SLOTS);
  }
}

/** Every answer is in the histogram, those with a 5xx among them. */
function hasCounted(tally: Float64Array): boolean {
  for (let slot = FIRST_BUCKET; slot < BUCKETS_END; slot += 1) if (tally[slot] !== 0) return true;
  return false;
}
