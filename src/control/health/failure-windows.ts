import { ENDPOINT_SLOTS, type EndpointBoard, NO_SLOT } from '../../observe/endpoint-board.ts';

/** How many sweeps a window spans. */
const SPAN = 10;

/** What attempts at one endpoint came to in the last sweeps, from the first that saw a failure on. */
class Window {
  successes = 0;
  failures = 0;
  /** What each sweep added, the oldest at the place that is written next. */
  readonly #successes = new Array<number>(SPAN).fill(0);
  readonly #failures = new Array<number>(SPAN).fill(0);
  #at = 0;
  #lastSuccesses: number;
  #lastFailures: number;

  constructor(successes: number, failures: number) {
    this.#lastSuccesses = successes;
    this.#lastFailures = failures;
  }

  /** Takes in the totals at a sweep. They wrap around. */
  take(successes: number, failures: number): void {
    const at = this.#at;
    const succeeded = (successes - this.#lastSuccesses) | 0;
    const failed = (failures - this.#lastFailures) | 0;
    this.successes += succeeded - (this.#successes[at] as number);
    this.failures += failed - (this.#failures[at] as number);
    this.#successes[at] = succeeded;
    this.#failures[at] = failed;
    this.#at = (at + 1) % SPAN;
    this.#lastSuccesses = successes;
    this.#lastFailures = failures;
  }
}

/** The windows of the endpoints that have failed lately. One that does not fail costs a sweep a look at one number of each worker. */
export class FailureWindows {
  readonly #board: Pick<EndpointBoard, 'successes' | 'failures'>;
  readonly #windows = new Map<number, Window>();
  /** The totals of failures at the last sweep. Untouched pages cost no memory. */
  readonly #lastFailures = new Int32Array(ENDPOINT_SLOTS);

  constructor(board: Pick<EndpointBoard, 'successes' | 'failures'>) {
    this.#board = board;
  }

  /** What was counted until now does not count. */
  start(slot: number): void {
    if (slot === NO_SLOT) return;
    this.#windows.delete(slot);
    this.#lastFailures[slot] = this.#board.failures(slot);
  }

  /** Takes in the counts of a sweep. @returns whether the endpoint has failed lately */
  take(slot: number): boolean {
    const failures = this.#board.failures(slot);
    const window = this.#windows.get(slot);
    if (window === undefined) {
      if (failures === this.#lastFailures[slot]) return false;
      this.#windows.set(slot, new Window(this.#board.successes(slot), failures));
      return true;
    }
    window.take(this.#board.successes(slot), failures);
    if (window.failures > 0) return true;
    this.#windows.delete(slot);
    this.#lastFailures[slot] = failures;
    return false;
  }

  successes(slot: number): number {
    return this.#windows.get(slot)?.successes ?? 0;
  }

  failures(slot: number): number {
    return this.#windows.get(slot)?.failures ?? 0;
  }
}
