import { ENDPOINT_SLOTS, NO_SLOT } from '../../observe/endpoint-board.ts';

/** How many sweeps a window spans. */
const SPAN = 10;

/** Columns of one slot: the totals at the last sweep, the sums over the window, then what each sweep of it added. */
const LAST_SUCCESSES = 0;
const LAST_FAILURES = 1;
const SUCCESSES = 2;
const FAILURES = 3;
const RING = 4;
const COLUMNS = RING + 2 * SPAN;

/** What the attempts at each endpoint came to in the last ten sweeps. Untouched pages cost no memory. */
export class FailureWindows {
  readonly #values = new Int32Array(ENDPOINT_SLOTS * COLUMNS);
  /** Where in the rings the current sweep writes. */
  #at = 0;

  /** A sweep begins. */
  turn(): void {
    this.#at = (this.#at + 1) % SPAN;
  }

  /** Begins an empty window. @param successes, failures the totals until now, which do not count */
  start(slot: number, successes: number, failures: number): void {
    if (slot === NO_SLOT) return;
    const start = slot * COLUMNS;
    for (let at = start + SUCCESSES; at < start + COLUMNS; at += 1) this.#set(at, 0);
    this.#set(start + LAST_SUCCESSES, successes);
    this.#set(start + LAST_FAILURES, failures);
  }

  /** Takes in the totals at this sweep, once for each. */
  take(slot: number, successes: number, failures: number): void {
    const start = slot * COLUMNS;
    this.#take(start + LAST_SUCCESSES, start + SUCCESSES, start + RING + 2 * this.#at, successes);
    this.#take(start + LAST_FAILURES, start + FAILURES, start + RING + 2 * this.#at + 1, failures);
  }

  successes(slot: number): number {
    return this.#values[slot * COLUMNS + SUCCESSES] as number;
  }

  failures(slot: number): number {
    return this.#values[slot * COLUMNS + FAILURES] as number;
  }

  #take(last: number, sum: number, cell: number, total: number): void {
    const values = this.#values;
    // Totals wrap around.
    const added = (total - (values[last] as number)) | 0;
    this.#set(sum, (values[sum] as number) + added - (values[cell] as number));
    this.#set(cell, added);
    this.#set(last, total);
  }

  /** A zero that is written takes a page of memory; one that is read takes none. */
  #set(at: number, value: number): void {
    if (this.#values[at] !== value) this.#values[at] = value;
  }
}
