import type { FailureReason } from '../../failures/failures.ts';
import { authenticatesConnection } from '../../formats/http/authentication.ts';
import { CR, FIELD, isHttp1, isWord, LF, readLatin1 } from '../../formats/http/bytes.ts';
import { fieldOf } from '../fields/header-lines.ts';
import {
  CONTENT_LENGTH,
  DATE,
  KEEP_ALIVE,
  LOCATION,
  PROXY_AUTHENTICATE,
  REFRESH,
  SET_COOKIE,
  TRAILER,
  UPGRADE,
  WWW_AUTHENTICATE,
} from '../pipeline/header-ids.ts';
import type { ResponseView } from '../pipeline/ports.ts';
import { DONE, Head, type HeadFault, MORE } from './head.ts';
import { keepAliveTimeout } from './hop-by-hop.ts';
import { MAX_LINE_BYTES } from './limits.ts';

const ACCEL = Buffer.from('x-accel-');

/** A response head under way or complete, held to the same rules as a request's; one per upstream connection. */
export class ResponseHead extends Head implements ResponseView {
  status = 0;
  minorVersion = 1;
  hasDate = false;
  hasTrailer = false;
  /** Location, Refresh or Set-Cookie: what a rewritten prefix may stand in. */
  hasRedirects = false;
  /** Milliseconds the upstream keeps an idle connection; -1 when it does not say. */
  keepAliveMs = -1;
  upgrade = '';
  /** It asks for a login, or has the last step of one, that is the connection's and not the request's. */
  authenticatesConnection = false;
  #lineEnd = 0;
  #hasStatusLine = false;

  reset(): void {
    this.resetLines();
    this.#hasStatusLine = false;
    this.hasDate = false;
    this.hasTrailer = false;
    this.hasRedirects = false;
    this.keepAliveMs = -1;
    this.upgrade = '';
    this.authenticatesConnection = false;
  }

  /** As RequestHead.read; a reason for a head that must not be passed on. */
  read(bytes: Buffer, base: number, end: number): boolean | FailureReason {
    if (!this.#hasStatusLine) {
      const outcome = this.#readStatusLine(bytes, base, end);
      if (outcome !== true) return outcome;
      this.#hasStatusLine = true;
    }
    const outcome = this.readLines(bytes, base, end);
    if (outcome === MORE) return false;
    if (outcome !== DONE) return `response_${outcome}`;
    this.text = readLatin1(bytes, base, base + this.length);
    return this.codings === 0 ? true : this.#judgeCoding();
  }

  /** From the space before the status code to the end of the line, without the version. */
  get statusAndReason(): string {
    // The space stands even where no reason follows (RFC 9112 section 4); some leave it out.
    return this.#lineEnd === 12 ? `${this.text.substring(8, 12)} ` : this.text.substring(8, this.#lineEnd);
  }

  fieldValue(name: string): string {
    return fieldOf(this.text, this.linesStart, name, ', ');
  }

  lines(): string {
    return this.runsText();
  }

  protected takeLine(
    id: number,
    bytes: Buffer,
    nameStart: number,
    _nameEnd: number,
    valueStart: number,
    valueEnd: number,
  ): boolean | HeadFault {
    switch (id) {
      case 0:
        // X-Accel-* is for nginx. Passed on, it would let the upstream steer an nginx in front of this proxy.
        return !isWord(bytes, nameStart, nameStart + ACCEL.length, ACCEL);
      case CONTENT_LENGTH:
        // It stays where it is.
        return this.takeFraming(id, bytes, valueStart, valueEnd) || true;
      case DATE:
        this.hasDate = true;
        return true;
      case TRAILER:
        this.hasTrailer = true;
        return true;
      case LOCATION:
      case REFRESH:
      case SET_COOKIE:
        this.hasRedirects = true;
        return true;
      case KEEP_ALIVE:
        this.keepAliveMs = keepAliveTimeout(bytes.toString('latin1', valueStart, valueEnd));
        return false;
      case WWW_AUTHENTICATE:
      case PROXY_AUTHENTICATE:
        if (authenticatesConnection(bytes.toString('latin1', valueStart, valueEnd)))
          this.authenticatesConnection = true;
        return id === WWW_AUTHENTICATE;
      case UPGRADE:
        this.upgrade += (this.upgrade === '' ? '' : ', ') + bytes.toString('latin1', valueStart, valueEnd);
        return false;
      default:
        return this.takeFraming(id, bytes, valueStart, valueEnd) ?? true;
    }
  }

  /** `HTTP/1.x SP 3DIGIT [SP reason]` (RFC 9112 section 4). */
  #readStatusLine(bytes: Buffer, base: number, end: number): boolean | FailureReason {
    let at = base;
    while (at < end && FIELD[bytes[at] as number] === 1) at += 1;
    this.faultAt = at - base;
    if (at - base > MAX_LINE_BYTES) return 'response_header_too_large';
    if (at === end || (bytes[at] === CR && at + 1 === end)) return false;
    const isHttp = isHttp1(bytes, base);
    if (bytes[at] !== CR || bytes[at + 1] !== LF) {
      if (!isHttp) return 'response_status_line_malformed';
      return bytes[at] === CR || bytes[at] === LF ? 'response_bad_line_end' : 'response_control_character';
    }
    this.faultAt = -1;
    if (at - base < 12 || !isHttp) return 'response_status_line_malformed';
    const minor = (bytes[base + 7] as number) - 0x30;
    const hundreds = digit(bytes, base + 9);
    const tens = digit(bytes, base + 10);
    const ones = digit(bytes, base + 11);
    const isStatus = bytes[base + 8] === 0x20 && hundreds >= 1 && tens >= 0 && ones >= 0;
    const isAlone = at - base === 12 || bytes[base + 12] === 0x20;
    if (minor < 0 || minor > 9 || !isStatus || !isAlone) return 'response_status_line_malformed';
    this.minorVersion = minor === 0 ? 0 : 1;
    this.status = hundreds * 100 + tens * 10 + ones;
    this.#lineEnd = at - base;
    this.position = at + 2 - base;
    this.linesStart = this.position;
    return true;
  }

  /** Content-Length together with Transfer-Encoding is ambiguous (RFC 9112 section 6.3): the response is refused. */
  #judgeCoding(): true | FailureReason {
    if (this.contentLength >= 0) return 'response_length_and_chunked';
    if (this.minorVersion === 0) return 'response_transfer_encoding_in_http_1_0';
    return this.isChunked ? true : 'response_transfer_encoding_unsupported';
  }
}

function digit(bytes: Buffer, at: number): number {
  const value = (bytes[at] as number) - 0x30;
  return value > 9 ? -1 : value;
}
