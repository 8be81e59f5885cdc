/** What request and response heads have in common: header lines, validated in place, never taken apart. */

import { COLON, CR, FIELD, HTAB, isWord, LF, SP, TOKEN, UNDERSCORE } from '../../formats/http/bytes.ts';
import { listElements } from '../../formats/http/list.ts';
import {
  CONNECTION,
  CONTENT_LENGTH,
  KEEP_ALIVE,
  PROXY_AUTHENTICATE,
  PROXY_AUTHENTICATION_INFO,
  PROXY_AUTHORIZATION,
  PROXY_CONNECTION,
  TE,
  TRANSFER_ENCODING,
  UPGRADE,
} from '../pipeline/header-ids.ts';
import { identify } from './header-names.ts';
import { MAX_HEAD_BYTES, MAX_LINE_BYTES, MAX_LINES } from './limits.ts';

/** Answers of {@link Head.readLines}, unless it is a fault. */
export const MORE = 0;
export const DONE = 1;

/** What may be wrong with the header lines of a request and of a response. */
export type HeadFault =
  | 'bad_line_end'
  | 'control_character'
  | 'space_before_colon'
  | 'folded_line'
  | 'header_malformed'
  | 'header_too_large'
  | 'too_many_headers'
  | 'content_length_malformed'
  | 'content_length_duplicate'
  | 'transfer_encoding_duplicate';

/** Of a header's name in the program log. */
const MAX_NAME_SHOWN = 64;

/** Room for most heads: every request under way has one. */
const FEW_RUNS = 32;

const CHUNKED = Buffer.from('chunked');
const KEPT_ALIVE = Buffer.from('keep-alive');
const CLOSE = Buffer.from('close');

export const NO_OPTIONS: ReadonlySet<string> = new Set();

/**
 * A head that is being read. All places are relative to `base`, the place of its first byte, so that what came may be moved
 * to another buffer while more is awaited.
 * @template Own faults of this direction alone
 */
export abstract class Head<Own extends string = never> {
  /** Places of the lines that may go on unchanged: start, end, start, end… Lines that follow each other are one run. */
  protected runs: Int32Array = new Int32Array(FEW_RUNS);
  protected runCount = 0;
  /** Where the line begins that is read next. */
  protected position = 0;
  protected linesStart = 0;
  protected lineCount = 0;
  /** Length of the whole head, with the empty line at its end. */
  length = 0;
  contentLength = -1;
  isChunked = false;
  /** The head as text, once it is complete. */
  text = '';
  saysClose = false;
  saysKeepAlive = false;
  saysUpgrade = false;
  /** One set for all Connection lines of a head, and a new one for each head: the body of the last may still need its own. */
  #options: Set<string> | undefined;
  protected codings = 0;
  /** The place of the byte that made the head a bad one; -1 where it is not about a byte. */
  protected faultAt = -1;

  protected resetLines(): void {
    this.runCount = 0;
    this.position = 0;
    this.linesStart = 0;
    this.lineCount = 0;
    this.length = 0;
    this.contentLength = -1;
    this.isChunked = false;
    this.saysClose = false;
    this.saysKeepAlive = false;
    this.saysUpgrade = false;
    this.#options = undefined;
    this.codings = 0;
    this.faultAt = -1;
  }

  /** One known or unknown header line. @returns whether it goes on unchanged; a fault ends the head */
  protected abstract takeLine(
    id: number,
    bytes: Buffer,
    nameStart: number,
    nameEnd: number,
    valueStart: number,
    valueEnd: number,
  ): boolean | HeadFault | Own;

