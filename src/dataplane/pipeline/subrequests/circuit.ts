/** So many requests in a row have to fail before the circuit opens. */
export const FAILURES_TO_OPEN = 5;

/** While it is open, one request in so long tries whether the cluster answers again. */
export const TRIAL_MS = 1_000;

/**
 * Keeps requests away from a cluster that does not answer: they fail at once, and do not wait for a time limit each time. An answer
 * of any status closes it.
 */
export class Circuit {
  #failures = 0;
  #nextTrial = 0;

  /** Whether a request may be sent. @param now by the monotonic clock */
  admits(now: number): boolean {
    if (this.#failures < FAILURES_TO_OPEN) return true;
    if (now < this.#nextTrial) return false;
    this.#nextTrial = now + TRIAL_MS;
    return true;
  }

  /** The head of an answer has come. */
  answered(): void {
    this.#failures = 0;
  }

  /** @param now by the monotonic clock */
  failed(now: number): void {
    this.#failures += 1;
    if (this.#failures === FAILURES_TO_OPEN) this.#nextTrial = now + TRIAL_MS;
  }
}
