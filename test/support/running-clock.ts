import { type Clock, systemClock } from '../../src/clock.ts';

/** How often it is looked for how much time has passed. */
const LOOK_MS = 10;
/** So much is counted between two looks, however late the second one comes. */
const MOST_MS = 25;

/**
 * The time for which this process runs. Where other processes take the CPUs it goes slower, as clients, proxies and upstreams in this
 * process do: no time limit passes among them because the machine is busy.
 */
class RunningClock implements Clock {
  readonly repeat = systemClock.repeat;
  readonly now = systemClock.now;
  #counted = 0;
  #lookedAt = systemClock.monotonic();

  constructor() {
    this.repeat(LOOK_MS, () => this.#look());
  }

  monotonic(): number {
    return this.#counted + this.#uncounted();
  }

  setTimer(delayMs: number, callback: () => void): () => void {
    const end = this.monotonic() + delayMs;
    let cancel = systemClock.setTimer(delayMs, () => tryIt());
    const tryIt = (): void => {
      const left = end - this.monotonic();
      if (left <= 0) callback();
      else cancel = systemClock.setTimer(Math.max(1, left), tryIt);
    };
    return () => cancel();
  }

  #look(): void {
    this.#counted += this.#uncounted();
    this.#lookedAt = systemClock.monotonic();
  }

  #uncounted(): number {
    return Math.min(MOST_MS, systemClock.monotonic() - this.#lookedAt);
  }
}

/** For tests that turn no clock by hand. */
export const runningClock: Clock = new RunningClock();
