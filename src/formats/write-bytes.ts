/** Writes text and numbers into memory that has room for them. Each function returns the place after what it wrote. */

/** Node has this method, but its types do not. `write(text, at, 'latin1')` takes twice as long: it looks the encoding up. */
interface Latin1Memory {
  latin1Write(text: string, at: number): number;
}

const DIGIT_0 = 0x30;
/** Integers up to it are divided without floating point. */
const MAX_SMALL = 0x7fffffff;

/** @param text of characters up to U+00FF: one byte each */
export function writeLatin1(bytes: Buffer, at: number, text: string): number {
  return at + (bytes as unknown as Latin1Memory).latin1Write(text, at);
}

/** For constants of a few dozen bytes: there a loop is faster than a call of set(). */
export function writeBytes(bytes: Uint8Array, at: number, source: Uint8Array): number {
  const { length } = source;
  for (let index = 0; index < length; index += 1) bytes[at + index] = source[index] as number;
  return at + length;
}

/** Below it, a loop is faster than a call of copy(). */
const LONG_BYTES = 128;

export function writeRange(bytes: Buffer, at: number, source: Buffer, start: number, end: number): number {
  if (end - start > LONG_BYTES) return at + source.copy(bytes, at, start, end);
  const shift = at - start;
  for (let index = start; index < end; index += 1) bytes[index + shift] = source[index] as number;
  return end + shift;
}

/** @param value an integer from zero on */
export function writeDecimal(bytes: Buffer, at: number, value: number): number {
  if (value > MAX_SMALL) return writeLatin1(bytes, at, String(value));
  let end = at + 1;
  for (let bound = 10; bound <= value; bound *= 10) end += 1;
  let rest = value | 0;
  for (let place = end - 1; place >= at; place -= 1) {
    const tens = (rest / 10) | 0;
    bytes[place] = DIGIT_0 + rest - 10 * tens;
    rest = tens;
  }
  return end;
}
