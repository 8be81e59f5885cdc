import type { Clock } from '../../clock.ts';

/** Where another program writes something else, ours is written again so often at once, and then once a minute. */
const MOST_REWRITES = 3;
const CONTESTED_MS = 60_000;
/** A contest that has rested for so long is over. */
const OVER_MS = 600_000;

interface Earlier {
  readonly said: string;
  readonly at: number;
  /** How often the same had been written before. */
  readonly rewrites: number;
}

/** Which statuses had to be written again though nothing of ours had changed. */
export class Contests {
  readonly #clock: Clock;
  readonly #earlier = new Map<string, Earlier>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param said what is to be written @returns milliseconds to wait; 0: it may be written */
  wait(key: string, said: string): number {
    const earlier = this.#earlier.get(key);
    if (earlier === undefined || earlier.said !== said || earlier.rewrites < MOST_REWRITES) return 0;
    return Math.max(0, earlier.at + CONTESTED_MS - this.#clock.monotonic());
  }

  written(key: string, said: string): void {
    const at = this.#clock.monotonic();
    const before = this.#earlier.get(key);
    const isAgain = before !== undefined && before.said === said && at - before.at < OVER_MS;
    this.#earlier.set(key, { said, at, rewrites: isAgain ? before.rewrites + 1 : 0 });
  }

  forget(key: string): void {
    this.#earlier.delete(key);
  }
}
