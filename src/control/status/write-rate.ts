import type { Clock } from '../../clock.ts';

/** As many writes at once, and as many a second after them: an API server must not feel it when a replica takes over. */
const BURST = 100;
const PER_SECOND = 50;

/** How many statuses may be written. */
export class WriteRate {
  readonly #clock: Clock;
  #left = BURST;
  #at: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#at = clock.monotonic();
  }

  /** Takes one. @returns milliseconds to wait before asking again; 0: it may be written */
  take(): number {
    const now = this.#clock.monotonic();
    this.#left = Math.min(BURST, this.#left + ((now - this.#at) * PER_SECOND) / 1000);
    this.#at = now;
    if (this.#left < 1) return ((1 - this.#left) * 1000) / PER_SECOND;
    this.#left -= 1;
    return 0;
  }
}
