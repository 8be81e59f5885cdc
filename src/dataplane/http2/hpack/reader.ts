import { FIELD, HTAB, readLatin1, SP } from '../../../formats/http/bytes.ts';
import { COMPRESSION_ERROR, Http2Error } from '../frames.ts';
import { decodedBytes, decodeHuffman } from './huffman.ts';

/** RFC 7541 section 5.1 sets no bound; no length, index or size that can be used needs more. */
const MAX_INTEGER = 0x7fff_ffff;
const MAX_CONTINUATIONS = 5;

/** Reads the integers and strings of a header block (RFC 7541 section 5), one after the other. */
export class HpackReader {
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #end = 0;
  /** The string that was read last: some of the block's bytes, or of those that Huffman's code was decoded to. */
  #string: Buffer = this.#bytes;
  #stringStart = 0;
  #stringEnd = 0;
  #decoded: Buffer = this.#bytes;

  begin(bytes: Buffer, start: number, end: number): void {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  get hasMore(): boolean {
    return this.#at < this.#end;
  }

  /** The next byte, which is not passed by. */
  get peek(): number {
    return this.#bytes[this.#at] as number;
  }

  /** @param mask the bits of the first byte that belong to it */
  integer(mask: number): number {
    let value = this.#byte() & mask;
    if (value < mask) return value;
    let factor = 1;
    for (let count = 0; count < MAX_CONTINUATIONS; count += 1) {
      const byte = this.#byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) {
        if (value > MAX_INTEGER) break;
        return value;
      }
      factor *= 0x80;
    }
    throw corrupt('an integer is too large');
  }

  /** Reads a string, which is then looked at by the methods below. */
  string(): void {
    const isHuffman = this.hasMore && this.peek >= 0x80;
    const length = this.integer(0x7f);
    const start = this.#at;
    if (length > this.#end - start) throw corrupt('a string is cut off');
    this.#at = start + length;
    if (isHuffman) {
      this.#decode(start, length);
    } else {
      this.#string = this.#bytes;
      this.#stringStart = start;
      this.#stringEnd = this.#at;
    }
  }

  get stringSize(): number {
    return this.#stringEnd - this.#stringStart;
  }

  text(): string {
    return readLatin1(this.#string, this.#stringStart, this.#stringEnd);
  }

  /** Whether the string may be a field's value: no control character but HTAB, no blank around it (RFC 9113 section 8.2.1). */
  isFieldValue(): boolean {
    const [string, start, end] = [this.#string, this.#stringStart, this.#stringEnd];
    if (start === end) return true;
    if (isBlank(string[start]) || isBlank(string[end - 1])) return false;
    for (let at = start; at < end; at += 1) if (FIELD[string[at] as number] === 0) return false;
    return true;
  }

  #byte(): number {
    if (this.#at >= this.#end) throw corrupt('the block is cut off');
    const byte = this.#bytes[this.#at] as number;
    this.#at += 1;
    return byte;
  }

  #decode(start: number, length: number): void {
    const most = decodedBytes(length);
    if (most > this.#decoded.length) this.#decoded = Buffer.allocUnsafeSlow(2 * most);
    const size = decodeHuffman(this.#bytes, start, start + length, this.#decoded);
    if (size < 0) throw corrupt('a string has a wrong Huffman code');
    this.#string = this.#decoded;
    this.#stringStart = 0;
    this.#stringEnd = size;
  }
}

/** The error for a block that leaves the tables of both sides out of step (RFC 7541 section 2.3.3 and 4.2, RFC 9113 section 4.3). */
export function corrupt(reason: string): Http2Error {
  return new Http2Error(COMPRESSION_ERROR, reason);
}

function isBlank(byte: number | undefined): boolean {
  return byte === SP || byte === HTAB;
}
