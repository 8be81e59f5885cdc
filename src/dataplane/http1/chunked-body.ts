import { COLON, CR, FIELD, HEX, HTAB, LF, SP, TOKEN } from '../../formats/http/bytes.ts';
import { OTHER } from '../pipeline/header-ids.ts';
import { identify } from './header-names.ts';
import { MAX_HEAD_BYTES, MAX_LINE_BYTES } from './limits.ts';

const SIZE = 0;
const EXTENSION = 1;
const SIZE_LF = 2;
const DATA = 3;
const DATA_CR = 4;
const DATA_LF = 5;
const TRAILERS = 6;
const COMPLETE = 7;

/** 13 hex digits are 52 bits: a larger size cannot be counted exactly. Zeros before the first other digit do not count. */
const MAX_SIZE_DIGITS = 13;

/**
 * Reads a chunked body (RFC 9112 section 7.1) strictly, cut anywhere. Says where its data is; the framing is made anew on
 * the other side, so that no two parsers can read extensions, or anything else of it, differently.
 */
export class ChunkedBody {
  /** Where the data lies in the bytes fed last: start, end, start, end… */
  readonly ranges: number[] = [];
  /** Bytes of data in these ranges. */
  rangeBytes = 0;
  /** Trailer lines that may go on, each with its line end, once the body is complete. */
  trailers = '';
  #state = SIZE;
  #size = 0;
  /** Of the size, without leading zeros. */
  #digits = 0;
  /** Of the line with the size and its extensions. */
  #lineBytes = 0;
  #trailerBytes = 0;
  #options: ReadonlySet<string> = new Set();
  /** What came of a trailer line: it is judged whole. */
  #line = '';

  /** @param options what the Connection header names: these fields do not go on, either */
  reset(options: ReadonlySet<string>): void {
    this.#options = options;
    this.#state = SIZE;
    this.#size = 0;
    this.#digits = 0;
    this.#lineBytes = 0;
    this.#trailerBytes = 0;
    this.#line = '';
    this.trailers = '';
    this.ranges.length = 0;
    this.rangeBytes = 0;
  }

  get isComplete(): boolean {
    return this.#state === COMPLETE;
  }

  /** @returns the place after the last byte that belongs to the body, or -1 for bytes that break its rules */
  feed(bytes: Buffer, start: number, end: number): number {
    this.ranges.length = 0;
    this.rangeBytes = 0;
    let at = start;
    while (at < end && this.#state !== COMPLETE) {
      if (this.#state === DATA) {
        const taken = Math.min(this.#size, end - at);
        this.ranges.push(at, at + taken);
        this.rangeBytes += taken;
        this.#size -= taken;
        at += taken;
        if (this.#size === 0) this.#state = DATA_CR;
      } else if (this.#state === TRAILERS) {
        at = this.#readTrailers(bytes, at, end);
        if (at < 0) return -1;
      } else {
        if (!this.#readFraming(bytes[at] as number)) return -1;
        at += 1;
      }
    }
    return at;
  }

  /** One byte between data: a size, an extension, a line end. */
  #readFraming(byte: number): boolean {
    switch (this.#state) {
      case SIZE: {
        const value = HEX[byte] as number;
        if (value !== 255) {
          this.#lineBytes += 1;
          if (this.#size > 0 || value > 0) this.#digits += 1;
          this.#size = this.#size * 16 + value;
          return this.#digits <= MAX_SIZE_DIGITS && this.#lineBytes <= MAX_LINE_BYTES;
        }
        if (this.#lineBytes === 0) return false;
        this.#state = byte === CR ? SIZE_LF : EXTENSION;
        return byte === CR || byte === 0x3b;
      }
      case EXTENSION:
        this.#lineBytes += 1;
        if (byte === CR) this.#state = SIZE_LF;
        return (byte === CR || FIELD[byte] === 1) && this.#lineBytes <= MAX_LINE_BYTES;
      case SIZE_LF:
        this.#state = this.#size === 0 ? TRAILERS : DATA;
        this.#digits = 0;
        this.#lineBytes = 0;
        return byte === LF;
      case DATA_CR:
        this.#state = DATA_LF;
        return byte === CR;
      default:
        this.#state = SIZE;
        return byte === LF;
    }
  }

  #readTrailers(bytes: Buffer, start: number, end: number): number {
    const lineFeed = bytes.indexOf(LF, start);
    const stop = lineFeed < 0 || lineFeed >= end ? end : lineFeed + 1;
    this.#trailerBytes += stop - start;
    if (this.#trailerBytes > MAX_HEAD_BYTES) return -1;
    this.#line += bytes.toString('latin1', start, stop);
    if (this.#line.length > MAX_LINE_BYTES) return -1;
    if (bytes[stop - 1] !== LF) return stop;
    if (this.#line === '\r\n') {
      this.#state = COMPLETE;
      return stop;
    }
    const verdict = judgeTrailer(Buffer.from(this.#line, 'latin1'), this.#options);
    if (verdict === undefined) return -1;
    if (verdict) this.trailers += this.#line;
    this.#line = '';
    return stop;
  }
}

/**
 * A field that means something to a proxy has been judged in the head, and ends here (RFC 9110 section 6.5.1): a backend may
 * merge trailers into its headers.
 * @returns whether the line goes on; undefined when it is no header line
 */
function judgeTrailer(line: Buffer, options: ReadonlySet<string>): boolean | undefined {
  const end = line.length - 2;
  if (end < 1 || line[end] !== CR) return undefined;
  let at = 0;
  while (TOKEN[line[at] as number] === 1) at += 1;
  if (at === 0 || line[at] !== COLON) return undefined;
  const nameEnd = at;
  for (at += 1; at < end; at += 1) {
    const byte = line[at] as number;
    if (FIELD[byte] === 0 && byte !== SP && byte !== HTAB) return undefined;
  }
  const name = line.toString('latin1', 0, nameEnd).toLowerCase();
  if (name.includes('_') || name.startsWith('x-accel-') || options.has(name)) return false;
  return identify(line, 0, nameEnd) === OTHER;
}
