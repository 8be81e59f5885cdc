/**
 * The Huffman code of RFC 7541 appendix B. It is canonical: codes of one length follow each other in the order of their
 * symbols, and so the lengths are the whole code.
 */

/** The length in bits of each byte's code; the last symbol is EOS. */
const LENGTHS: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
  28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6,
  5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23,
  22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22,
  23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26,
  20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27,
  27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27,
  27, 27, 27, 26, 30,
];
const EOS = 256;
const SHORTEST = 5;
const LONGEST = 30;
/** The first table knows every code that is not longer: those of all common characters. */
const FAST_BITS = 9;
/** Bits behind the last symbol are the beginning of EOS, and fewer than a byte (RFC 7541 section 5.2). */
const MAX_PADDING = 7;

/** By the next 9 bits: the symbol and the length of its code, as symbol << 4 | length; 0 for a longer code. */
const FAST = new Uint16Array(1 << FAST_BITS);
/** All symbols, in the order of their codes. */
const SYMBOLS = new Uint16Array(LENGTHS.length);
/** By length: the first code that is that long, how many there are, and where their symbols begin. */
const FIRST_CODE = new Uint32Array(LONGEST + 1);
const COUNT = new Uint16Array(LONGEST + 1);
const FIRST_SYMBOL = new Uint16Array(LONGEST + 1);

makeTables();

function makeTables(): void {
  let code = 0;
  let place = 0;
  for (let length = SHORTEST; length <= LONGEST; length += 1) {
    code *= 2;
    FIRST_CODE[length] = code;
    FIRST_SYMBOL[length] = place;
    for (let symbol = 0; symbol < LENGTHS.length; symbol += 1) {
      if (LENGTHS[symbol] !== length) continue;
      if (length <= FAST_BITS) {
        const spare = FAST_BITS - length;
        FAST.fill((symbol << 4) | length, code << spare, (code + 1) << spare);
      }
      SYMBOLS[place] = symbol;
      place += 1;
      code += 1;
    }
    COUNT[length] = place - (FIRST_SYMBOL[length] as number);
  }
}

/** The most bytes that so many encoded ones can become. */
export function decodedBytes(encodedBytes: number): number {
  return Math.ceil((encodedBytes * 8) / SHORTEST);
}

/**
 * Decodes a string literal.
 * @param into where its bytes go, from the beginning; it has room for {@link decodedBytes}
 * @returns how many they are; -1 when the literal is no valid one
 */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number, into: Uint8Array): number {
  const endBit = end * 8;
  let bit = start * 8;
  let size = 0;
  while (bit < endBit) {
    const at = bit >> 3;
    // Bits behind the end read as ones, like padding.
    const next = at + 1 < end ? (bytes[at + 1] as number) : 0xff;
    const window = (((bytes[at] as number) << 8) | next) >> (16 - FAST_BITS - (bit & 7));
    const found = FAST[window & ((1 << FAST_BITS) - 1)] as number;
    if (found !== 0) {
      bit += found & 0xf;
      if (bit > endBit) return -1;
      into[size] = found >> 4;
      size += 1;
    } else {
      if (endBit - bit <= MAX_PADDING) return isPadding(bytes, bit, endBit) ? size : -1;
      const symbol = walk(bytes, bit, endBit);
      if (symbol === EOS) return -1;
      bit += LENGTHS[symbol] as number;
      into[size] = symbol;
      size += 1;
    }
  }
  return size;
}

/** The symbol of a long code. @returns EOS also for a code that is cut off */
function walk(bytes: Uint8Array, start: number, endBit: number): number {
  let code = 0;
  for (let length = 1; length <= LONGEST && start + length <= endBit; length += 1) {
    const bit = start + length - 1;
    code = (code << 1) | (((bytes[bit >> 3] as number) >> (7 - (bit & 7))) & 1);
    const place = code - (FIRST_CODE[length] as number);
    if (place >= 0 && place < (COUNT[length] as number))
      return SYMBOLS[(FIRST_SYMBOL[length] as number) + place] as number;
  }
  return EOS;
}

/** Whether the bits up to the end, all in the last byte, are ones. */
function isPadding(bytes: Uint8Array, bit: number, endBit: number): boolean {
  const mask = (1 << (endBit - bit)) - 1;
  return ((bytes[(endBit >> 3) - 1] as number) & mask) === mask;
}