  /** Reads header lines from `position` on. */
  protected readLines(bytes: Buffer, base: number, end: number): typeof MORE | typeof DONE | HeadFault | Own {
    let at = base + this.position;
    for (;;) {
      const lineStart = at;
      if (at >= end) return this.#incomplete(lineStart, base, end);
      let byte = bytes[at] as number;
      if (byte === CR) {
        if (at + 1 >= end) return this.#incomplete(lineStart, base, end);
        if (bytes[at + 1] !== LF) return this.#fault('bad_line_end', at - base);
        this.length = at + 2 - base;
        this.position = this.length;
        return this.length - this.linesStart > MAX_HEAD_BYTES ? this.#fault('header_too_large', at - base) : DONE;
      }
      let hasUnderscore = false;
      while (TOKEN[byte] === 1) {
        if (byte === UNDERSCORE) hasUnderscore = true;
        at += 1;
        if (at === end) return this.#incomplete(lineStart, base, end);
        byte = bytes[at] as number;
      }
      // An empty name, obs-fold, a blank before the colon, a line without one: RFC 9112 section 5.
      if (byte !== COLON || at === lineStart) return this.#fault(nameFault(byte, at === lineStart), at - base);
      const nameEnd = at;
      do {
        at += 1;
        if (at === end) return this.#incomplete(lineStart, base, end);
        byte = bytes[at] as number;
      } while (byte === SP || byte === HTAB);
      const valueStart = at;
      while (FIELD[byte] === 1) {
        at += 1;
        if (at === end) return this.#incomplete(lineStart, base, end);
        byte = bytes[at] as number;
      }
      if (byte !== CR) return this.#fault(byte === LF ? 'bad_line_end' : 'control_character', at - base);
      if (at + 1 === end) return this.#incomplete(lineStart, base, end);
      if (bytes[at + 1] !== LF) return this.#fault('bad_line_end', at - base);
      if (at - lineStart > MAX_LINE_BYTES || at - base - this.linesStart > MAX_HEAD_BYTES) {
        return this.#fault('header_too_large', at - base);
      }
      this.lineCount += 1;
      if (this.lineCount > MAX_LINES) return this.#fault('too_many_headers', lineStart - base);
      let valueEnd = at;
      while (valueEnd > valueStart && (bytes[valueEnd - 1] === SP || bytes[valueEnd - 1] === HTAB)) valueEnd -= 1;
      at += 2;
      const id = identify(bytes, lineStart, nameEnd - lineStart);
      const goesOn =
        (!hasUnderscore || this.takeUnderscore(bytes, lineStart, nameEnd)) &&
        this.takeLine(id, bytes, lineStart, nameEnd, valueStart, valueEnd);
      if (typeof goesOn === 'string') return this.#fault(goesOn, lineStart - base);
      if (goesOn) this.#keep(lineStart - base, at - base);
      this.position = at - base;
    }
  }

  /** Whether a name with an underscore goes on. */
  protected takeUnderscore(_bytes: Buffer, _nameStart: number, _nameEnd: number): boolean {
    return true;
  }

  /** Bookkeeping common to both directions. @returns false: a header for this hop; undefined: not one of these */
  protected takeFraming(
    id: number,
    bytes: Buffer,
    valueStart: number,
    valueEnd: number,
  ): false | HeadFault | undefined {
    switch (id) {
      case CONTENT_LENGTH:
        // A second Content-Length, a list or a sign: recipients could disagree about the length (RFC 9112 section 6.3).
        if (this.contentLength >= 0) return 'content_length_duplicate';
        this.contentLength = readLength(bytes, valueStart, valueEnd);
        return this.contentLength < 0 ? 'content_length_malformed' : false;
      case TRANSFER_ENCODING:
        this.codings += 1;
        this.isChunked = isWord(bytes, valueStart, valueEnd, CHUNKED);
        return this.codings > 1 ? 'transfer_encoding_duplicate' : false;
      case CONNECTION:
        this.#readConnection(bytes, valueStart, valueEnd);
        return false;
      case KEEP_ALIVE:
      case TE:
      case UPGRADE:
      case PROXY_CONNECTION:
      case PROXY_AUTHORIZATION:
      case PROXY_AUTHENTICATE:
      case PROXY_AUTHENTICATION_INFO:
        return false;
      default:
        return undefined;
    }
  }

  /** Further headers that Connection names, in lower case. */
  get connectionOptions(): ReadonlySet<string> {
    return this.#options ?? NO_OPTIONS;
  }

  /** The unchanged lines as text, each with its line end, without those that Connection names. */
  protected runsText(): string {
    const { text, runs } = this;
    const options = this.#options;
    if (options !== undefined) return this.#filteredLines(name => !options.has(name));
    let lines = '';
    for (let index = 0; index < this.runCount; index += 2) {
      lines += text.substring(runs[index] as number, runs[index + 1] as number);
    }
    return lines;
  }

