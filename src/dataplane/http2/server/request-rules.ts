import type { FailureReason } from '../../../failures/failures.ts';
import { METHOD, TARGET } from '../../../formats/http/bytes.ts';
import {
  AUTHORIZATION,
  CONTENT_LENGTH,
  EXPECT,
  HOST,
  isWithheldAlias,
  OTHER,
  REFERER,
  TE,
  USER_AGENT,
  X_CLIENT_CERT,
  X_FORWARDED_FOR,
  X_FORWARDED_HOST,
  X_FORWARDED_PREFIX,
  X_FORWARDED_PROTO,
  X_REAL_IP,
  X_REQUEST_ID,
} from '../../pipeline/header-ids.ts';
import type { FieldSink } from '../hpack/decoder.ts';
import type { HpackEntry } from '../hpack/entry.ts';
import {
  CONNECTION_SPECIFIC,
  COOKIE,
  HOP_BY_HOP,
  PRIORITY_FIELD,
  PSEUDO_AUTHORITY,
  PSEUDO_METHOD,
  PSEUDO_PATH,
  PSEUDO_PROTOCOL,
  PSEUDO_SCHEME,
  UNDERSCORE,
} from '../hpack/field-names.ts';
import { MAX_HEAD_FIELDS } from './limits.ts';
import type { Http2RequestHead } from './request-head.ts';

/** As long as a line of HTTP/1.1 may be. */
const MAX_FIELD_BYTES = 8 * 1024;

/**
 * What a request of HTTP/2 must keep before an HTTP/1.1 upstream may see any of it (RFC 9113 sections 8.1 to 8.5, RFC 8441):
 * every rule that keeps requests from being smuggled through the change of the protocol is in this file. A block is decoded in
 * one go, so one object serves all connections of a worker.
 */
export class RequestRules implements FieldSink {
  #head: Http2RequestHead | undefined;
  #keepsUnderscores = false;
  #takesWebSockets = false;
  #fault: FailureReason | undefined;
  #faultField = '';
  /** As the fields count in tables and limits: 32 bytes more for each. */
  size = 0;
  #fields = 0;
  #hasRegular = false;
  #method: string | undefined;
  #scheme: string | undefined;
  #authority: string | undefined;
  #path: string | undefined;
  /** Of extended CONNECT. */
  #protocol: string | undefined;
  #host: string | undefined;
  #cookie: string | undefined;

  /**
   * The next fields are those of a head that was reset.
   * @param keepsUnderscores names with an underscore go on
   * @param takesWebSockets the client was told that it may ask for WebSockets (RFC 8441 section 3)
   */
  begin(head: Http2RequestHead, keepsUnderscores: boolean, takesWebSockets: boolean): void {
    this.#head = head;
    this.#keepsUnderscores = keepsUnderscores;
    this.#takesWebSockets = takesWebSockets;
    this.#fault = undefined;
    this.#faultField = '';
    this.size = 0;
    this.#fields = 0;
    this.#hasRegular = false;
    this.#method = undefined;
    this.#scheme = undefined;
    this.#authority = undefined;
    this.#path = undefined;
    this.#protocol = undefined;
    this.#host = undefined;
    this.#cookie = undefined;
  }

  /** The name of the field that is wrong, never its value; empty where it is about no field. */
  get faultPlace(): string {
    return this.#faultField === '' ? '' : `field ${this.#faultField}`;
  }

  /** By this line the log names a request that is refused. */
  get requestLine(): string {
    return `${this.#method ?? '-'} ${this.#path ?? '-'} HTTP/2.0`;
  }

