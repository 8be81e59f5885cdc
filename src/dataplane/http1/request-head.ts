import type { FailureReason } from '../../failures/failures.ts';
import { COMMA, CR, isHttp1, isText, LF, METHOD, readLatin1, SP, TARGET } from '../../formats/http/bytes.ts';
import { writeRange } from '../../formats/write-bytes.ts';
import { fieldOf, fieldsOf } from '../fields/header-lines.ts';
import {
  AUTHORIZATION,
  EXPECT,
  HOST,
  isWithheldAlias,
  REFERER,
  TE,
  UPGRADE,
  USER_AGENT,
  X_CLIENT_CERT,
  X_FORWARDED_FOR,
  X_FORWARDED_HOST,
  X_FORWARDED_PREFIX,
  X_FORWARDED_PROTO,
  X_REAL_IP,
  X_REQUEST_ID,
} from '../pipeline/header-ids.ts';
import type { RequestView } from '../pipeline/ports.ts';
import { DONE, Head, type HeadFault, MORE } from './head.ts';
import { MAX_LINE_BYTES } from './limits.ts';

const MAX_EMPTY_BYTES = 64;
const VALUE_SLOTS = 32;
/** Room for so many noted values at first: few clients send more of them. */
const FIRST_VALUES = 16;
/** A head that is used again keeps memory for so many bytes. */
const KEPT_BYTES = 1024;
const NOTHING = Buffer.alloc(0);

/** A request head under way or complete (RFC 9112 sections 2 to 6); one per connection, used again and again. */
export class RequestHead extends Head<'host_duplicate'> implements RequestView {
  method = '';
  /** As it came, for the request line of the log, too. */
  target = '';
  minorVersion = 1;
  #methodStart = 0;
  #targetStart = 0;
  #targetEnd = 0;
  #methodEnd = 0;
  #lineEnd = 0;
  #hasRequestLine = false;
  #hostLines = 0;
  /** Of this head or an earlier one: clients say the same again and again, and so it is the same text. */
  #host = '';
  /** Names whose values are noted: name, start, end, … in the order in which they came. */
  #values = new Int32Array(3 * FIRST_VALUES);
  #valueCount = 0;
  /** A copy of the head, once it is complete. */
  #kept: Buffer = NOTHING;
  /** Whether a noted name has come, by its number. */
  readonly #has = new Uint8Array(VALUE_SLOTS);
  /** What its text is counted with in the memory of all clients. */
  countedBytes = 0;
  /** Set from the settings: header names with an underscore go on. */
  keepsUnderscores = false;

