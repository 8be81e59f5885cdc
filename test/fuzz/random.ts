/** A source of pseudo-random numbers that gives the same ones for the same seed and input, on every machine. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d = 1;

  /** @param input number of the input within a campaign: each has numbers of its own, so one can be made again alone */
  constructor(seed: number, input: number) {
    this.#a = seed | 0;
    this.#b = input | 0;
    this.#c = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b);
    // The first numbers of neighbouring seeds are alike.
    for (let count = 0; count < 12; count += 1) this.#next();
  }

  /** An integer from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor((this.#next() / 0x1_0000_0000) * limit);
  }

  /** From `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** True once in so many times. */
  oneIn(count: number): boolean {
    return this.below(count) === 0;
  }

  pick<T>(values: readonly [T, ...T[]]): T {
    return values[this.below(values.length)] ?? values[0];
  }

  /** As much text as is asked for, of these characters. */
  text(alphabet: string, length: number): string {
    let text = '';
    while (text.length < length) text += alphabet[this.below(alphabet.length)];
    return text;
  }

  /** Chris Doty-Humphrey's sfc32. */
  #next(): number {
    const sum = (this.#a + this.#b + this.#d) | 0;
    this.#d = (this.#d + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    this.#c |= 0;
    return sum >>> 0;
  }
}
