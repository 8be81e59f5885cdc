import { STATUS_CODES } from 'node:http';
import type { FailureReason } from '../../../failures/failures.ts';
import { fieldOf } from '../../fields/header-lines.ts';
import { CONTENT_LENGTH, DATE, LOCATION, OTHER, REFRESH, SET_COOKIE, TRAILER } from '../../pipeline/header-ids.ts';
import type { ResponseView } from '../../pipeline/ports.ts';
import type { FieldSink } from '../hpack/decoder.ts';
import type { HpackEntry } from '../hpack/entry.ts';
import { CONNECTION_SPECIFIC, HOP_BY_HOP, PSEUDO_METHOD, PSEUDO_STATUS } from '../hpack/field-names.ts';

const STATUS = /^[1-9][0-9]{2}$/;
const LENGTH = /^[0-9]{1,16}$/;

/** Fields for nginx. Passed on, they would let the upstream steer an nginx in front of this proxy. */
const FOR_NGINX = 'x-accel-';

/** The head of a response, or its trailers, held to the rules of RFC 9113 section 8; used again for others. */
export class Http2ResponseHead implements ResponseView, FieldSink {
  /** Why it must not be passed on; undefined where it is well formed so far. */
  fault: FailureReason | undefined;
  status = 0;
  contentLength = -1;
  hasDate = false;
  hasTrailer = false;
  hasRedirects = false;
  /** HTTP/2 has no upgrades, and no logins that are the connection's. */
  readonly upgrade = '';
  readonly authenticatesConnection = false;
  #isTrailers = false;
  #hasFields = false;
  #lines = '';

  /** @param isTrailers trailers follow, not a head */
  begin(isTrailers: boolean): void {
    this.fault = undefined;
    this.status = 0;
    this.contentLength = -1;
    this.hasDate = false;
    this.hasTrailer = false;
    this.hasRedirects = false;
    this.#isTrailers = isTrailers;
    this.#hasFields = false;
    this.#lines = '';
  }

  /** The last field has come. @param isWithinLimits none was left out */
  end(isWithinLimits: boolean): void {
    if (!isWithinLimits) this.fault = 'response_header_too_large';
    else if (!this.#isTrailers && this.status === 0) this.fault ??= 'response_header_malformed';
  }

  get statusAndReason(): string {
    return ` ${this.status} ${STATUS_CODES[this.status] ?? ''}`;
  }

  fieldValue(name: string): string {
    return fieldOf(this.#lines, 0, name, ', ');
  }

  lines(): string {
    return this.#lines;
  }

  field(entry: HpackEntry): void {
    const { kind } = entry;
    if (!entry.isValid) this.fault ??= entry.field.isValid ? 'response_control_character' : 'response_header_malformed';
    else if (kind >= PSEUDO_METHOD) this.#takePseudo(entry);
    else if (kind === CONNECTION_SPECIFIC) this.fault ??= 'response_header_malformed';
    else if (this.#isTrailers) this.#takeTrailer(entry);
    else this.#takeField(entry);
  }

  #takePseudo({ kind, value }: HpackEntry): void {
    const mayCome = kind === PSEUDO_STATUS && !this.#isTrailers && !this.#hasFields && this.status === 0;
    if (!mayCome || !STATUS.test(value)) this.fault ??= 'response_header_malformed';
    else this.status = Number(value);
  }

  /** A field that means something to a proxy has been judged in the head (RFC 9110 section 6.5.1). */
  #takeTrailer(entry: HpackEntry): void {
    if (entry.id === OTHER && entry.kind !== HOP_BY_HOP && !entry.name.startsWith(FOR_NGINX)) this.#lines += entry.line;
  }

  #takeField(entry: HpackEntry): void {
    this.#hasFields = true;
    switch (entry.id) {
      case OTHER:
        if (entry.kind === HOP_BY_HOP || entry.name.startsWith(FOR_NGINX)) return;
        break;
      case CONTENT_LENGTH:
        this.#takeLength(entry.value);
        break;
      case DATE:
        this.hasDate = true;
        break;
      case TRAILER:
        this.hasTrailer = true;
        break;
      case LOCATION:
      case REFRESH:
      case SET_COOKIE:
        this.hasRedirects = true;
        break;
      default:
        if (entry.kind === HOP_BY_HOP) return;
    }
    this.#lines += entry.line;
  }

  #takeLength(value: string): void {
    const length = LENGTH.test(value) ? Number(value) : Number.NaN;
    if (this.contentLength >= 0) this.fault ??= 'response_content_length_duplicate';
    else if (!Number.isSafeInteger(length)) this.fault ??= 'response_content_length_malformed';
    else this.contentLength = length;
  }
}