  /** @param keeps told the name in lower case */
  #filteredLines(keeps: (name: string) => boolean): string {
    let kept = '';
    for (let index = 0; index < this.runCount; index += 2) {
      for (const line of this.text.slice(this.runs[index], this.runs[index + 1]).split('\r\n')) {
        if (line !== '' && keeps(line.slice(0, line.indexOf(':')).toLowerCase())) kept += `${line}\r\n`;
      }
    }
    return kept;
  }

  #readConnection(bytes: Buffer, start: number, end: number): void {
    if (isWord(bytes, start, end, KEPT_ALIVE)) {
      this.saysKeepAlive = true;
    } else if (isWord(bytes, start, end, CLOSE)) {
      this.saysClose = true;
    } else {
      for (const option of listElements(bytes.toString('latin1', start, end))) this.#takeOption(option.toLowerCase());
    }
  }

  #takeOption(name: string): void {
    switch (name) {
      case 'keep-alive':
        this.saysKeepAlive = true;
        break;
      case 'close':
        this.saysClose = true;
        break;
      case 'upgrade':
        this.saysUpgrade = true;
        break;
      // Without its length the end of the body would have to be guessed.
      case 'content-length':
        break;
      default:
        this.#options ??= new Set();
        this.#options.add(name);
    }
  }

  #keep(start: number, end: number): void {
    const { runs, runCount } = this;
    if (runCount > 0 && runs[runCount - 1] === start) {
      runs[runCount - 1] = end;
    } else {
      if (runCount === runs.length) {
        this.runs = new Int32Array(2 * runCount);
        this.runs.set(runs);
      }
      this.runs[runCount] = start;
      this.runs[runCount + 1] = end;
      this.runCount += 2;
    }
  }

  #incomplete(lineStart: number, base: number, end: number): typeof MORE | HeadFault {
    this.position = lineStart - base;
    const isOver = end - lineStart > MAX_LINE_BYTES + 1 || end - base - this.linesStart > MAX_HEAD_BYTES + 2;
    return isOver ? this.#fault('header_too_large', end - base) : MORE;
  }

  #fault<Fault extends HeadFault | Own>(fault: Fault, at: number): Fault {
    this.faultAt = at;
    return fault;
  }

  /**
   * Says where the fault is: the byte, counted from the start of the head, and the name of the header. Never a value, and
   * no name either unless a colon follows it: what else begins a line may be the rest of a secret.
   */
  faultPlace(bytes: Buffer, base: number, end: number): string {
    if (this.faultAt < 0) return '';
    const byte = bytes[base + this.faultAt];
    const seen = byte === undefined ? '' : ` (0x${byte.toString(16).padStart(2, '0')})`;
    const lineStart = base + this.position;
    let nameEnd = lineStart;
    while (nameEnd < end && nameEnd - lineStart < MAX_NAME_SHOWN && TOKEN[bytes[nameEnd] as number] === 1) nameEnd += 1;
    let colon = nameEnd;
    while (colon < end && (bytes[colon] === SP || bytes[colon] === HTAB)) colon += 1;
    const isNamed = this.linesStart > 0 && nameEnd > lineStart && bytes[colon] === COLON && colon < end;
    return `byte ${this.faultAt}${seen}${isNamed ? `, header ${bytes.toString('latin1', lineStart, nameEnd)}` : ''}`;
  }
}

/** What is wrong with a header line whose name ends in another byte than a colon. @param isEmpty the name is */
function nameFault(byte: number, isEmpty: boolean): HeadFault {
  if (byte === LF) return 'bad_line_end';
  if (byte === SP || byte === HTAB) return isEmpty ? 'folded_line' : 'space_before_colon';
  return FIELD[byte] === 1 || byte === CR ? 'header_malformed' : 'control_character';
}

/** Digits only, up to 2^53-1; else -1. */
function readLength(bytes: Buffer, start: number, end: number): number {
  let length = 0;
  if (start === end) return -1;
  for (let at = start; at < end; at += 1) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    length = length * 10 + digit;
    if (length > Number.MAX_SAFE_INTEGER) return -1;
  }
  return length;
}
