import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../src/clock.ts';

/** Turns of the event loop in which bytes get from one socket of this process through a proxy to another. */
const TURNS = 8;

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** A clock that stands still until a test puts it forward. */
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

  /** The date is set: the clock on the wall jumps, no time passes. */
  jump(ms: number): void {
    this.#skew += ms;
  }

  setTimer(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#elapsed + delayMs, callback };
    this.#timers.add(timer);
    this.armed += 1;
    return () => void this.#timers.delete(timer);
  }

  repeat(everyMs: number, callback: () => void): () => void {
    const again = (): void => {
      cancel = this.setTimer(everyMs, again);
      callback();
    };
    let cancel = this.setTimer(everyMs, again);
    return () => cancel();
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

  /**
   * Puts the clock forward and returns when the limits that have passed have ended. What peers of this process have sent
   * before is read first: as on a machine that is fast.
   */
  async pass(ms: number): Promise<void> {
    await turns();
    this.advance(ms);
    await turns();
  }

  #next(end: number): Timer | undefined {
    return [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
  }
}

async function turns(): Promise<void> {
  for (let count = 0; count < TURNS; count += 1) await turn();
}
