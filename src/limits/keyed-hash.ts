/**
 * HalfSipHash-2-4 with 64 bits of output (Aumasson and Bernstein), over the low bytes of a text's characters. Without the key no
 * one can find texts that meet in a table.
 */
export class KeyedHash {
  /** Of the text hashed last. */
  low = 0;
  /** Of the text hashed last. */
  high = 0;
  readonly #key0: number;
  readonly #key1: number;

  constructor(key0: number, key1: number) {
    this.#key0 = key0;
    this.#key1 = key1;
  }

  /** A hash whose key follows from this one's and from a text: equal texts under different ones have nothing in common. */
  derived(text: string): KeyedHash {
    this.hash(text);
    return new KeyedHash(this.low, this.high);
  }

  /** Sets {@link low} and {@link high}. */
  hash(text: string): void {
    const { length } = text;
    const key0 = this.#key0;
    const key1 = this.#key1;
    let v0 = key0;
    let v1 = key1 ^ 0xee;
    let v2 = key0 ^ 0x6c796765;
    let v3 = key1 ^ 0x74656462;
    // The words of the text, the last of which has its length, and then twice four rounds without a word.
    const words = (length >> 2) + 1;
    for (let word = 0; word < words + 2; word += 1) {
      const input = word < words ? wordAt(text, word << 2) : 0;
      v3 ^= input;
      for (let rounds = word < words ? 2 : 4; rounds > 0; rounds -= 1) {
        v0 = (v0 + v1) | 0;
        v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
        v0 = (v0 << 16) | (v0 >>> 16);
        v2 = (v2 + v3) | 0;
        v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
        v0 = (v0 + v3) | 0;
        v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
        v2 = (v2 + v1) | 0;
        v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
        v2 = (v2 << 16) | (v2 >>> 16);
      }
      v0 ^= input;
      if (word === words - 1) {
        v2 ^= 0xee;
      } else if (word === words) {
        this.low = v1 ^ v3;
        v1 ^= 0xdd;
      }
    }
    this.high = v1 ^ v3;
  }
}

/** Four bytes of the text, the first the lowest; behind its end, zeros and in the highest byte its length. */
function wordAt(text: string, at: number): number {
  const { length } = text;
  if (at + 4 <= length) {
    return (
      (text.charCodeAt(at) & 0xff) |
      ((text.charCodeAt(at + 1) & 0xff) << 8) |
      ((text.charCodeAt(at + 2) & 0xff) << 16) |
      (text.charCodeAt(at + 3) << 24)
    );
  }
  let word = length << 24;
  for (let index = at; index < length; index += 1) word |= (text.charCodeAt(index) & 0xff) << ((index - at) << 3);
  return word;
}
