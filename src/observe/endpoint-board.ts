/**
 * What all workers together know about endpoints, in shared memory. Each worker has a row of its own and counts in it without
 * an atomic operation; what several threads write (the verdict, the failures in a row) has one.
 */

/** The slot of an endpoint without one: it is balanced, and nothing is counted for it. */
export const NO_SLOT = -1;
/** Untouched pages cost no memory. */
export const ENDPOINT_SLOTS = 131_072;

/** What the main thread has decided about an endpoint. */
export const USABLE = 0;
/** It gets no request. */
export const EJECTED = 1;
/** One request may try it: {@link EndpointRow.takeTrial}. */
export const TRIAL = 2;
export type Verdict = typeof USABLE | typeof EJECTED | typeof TRIAL;

/** The columns of one endpoint in one row. They share a line of the cache, which one worker writes. */
const IN_FLIGHT = 0;
const SUCCESSES = 1;
const FAILURES = 2;
/** A moving average in microseconds; 0 before the first. */
const FIRST_BYTE = 3;
const COLUMNS = 4;
const ROW = ENDPOINT_SLOTS * COLUMNS;

/** The columns of one endpoint that all threads write. They stand before the rows. */
const VERDICT = 0;
const FAILURES_IN_A_ROW = 1;
const SHARED_COLUMNS = 2;
const ROWS = ENDPOINT_SLOTS * SHARED_COLUMNS;

/** The longest time that fits, in microseconds: some 35 minutes. */
const LONGEST = 2 ** 31 - 1;
/** The weight of a new time in the moving average; RFC 6298 smooths the round-trip time of TCP by the same. */
const NEWEST = 1 / 8;

/** All rows, as the main thread and each worker see them. */
export class EndpointBoard {
  readonly buffer: SharedArrayBuffer;
  readonly #values: Int32Array;

