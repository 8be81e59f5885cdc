import type { Clock } from '../../clock.ts';

/** What changes again within so long waits, and goes with what comes meanwhile. */
const PAUSE_MS = 10;

export interface PaceOptions {
  readonly clock: Clock;
  /**
   * These waited, and may go now.
   * @param since when the first of them came, by `clock.monotonic()`
   */
  readonly onDue: (keys: readonly string[], since: number) => void;
}

/** Lets a change of each key go at once, and the next one after a pause. */
export class Pace {
  readonly #options: PaceOptions;
  /** By key, until when the next change waits. */
  readonly #pauses = new Map<string, number>();
  /** By key, when the first change came that waits. */
  readonly #waiting = new Map<string, number>();
  #timer: { readonly at: number; readonly cancel: () => void } | undefined;

  constructor(options: PaceOptions) {
    this.#options = options;
  }

  /** A change has come. @returns whether it may go at once; else `onDue` says when */
  admits(key: string): boolean {
    const now = this.#options.clock.monotonic();
    this.#forgetPauses(now);
    const until = this.#pauses.get(key) ?? now;
    if (until <= now) {
      this.#pauseUntil(key, now + PAUSE_MS);
      return true;
    }
    if (!this.#waiting.has(key)) this.#waiting.set(key, now);
    this.#wakeAt(until, now);
    return false;
  }

  /** The next change of this key waits for so long from now, where that is longer than the usual pause. */
  lengthen(key: string, pauseMs: number): void {
    if (pauseMs > PAUSE_MS) this.#pauseUntil(key, this.#options.clock.monotonic() + pauseMs);
  }

  #pauseUntil(key: string, until: number): void {
    // At the end: the oldest are first, and nearly all take equally long.
    this.#pauses.delete(key);
    this.#pauses.set(key, until);
  }

  #forgetPauses(now: number): void {
    for (const [key, until] of this.#pauses) {
      if (until > now || this.#waiting.has(key)) return;
      this.#pauses.delete(key);
    }
  }

  #wakeAt(at: number, now: number): void {
    if (this.#timer !== undefined && this.#timer.at <= at) return;
    this.#timer?.cancel();
    this.#timer = { at, cancel: this.#options.clock.setTimer(at - now, () => this.#wake()) };
  }

  #wake(): void {
    this.#timer = undefined;
    const now = this.#options.clock.monotonic();
    const due: string[] = [];
    let since = now;
    let next = Number.POSITIVE_INFINITY;
    for (const [key, came] of this.#waiting) {
      const until = this.#pauses.get(key) ?? now;
      if (until > now) {
        next = Math.min(next, until);
        continue;
      }
      this.#waiting.delete(key);
      this.#pauseUntil(key, now + PAUSE_MS);
      since = Math.min(since, came);
      due.push(key);
    }
    if (next < Number.POSITIVE_INFINITY) this.#wakeAt(next, now);
    if (due.length > 0) this.#options.onDue(due, since);
  }
}