  field(entry: HpackEntry): void {
    this.#fields += 1;
    this.size += entry.size;
    // A head that is refused is decoded to its end, because the next blocks refer to its fields.
    if (this.#fault === undefined) this.#blame(this.#judge(entry), entry.name);
    // By its type, the refusal is told in the words of the client's protocol.
    else if (entry.isValid && entry.name === 'content-type') this.#head?.keep(entry);
  }

  /**
   * All fields have come.
   * @param isWhole the decoder has handed on all of them @param hasBody the stream goes on
   * @returns why the request must be refused
   */
  end(isWhole: boolean, hasBody: boolean): FailureReason | undefined {
    const head = this.#head as Http2RequestHead;
    this.#head = undefined;
    if (!isWhole) {
      const hasManyFields = this.#fields >= MAX_HEAD_FIELDS;
      this.#fault = hasManyFields ? 'request_too_many_headers' : 'request_header_too_large';
    }
    this.#judgePseudo(head);
    this.#judgeHost(head);
    if (!hasBody && head.contentLength > 0) this.#blame('request_length_mismatch', 'content-length');
    if (this.#fault !== undefined) return this.#fault;
    if (this.#cookie !== undefined) head.addLine(`cookie: ${this.#cookie}\r\n`);
    head.frameBody(hasBody);
    return undefined;
  }

  /** The first fault counts. */
  #blame(fault: FailureReason | undefined, field: string): void {
    if (fault === undefined || this.#fault !== undefined) return;
    this.#fault = fault;
    this.#faultField = field;
  }

  #judge(entry: HpackEntry): FailureReason | undefined {
    if (!entry.isValid) return entry.field.isValid ? 'request_control_character' : 'request_header_malformed';
    const { kind } = entry;
    if (kind >= PSEUDO_METHOD) return this.#takePseudo(entry);
    this.#hasRegular = true;
    const head = this.#head as Http2RequestHead;
    if (entry.name.length + entry.value.length > MAX_FIELD_BYTES) return 'request_header_too_large';
    switch (kind) {
      case CONNECTION_SPECIFIC:
        return 'request_connection_field';
      case HOP_BY_HOP:
        return entry.id === TE ? takeTe(head, entry) : undefined;
      case UNDERSCORE:
        if (!this.#keepsUnderscores || isWithheldAlias(entry.name)) return undefined;
        break;
      case COOKIE:
        head.keep(entry);
        this.#cookie = this.#cookie === undefined ? entry.value : `${this.#cookie}; ${entry.value}`;
        return undefined;
      case PRIORITY_FIELD:
        head.priority = head.priority === '' ? entry.value : `${head.priority}, ${entry.value}`;
        break;
      default:
    }
    return this.#takeRegular(head, entry);
  }

  #takeRegular(head: Http2RequestHead, entry: HpackEntry): FailureReason | undefined {
    const { id } = entry;
    switch (id) {
      case OTHER:
        // This proxy makes a handshake of its own with the upstream (RFC 8441 section 5).
        if (this.#protocol !== undefined && entry.name === 'sec-websocket-key') return undefined;
        break;
      case HOST:
        if (this.#host !== undefined) return 'request_host_duplicate';
        this.#host = entry.value;
        return undefined;
      case CONTENT_LENGTH:
        if (head.contentLength >= 0) return 'request_content_length_duplicate';
        head.contentLength = lengthOf(entry.value);
        return head.contentLength < 0 ? 'request_content_length_malformed' : undefined;
      // Replaced by this proxy, whatever the client says.
      case X_REAL_IP:
      case X_FORWARDED_PREFIX:
      case X_CLIENT_CERT:
        return undefined;
      case X_FORWARDED_FOR:
      case X_FORWARDED_PROTO:
      case X_FORWARDED_HOST:
      case X_REQUEST_ID:
      case EXPECT:
        head.keep(entry);
        head.note(id, entry.value);
        return undefined;
      case REFERER:
      case USER_AGENT:
      case AUTHORIZATION:
        head.note(id, entry.value);
        break;
      default:
    }
    head.keep(entry);
    head.addLine(entry.line);
    return undefined;
  }

  /** RFC 9113 section 8.3: each at most once, and before all other fields. */
  #takePseudo({ kind, value }: HpackEntry): FailureReason | undefined {
    const fault = 'request_pseudo_field';
    if (this.#hasRegular) return fault;
    switch (kind) {
      case PSEUDO_METHOD:
        if (this.#method !== undefined || !isMadeOf(value, METHOD)) return fault;
        this.#method = value;
        return undefined;
      case PSEUDO_SCHEME:
        // No URL is built from it: https and http are all that a client may say.
        if (this.#scheme !== undefined || (value !== 'https' && value !== 'http')) return fault;
        this.#scheme = value;
        return undefined;
      case PSEUDO_AUTHORITY:
        if (this.#authority !== undefined) return fault;
        this.#authority = value;
        return undefined;
      case PSEUDO_PATH:
        if (this.#path !== undefined || value === '') return fault;
        this.#path = value;
        return pathFault(value);
      case PSEUDO_PROTOCOL:
        if (this.#protocol !== undefined || !this.#takesWebSockets) return fault;
        this.#protocol = value;
        return undefined;
      // :status, or one that is unknown.
      default:
        return fault;
    }
  }

  #judgePseudo(head: Http2RequestHead): void {
    const method = this.#method;
    const isExtended = this.#protocol !== undefined;
    // RFC 9113 section 8.5: CONNECT names a host and nothing more; its extension is a request with a path.
    if (method === 'CONNECT' && !isExtended) {
      if (this.#scheme !== undefined || this.#path !== undefined || this.#authority === undefined)
        this.#blame('request_pseudo_field', '');
    } else if (method === undefined || this.#scheme === undefined || this.#path === undefined) {
      this.#blame('request_pseudo_field', '');
    }
    if (isExtended && method !== 'CONNECT') this.#blame('request_pseudo_field', ':protocol');
    if (isExtended && this.#protocol !== 'websocket') this.#blame('request_protocol_unsupported', ':protocol');
    head.sentMethod = method ?? '';
    head.target = this.#path ?? '';
    head.isTunnel = isExtended;
  }

  /** RFC 9113 section 8.3.1: where both are there, they must say the same. */
  #judgeHost(head: Http2RequestHead): void {
    const authority = this.#authority;
    const host = this.#host;
    if (authority === undefined && host === undefined) this.#blame('request_host_missing', '');
    if (authority !== undefined && host !== undefined && !isSameAuthority(authority, host, this.#scheme ?? ''))
      this.#blame('request_host_duplicate', 'host');
    head.host = authority ?? host ?? '';
    head.hasHost = true;
  }
}

/** RFC 9113 section 8.2.2: TE may say nothing but that trailers are taken. */
function takeTe(head: Http2RequestHead, { value }: HpackEntry): FailureReason | undefined {
  if (value !== 'trailers' || head.has(TE)) return 'request_connection_field';
  head.note(TE, value);
  return undefined;
}

/** RFC 9113 section 8.3.1: it begins with a slash; an asterisk is for OPTIONS. */
function pathFault(path: string): FailureReason | undefined {
  if (path.length > MAX_FIELD_BYTES) return 'request_line_too_long';
  if (path.includes(' ')) return 'request_space_in_target';
  const isPath = path.charCodeAt(0) === 0x2f || path === '*';
  return isPath && isMadeOf(path, PATH) && !hasBackslash(path) ? undefined : 'request_target_malformed';
}

/** Some upstreams take it for a slash, so that it would lead out of the path that a route has matched. A query may have it. */
function hasBackslash(path: string): boolean {
  const backslash = path.indexOf('\\');
  return backslash >= 0 && !path.slice(0, backslash).includes('?');
}

/** No fragment, and no byte that is not ASCII: HTTP/1.1 upstreams read them in different ways. */
const PATH = TARGET.map((flag, byte) => (byte >= 0x80 || byte === 0x23 ? 0 : flag));

function isMadeOf(text: string, characters: Uint8Array): boolean {
  for (let index = 0; index < text.length; index += 1) {
    if (characters[text.charCodeAt(index)] !== 1) return false;
  }
  return text !== '';
}

/** Digits only, up to 2^53-1; else -1. */
function lengthOf(value: string): number {
  const length = /^\d{1,16}$/.test(value) ? Number(value) : -1;
  return Number.isSafeInteger(length) ? length : -1;
}

/** Whether two authorities mean the same: in whatever case, with or without the port that the scheme has anyway. */
function isSameAuthority(one: string, other: string, scheme: string): boolean {
  if (one === other) return true;
  const port = scheme === 'https' ? ':443' : ':80';
  const plain = (authority: string): string => {
    const text = authority.toLowerCase();
    return text.endsWith(port) ? text.slice(0, -port.length) : text;
  };
  return plain(one) === plain(other);
}
