import { CR, COLON, FIELD, HEX, HTAB, LF, SP, TOKEN } from './bytes.ts';
import { MAX_HEAD_BYTES, MAX_LINE_BYTES } from './head.ts';
import { CONTENT_LENGTH, HOST, identify, OTHER, TRAILER, TRANSFER_ENCODING } from './header-names.ts';

const SIZE_START = 0;
const SIZE = 1;
const EXTENSION = 2;
const SIZE_LF = 3;
const DATA = 4;
const DATA_CR = 5;
const DATA_LF = 6;
const TRAILER_START = 7;
const TRAILER_LINE = 8;
const LAST_LF = 9;
const COMPLETE = 10;

/** Sizes of 2^53 and more cannot be counted. */
const MAX_SIZE_DIGITS = 13;

/**
 * Reads a chunked body (RFC 9112 section 7.1) strictly, cut anywhere, and says which bytes to pass on. Chunks stay as they
 * are; extensions, which no two parsers read alike, are left out.
 */
export class ChunkedBody {
  /** Places in the fed bytes to pass on: start, end, start, end… */
  readonly ranges: number[] = [];
  /** Whether the framing is passed on with the data, or the data alone (to an HTTP/1.0 client). */
  #keepsFraming = true;
  #state = SIZE_START;
  #size = 0;
  #digits = 0;
  #extensionBytes = 0;
  #trailerBytes = 0;
  /** A trailer line is judged whole; what came of it waits here. */
  #trailerLine = '';
  /** Trailer lines and the end of the body, to be passed on after the ranges. */
  tail = '';
  /** Bytes of data in all, without framing. */
  dataBytes = 0;

  reset(keepsFraming: boolean): void {
    this.#keepsFraming = keepsFraming;
    this.#state = SIZE_START;
    this.#size = 0;
    this.#digits = 0;
    this.#extensionBytes = 0;
    this.#trailerBytes = 0;
    this.#trailerLine = '';
    this.tail = '';
    this.dataBytes = 0;
  }

  get isComplete(): boolean {
    return this.#state === COMPLETE;
  }

  /** @returns the place after the last byte that belongs to the body, or -1 for bytes that break its rules */
  feed(bytes: Buffer, start: number, end: number): number {
    this.ranges.length = 0;
    this.tail = '';
    let at = start;
    let kept = start;
    while (at < end && this.#state !== COMPLETE) {
      const byte = bytes[at] as number;
      switch (this.#state) {
        case SIZE_START:
        case SIZE: {
          const value = HEX[byte] as number;
          if (value !== 255) {
            this.#digits += 1;
            if (this.#digits > MAX_SIZE_DIGITS) return -1;
            this.#size = this.#size * 16 + value;
            this.#state = SIZE;
            at += 1;
          } else if (this.#digits === 0) {
            return -1;
          } else if (byte === CR) {
            this.#state = SIZE_LF;
            at += 1;
          } else if (byte === 0x3b || byte === SP || byte === HTAB) {
            this.#keep(kept, at);
            this.#state = EXTENSION;
          } else {
            return -1;
          }
          break;
        }
        case EXTENSION:
          if (byte === CR) {
            kept = at;
            this.#state = SIZE_LF;
          } else {
            this.#extensionBytes += 1;
            if (FIELD[byte] === 0 || this.#extensionBytes > MAX_LINE_BYTES) return -1;
          }
          at += 1;
          break;
        case SIZE_LF:
          if (byte !== LF) return -1;
          at += 1;
          if (!this.#keepsFraming) kept = at;
          this.#digits = 0;
          this.#extensionBytes = 0;
          if (this.#size === 0) {
            // The last chunk is written anew, after the trailers have been judged.
            this.#dropLastSize(kept, at);
            kept = -1;
            this.#state = TRAILER_START;
          } else {
            this.#state = DATA;
          }
          break;
        case DATA: {
          const taken = Math.min(this.#size, end - at);
          this.#size -= taken;
          this.dataBytes += taken;
          at += taken;
          if (this.#size === 0) {
            if (!this.#keepsFraming) this.#keep(kept, at);
            this.#state = DATA_CR;
          }
          break;
        }
        case DATA_CR:
          if (byte !== CR) return -1;
          at += 1;
          this.#state = DATA_LF;
          break;
        case DATA_LF:
          if (byte !== LF) return -1;
          at += 1;
          if (!this.#keepsFraming) kept = at;
          this.#state = SIZE_START;
          break;
        case TRAILER_START:
        case TRAILER_LINE:
          at = this.#readTrailer(bytes, at, end);
          if (at < 0) return -1;
          break;
        default:
          if (byte !== LF) return -1;
          at += 1;
          this.#state = COMPLETE;
      }
    }
    return at;
  }
}