  reset(): void {
    this.resetLines();
    this.#hasRequestLine = false;
    this.#hostLines = 0;
    for (let index = 0; index < this.#valueCount; index += 3) this.#has[this.#values[index] as number] = 0;
    this.#valueCount = 0;
  }

  /** Lets go of its text; a part of it would keep the whole. */
  forget(): void {
    if (this.#kept.length > KEPT_BYTES) this.#kept = NOTHING;
    this.text = '';
    this.method = '';
    this.target = '';
  }

  /**
   * Reads on in `bytes`, whose head begins at `base` and which holds everything that came of it.
   * @returns true when the head is complete, false when more is needed, or why it must be refused
   */
  read(bytes: Buffer, base: number, end: number): boolean | FailureReason {
    if (!this.#hasRequestLine) {
      const outcome = this.#readRequestLine(bytes, base, end);
      if (outcome !== true) return outcome;
      this.#hasRequestLine = true;
    }
    const outcome = this.readLines(bytes, base, end);
    if (outcome === MORE) return false;
    if (outcome !== DONE) return `request_${outcome}`;
    this.#keepBytes(bytes, base);
    this.text = readLatin1(bytes, base, base + this.length);
    return this.#judge();
  }

  /** Lines that go on unchanged. */
  lines(): string {
    return this.runsText();
  }

  /** The Host header as it came; empty when there is none. */
  get host(): string {
    return this.#hostLines === 0 ? '' : this.#host;
  }

  get hasHost(): boolean {
    return this.#hostLines > 0;
  }

  /** RFC 9110 section 7.8: HTTP/1.0 has no upgrades, and a tunnel takes the bytes that follow: a body would be lost in it. */
  get offersUpgrade(): boolean {
    return (
      this.saysUpgrade && this.minorVersion === 1 && !this.isChunked && this.contentLength <= 0 && this.has(UPGRADE)
    );
  }

  /** RFC 9110 section 15.2: HTTP/1.0 has no 1xx responses. */
  get takesInterims(): boolean {
    return this.minorVersion === 1;
  }

  has(name: number): boolean {
    return this.#has[name] === 1;
  }

  /** The values of a header's lines, joined as a list; empty when there is none. */
  value(name: number): string {
    if (this.#has[name] === 0) return '';
    let joined: string | undefined;
    for (let index = 0; index < this.#valueCount; index += 3) {
      if (this.#values[index] !== name) continue;
      const value = this.text.substring(this.#values[index + 1] as number, this.#values[index + 2] as number);
      joined = joined === undefined ? value : `${joined}, ${value}`;
    }
    return joined ?? '';
  }

  field(name: string, separator: string): string {
    return fieldOf(this.text, this.linesStart, name, separator);
  }

  fields(): readonly (readonly [name: string, value: string])[] {
    return fieldsOf(this.text.slice(this.linesStart));
  }

  // What the log reads of it.

  get protocol(): RequestView['protocol'] {
    return this.minorVersion === 1 ? 'HTTP/1.1' : 'HTTP/1.0';
  }

  get mostBytes(): number {
    return this.length;
  }

  writeRequestLine(bytes: Buffer, at: number): number {
    return writeRange(bytes, at, this.#kept, this.#methodStart, this.#lineEnd);
  }

  writeReferer(bytes: Buffer, at: number): number {
    return this.#writeValue(REFERER, bytes, at);
  }

  writeUserAgent(bytes: Buffer, at: number): number {
    return this.#writeValue(USER_AGENT, bytes, at);
  }

  writeForwardedFor(bytes: Buffer, at: number): number {
    return this.#writeValue(X_FORWARDED_FOR, bytes, at);
  }

  get authorization(): string {
    return this.value(AUTHORIZATION);
  }

  protected override takeUnderscore(bytes: Buffer, nameStart: number, nameEnd: number): boolean {
    return this.keepsUnderscores && !isWithheldAlias(bytes.toString('latin1', nameStart, nameEnd).toLowerCase());
  }

  protected takeLine(
    id: number,
    bytes: Buffer,
    nameStart: number,
    _nameEnd: number,
    valueStart: number,
    valueEnd: number,
  ): boolean | HeadFault | 'host_duplicate' {
    if (id === 0) return true;
    const base = nameStart - this.position;
    switch (id) {
      case HOST:
        this.#hostLines += 1;
        if (!isText(bytes, valueStart, valueEnd, this.#host))
          this.#host = bytes.toString('latin1', valueStart, valueEnd);
        return this.#hostLines > 1 ? 'host_duplicate' : false;
      case X_REAL_IP:
      case X_FORWARDED_PREFIX:
      case X_CLIENT_CERT:
        return false;
      case REFERER:
      case USER_AGENT:
      case AUTHORIZATION:
        this.#note(id, valueStart - base, valueEnd - base);
        return true;
      case X_FORWARDED_FOR:
      case X_FORWARDED_PROTO:
      case X_FORWARDED_HOST:
      case X_REQUEST_ID:
      case EXPECT:
      case UPGRADE:
      case TE:
        this.#note(id, valueStart - base, valueEnd - base);
        return false;
      default:
        return this.takeFraming(id, bytes, valueStart, valueEnd) ?? true;
    }
  }

  /** As {@link value}. */
  #writeValue(name: number, bytes: Buffer, start: number): number {
    if (this.#has[name] === 0) return start;
    let at = start;
    for (let index = 0; index < this.#valueCount; index += 3) {
      if (this.#values[index] !== name) continue;
      if (at > start) {
        bytes[at] = COMMA;
        bytes[at + 1] = SP;
        at += 2;
      }
      at = writeRange(bytes, at, this.#kept, this.#values[index + 1] as number, this.#values[index + 2] as number);
    }
    return at;
  }

  #keepBytes(bytes: Buffer, base: number): void {
    if (this.length > this.#kept.length) this.#kept = Buffer.allocUnsafeSlow(Math.max(KEPT_BYTES, this.length));
    writeRange(this.#kept, 0, bytes, base, base + this.length);
  }

  #note(name: number, start: number, end: number): void {
    if (this.#valueCount === this.#values.length) {
      // The limit of lines bounds it.
      const values = new Int32Array(2 * this.#values.length);
      values.set(this.#values);
      this.#values = values;
    }
    this.#values[this.#valueCount] = name;
    this.#values[this.#valueCount + 1] = start;
    this.#values[this.#valueCount + 2] = end;
    this.#valueCount += 3;
    this.#has[name] = 1;
  }

  #readRequestLine(bytes: Buffer, base: number, end: number): boolean | FailureReason {
    let at = base + this.position;
    // RFC 9112 section 2.2: empty lines before it are ignored, a few of them.
    while (at + 1 < end && bytes[at] === CR && bytes[at + 1] === LF) at += 2;
    this.position = at - base;
    this.faultAt = this.position;
    if (this.position > MAX_EMPTY_BYTES) return 'request_line_malformed';
    const methodStart = at;
    const limit = methodStart + MAX_LINE_BYTES;
    while (at < end && METHOD[bytes[at] as number] === 1) at += 1;
    if (at === end || (bytes[at] === CR && at === methodStart && at + 1 === end))
      return at > limit ? 'request_line_too_long' : false;
    this.faultAt = at - base;
    if (bytes[at] !== SP || at === methodStart) return lineFault(bytes, at, methodStart);
    this.#methodEnd = at - base;
    const targetStart = at + 1;
    at = targetStart;
    while (at < end && TARGET[bytes[at] as number] === 1) at += 1;
    if (at === end) return at > limit ? 'request_line_too_long' : false;
    this.faultAt = at - base;
    if (bytes[at] !== SP || at === targetStart) return lineFault(bytes, at, methodStart);
    const versionStart = at + 1;
    at = versionStart;
    while (at < end && bytes[at] !== CR && bytes[at] !== LF && at - versionStart < 16) at += 1;
    if (at === end || (bytes[at] === CR && at + 1 === end)) return at > limit ? 'request_line_too_long' : false;
    this.faultAt = at - base;
    if (bytes[at] !== CR || bytes[at + 1] !== LF) {
      if (bytes[at] === CR || bytes[at] === LF) return 'request_bad_line_end';
      this.faultAt = versionStart - base;
      return versionFault(bytes.toString('latin1', versionStart, at));
    }
    if (at - methodStart > MAX_LINE_BYTES) return 'request_line_too_long';
    this.faultAt = versionStart - base;
    const failure = this.#readVersion(bytes, versionStart, at);
    if (failure !== undefined) return failure;
    this.faultAt = -1;
    this.#targetStart = targetStart - base;
    this.#targetEnd = targetStart - base + (versionStart - 1 - targetStart);
    this.#lineEnd = at - base;
    this.#methodStart = methodStart - base;
    this.position = at + 2 - base;
    this.linesStart = this.position;
    return true;
  }

  /** `HTTP/1.x`; a higher minor version is spoken as 1.1 (RFC 9110 section 2.5). */
  #readVersion(bytes: Buffer, start: number, end: number): FailureReason | undefined {
    if (end - start === 8 && isHttp1(bytes, start) && bytes[start + 7] === 0x31) {
      this.minorVersion = 1;
      return undefined;
    }
    const version = bytes.toString('latin1', start, end);
    const match = /^HTTP\/1\.(\d)$/.exec(version);
    if (match === null) return versionFault(version);
    this.minorVersion = match[1] === '0' ? 0 : 1;
    return undefined;
  }

  #judge(): true | FailureReason {
    const { text } = this;
    this.method = text.substring(this.#methodStart, this.#methodEnd);
    this.target = text.substring(this.#targetStart, this.#targetEnd);
    if (this.#hostLines === 0 && this.minorVersion === 1) return 'request_host_missing';
    if (this.codings > 0) {
      if (this.contentLength >= 0) return 'request_length_and_chunked';
      if (this.minorVersion === 0) return 'request_transfer_encoding_in_http_1_0';
      if (!this.isChunked) return 'request_transfer_encoding_unsupported';
    }
    return true;
  }
}

/** The first byte of a TLS record that holds a handshake (RFC 8446 section 5.1). */
const TLS_HANDSHAKE = 0x16;

/** What is wrong with a request line whose method or target does not end in a space at `at`. */
function lineFault(bytes: Buffer, at: number, lineStart: number): FailureReason {
  const byte = bytes[at] as number;
  if (at === lineStart && byte === TLS_HANDSHAKE) return 'request_tls_on_plain_port';
  if (byte === LF) return 'request_bad_line_end';
  return byte === CR || byte === SP || TARGET[byte] === 1 ? 'request_line_malformed' : 'request_control_character';
}

/** Why the last word of a request line is no version of HTTP that can be served. */
function versionFault(version: string): FailureReason {
  if (!version.startsWith('HTTP/')) return 'request_space_in_target';
  return /^HTTP\/(?:[2-9]|[1-9]\d+)\.\d+$/.test(version)
    ? 'request_http_version_unsupported'
    : 'request_http_version_malformed';
}

/** Whether bytes are nothing but empty lines, and few enough to be ignored; the last one may be incomplete. */
export function isEmptyLines(bytes: Buffer, start: number, end: number): boolean {
  if (bytes[start] !== CR || end - start > MAX_EMPTY_BYTES) return false;
  for (let at = start; at < end; at += 1) if (bytes[at] !== ((at - start) % 2 === 0 ? CR : LF)) return false;
  return true;
}

/**
 * The request line behind empty lines, as far as it is there: a text of its own, so that it does not keep the rest of the head.
 * A CR or LF alone is no empty line, so the request line before it is empty.
 */
export function requestLineOf(bytes: Buffer, start = 0, end = bytes.length): string {
  let from = start;
  while (from + 1 < end && bytes[from] === CR && bytes[from + 1] === LF) from += 2;
  let to = from;
  while (to < end && bytes[to] !== CR && bytes[to] !== LF) to += 1;
  return bytes.toString('latin1', from, to);
}
