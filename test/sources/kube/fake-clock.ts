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
  readonly #timers = new Set<Timer>();

  now(): number {
    return Date.UTC(2026, 0, 1) + this.#elapsed;
  }

  monotonic(): number {
    return this.#elapsed;
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
