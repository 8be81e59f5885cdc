/** client-go's Reflector starts at 0.8 s: short enough not to be missed, long enough for a server that restarts. */
const FIRST_MS = 800;
/** Longer would leave the table stale for no gain: one request in half a minute is no load. */
const LONGEST_MS = 30_000;
const FACTOR = 2;
/** The longest pause while no server answers. A short one costs a server nothing, and its return is noticed this much later at most. */
const NO_ANSWER_MS = 1_000;
/** A connection that stayed healthy this long resets the backoff. */
const HEALTHY_MS = 120_000;

/** Exponential delays between attempts. The jitter keeps replicas that failed together from returning together. */
export class Backoff {
  readonly #random: () => number;
  #failures = 0;

  /** @param random from 0 up to 1 */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** How long to wait after one more failure, in milliseconds. */
  next(): number {
    const ceiling = Math.min(LONGEST_MS, FIRST_MS * FACTOR ** (this.#failures + 1));
    this.#failures += 1;
    return this.#jittered(ceiling);
  }

  /** How long to wait when no server answered, in milliseconds: the same however often that happens. */
  soon(): number {
    return this.#jittered(NO_ANSWER_MS);
  }

  /** @param healthyMs how long all has been well */
  recovered(healthyMs: number): void {
    if (healthyMs >= HEALTHY_MS) this.reset();
  }

  reset(): void {
    this.#failures = 0;
  }

  #jittered(ceiling: number): number {
    return (ceiling / 2) * (1 + this.#random());
  }
}