  /** @param buffer of another thread's board */
  constructor(workers: number, buffer = new SharedArrayBuffer((ROWS + workers * ROW) * Int32Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer;
    this.#values = new Int32Array(buffer);
  }

  /** The row of a worker, for its own thread. @param worker from zero on */
  row(worker: number): EndpointRow {
    return new EndpointRow(this.buffer, worker);
  }

  /** Requests of all workers from the pick of the endpoint to the end of the attempt. */
  inFlight(slot: number): number {
    return this.#sum(slot, IN_FLIGHT);
  }

  /** A total of all workers. It wraps around at 2³¹: the difference of two (as `(b - a) | 0`) is what counts. */
  successes(slot: number): number {
    return this.#sum(slot, SUCCESSES);
  }

  /** As {@link successes}. */
  failures(slot: number): number {
    return this.#sum(slot, FAILURES);
  }

  /** A moving average over the last requests, of the workers that have had an answer; undefined before the first. */
  firstByteMs(slot: number): number | undefined {
    if (slot === NO_SLOT) return undefined;
    const times: number[] = [];
    for (let at = ROWS + slot * COLUMNS + FIRST_BYTE; at < this.#values.length; at += ROW) {
      const microseconds = this.#values[at] as number;
      if (microseconds > 0) times.push(microseconds);
    }
    return times.length === 0 ? undefined : times.reduce((sum, time) => sum + time, 0) / times.length / 1000;
  }

  /** Failures of all workers since the last success of one of them. */
  failuresInARow(slot: number): number {
    return slot === NO_SLOT ? 0 : Atomics.load(this.#values, slot * SHARED_COLUMNS + FAILURES_IN_A_ROW);
  }

  verdict(slot: number): Verdict {
    return slot === NO_SLOT ? USABLE : (Atomics.load(this.#values, slot * SHARED_COLUMNS + VERDICT) as Verdict);
  }

  /** Every worker's next pick uses it. */
  judge(slot: number, verdict: Verdict): void {
    if (slot !== NO_SLOT) Atomics.store(this.#values, slot * SHARED_COLUMNS + VERDICT, verdict);
  }

  /** For a worker that has died: its requests in flight are gone. Its totals stay, and its replacement adds to them. */
  clearRow(worker: number): void {
    const start = ROWS + worker * ROW;
    for (let at = start + IN_FLIGHT; at < start + ROW; at += COLUMNS) {
      // A zero that is written takes a page of memory; one that is read takes none.
      if (this.#values[at] !== 0) this.#values[at] = 0;
    }
  }

  /** For a slot that is given to another endpoint. By then no worker may use it. */
  clearSlot(slot: number): void {
    const shared = slot * SHARED_COLUMNS;
    this.#values.fill(0, shared, shared + SHARED_COLUMNS);
    for (let at = ROWS + slot * COLUMNS; at < this.#values.length; at += ROW) this.#values.fill(0, at, at + COLUMNS);
  }

  #sum(slot: number, column: number): number {
    return slot === NO_SLOT ? 0 : sumOf(this.#values, slot, column);
  }
}

/** What a worker writes: its own row, and with the others the failures in a row. */
export class EndpointRow {
  readonly #values: Int32Array;
  readonly #start: number;

  /** @param worker from zero on */
  constructor(buffer: SharedArrayBuffer, worker: number) {
    this.#values = new Int32Array(buffer);
    this.#start = ROWS + worker * ROW;
  }

  /** A request has picked the endpoint. */
  begin(slot: number): void {
    if (slot !== NO_SLOT) this.#add(slot, IN_FLIGHT, 1);
  }

  /** As {@link begin}, where no more than so many requests of all workers may be in flight. @returns whether it has begun */
  beginWithin(slot: number, max: number): boolean {
    if (slot === NO_SLOT) return true;
    const at = this.#start + slot * COLUMNS + IN_FLIGHT;
    // Counted first and summed then, in one order for all threads: of two workers that take the last place at once, one sees the other.
    Atomics.add(this.#values, at, 1);
    let sum = 0;
    for (let row = ROWS + slot * COLUMNS + IN_FLIGHT; row < this.#values.length; row += ROW)
      sum += Atomics.load(this.#values, row);
    if (sum <= max) return true;
    Atomics.sub(this.#values, at, 1);
    return false;
  }

  /** The attempt that {@link begin} counted is over. */
  end(slot: number): void {
    if (slot !== NO_SLOT) this.#add(slot, IN_FLIGHT, -1);
  }

  /** Over all workers. */
  inFlight(slot: number): number {
    return slot === NO_SLOT ? 0 : sumOf(this.#values, slot, IN_FLIGHT);
  }

  /** A moving average over the last answers that this worker had; 0 before the first. */
  firstByteMs(slot: number): number {
    return slot === NO_SLOT ? 0 : (this.#values[this.#start + slot * COLUMNS + FIRST_BYTE] as number) / 1000;
  }

  verdict(slot: number): Verdict {
    return slot === NO_SLOT ? USABLE : (this.#values[slot * SHARED_COLUMNS + VERDICT] as Verdict);
  }

  /** Asks for the one request that a trial allows. The endpoint is ejected for all others. @returns whether it is this one's */
  takeTrial(slot: number): boolean {
    if (slot === NO_SLOT) return false;
    return Atomics.compareExchange(this.#values, slot * SHARED_COLUMNS + VERDICT, TRIAL, EJECTED) === TRIAL;
  }

  succeeded(slot: number, firstByteMs: number): void {
    if (slot === NO_SLOT) return;
    this.#add(slot, SUCCESSES, 1);
    const average = this.#start + slot * COLUMNS + FIRST_BYTE;
    const before = this.#values[average] as number;
    const microseconds = Math.min(Math.max(1, firstByteMs * 1000), LONGEST);
    this.#values[average] = before === 0 ? microseconds : before + (microseconds - before) * NEWEST;
    // It nearly always is zero. A read, unlike a write, leaves the line in every core's cache.
    const inARow = slot * SHARED_COLUMNS + FAILURES_IN_A_ROW;
    if (this.#values[inARow] !== 0) Atomics.store(this.#values, inARow, 0);
  }

  /** Its last request, of whichever worker, has failed. */
  isFailing(slot: number): boolean {
    return slot !== NO_SLOT && this.#values[slot * SHARED_COLUMNS + FAILURES_IN_A_ROW] !== 0;
  }

  /** @returns the failures in a row, of all workers */
  failed(slot: number): number {
    if (slot === NO_SLOT) return 0;
    this.#add(slot, FAILURES, 1);
    return Atomics.add(this.#values, slot * SHARED_COLUMNS + FAILURES_IN_A_ROW, 1) + 1;
  }

  #add(slot: number, column: number, amount: number): void {
    const at = this.#start + slot * COLUMNS + column;
    this.#values[at] = (this.#values[at] as number) + amount;
  }
}

function sumOf(values: Int32Array, slot: number, column: number): number {
  let sum = 0;
  for (let at = ROWS + slot * COLUMNS + column; at < values.length; at += ROW) sum += values[at] as number;
  return sum | 0;
}
