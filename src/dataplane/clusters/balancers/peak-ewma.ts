/** How fast old samples lose their weight. */
const TIME_CONSTANT_MS = 10_000;

/**
 * An exponentially weighted moving average of times, which a slower sample replaces at once: it rises as soon as an endpoint is
 * slow, and falls slowly. Without samples it falls, too, so that an endpoint that was slow is tried again.
 */
export class PeakEwma {
  #value: number;
  #at: number;

  constructor(value: number, now: number) {
    this.#value = value;
    this.#at = now;
  }

  read(now: number): number {
    return this.#value * decay(now - this.#at);
  }

  /** A sample that replaces an average below it. */
  addPeak(sample: number, now: number): void {
    if (sample > this.read(now)) this.#set(sample, now);
    else this.add(sample, now);
  }

  add(sample: number, now: number): void {
    const kept = decay(now - this.#at);
    this.#set(this.#value * kept + sample * (1 - kept), now);
  }

  #set(value: number, now: number): void {
    this.#value = value;
    this.#at = now;
  }
}

function decay(passedMs: number): number {
  return Math.exp(-passedMs / TIME_CONSTANT_MS);
}
