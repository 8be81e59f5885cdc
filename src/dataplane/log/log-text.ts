/** What both formats have in common: which bytes need an escape, and texts that are written again and again. */
import { writeLatin1 } from '../../formats/write-bytes.ts';

export const LF = 0x0a;
export const COMMA = 0x2c;
export const POINT = 0x2e;
export const DIGIT_0 = 0x30;

/** Bytes that a line has as they are: printable ASCII but quote and backslash. */
export const SAFE = new Uint8Array(256).fill(1, 0x20, 0x7f);
SAFE[0x22] = 0;
SAFE[0x5c] = 0;

/** Whether some of the bytes need an escape. */
export function hasUnsafe(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (SAFE[bytes[at] as number] !== 1) return true;
  return false;
}

const MAX_MEMO_BYTES = 64;

/** Writes texts that are often the same as the one before: to copy its bytes takes a third of the time. */
export class TextMemo {
  #text = '';
  readonly #bytes = new Uint8Array(MAX_MEMO_BYTES);

  /** @param text in ASCII */
  write(bytes: Buffer, start: number, text: string): number {
    const memo = this.#bytes;
    const { length } = text;
    if (text === this.#text) {
      for (let index = 0; index < length; index += 1) bytes[start + index] = memo[index] as number;
      return start + length;
    }
    const end = writeLatin1(bytes, start, text);
    if (length <= MAX_MEMO_BYTES) {
      this.#text = text;
      for (let index = 0; index < length; index += 1) memo[index] = bytes[start + index] as number;
    }
    return end;
  }
}
