import type { Clock } from '../../../src/sources/kube/clock.ts';

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** Stands still until it is advanced. */
export class FakeClock implements Clock {
  /** Timers set so far. */
  armed = 0;
  #elapsed = 0;
  #skew = 0;
  readonly #timers = new Set<Timer>();

  now(): number {
    return Date.UTC(2026, 0, 1) + this.#elapsed + this.#skew;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  /** Somebody sets the date: what the clock on the wall shows jumps, no time passes. */
  jump(ms: number): void {
    this.#skew += ms;
  }

  setTimer(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#elapsed + delayMs, callback };
    this.#timers.add(timer);
    this.armed += 1;
    return () => void this.#timers.delete(timer);
  }

  /** Timers that were neither called nor cancelled. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Milliseconds until the next timer; undefined without one. */
  get soonest(): number | undefined {
    const next = this.#next(Number.POSITIVE_INFINITY);
    return next && next.at - this.#elapsed;
  }

  advance(ms: number): void {
    const end = this.#elapsed + ms;
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#elapsed = next.at;
      this.#timers.delete(next);
      next.callback();
    }
    this.#elapsed = end;
  }

  #next(end: number): Timer | undefined {
    return [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
  }
}
