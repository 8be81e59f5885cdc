import type { Clock } from '../../../clock.ts';
import type { AuthAnswer } from './auth-answer.ts';

/** Of all policies of a worker together. */
export const MOST_ANSWERS = 10_000;
export const MOST_BYTES = 8 * 1024 * 1024;

/** A longer key is not kept: no credential is as long. */
export const LONGEST_KEY = 8 * 1024;

interface Kept {
  readonly answer: AuthAnswer;
  /** By the monotonic clock. */
  readonly until: number;
  readonly bytes: number;
}

/** Answers of auth services that may be used again. It outlives a change of the routes, and is bounded: the oldest answer goes first. */
export class AuthCache {
  readonly #clock: Clock;
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#kept.size;
  }

  get(key: string): AuthAnswer | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    if (this.#clock.monotonic() < kept.until) return kept.answer;
    this.#forget(key, kept);
    return undefined;
  }

  set(key: string, answer: AuthAnswer, durationMs: number): void {
    if (key.length > LONGEST_KEY || durationMs <= 0) return;
    const before = this.#kept.get(key);
    if (before !== undefined) this.#forget(key, before);
    const bytes = key.length + answer.bytes;
    this.#kept.set(key, { answer, until: this.#clock.monotonic() + durationMs, bytes });
    this.#bytes += bytes;
    for (const [oldest, kept] of this.#kept) {
      if (this.#kept.size <= MOST_ANSWERS && this.#bytes <= MOST_BYTES) return;
      this.#forget(oldest, kept);
    }
  }

  #forget(key: string, { bytes }: Kept): void {
    this.#kept.delete(key);
    this.#bytes -= bytes;
  }
}
