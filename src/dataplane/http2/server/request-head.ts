import { writeLatin1 } from '../../../formats/write-bytes.ts';
import {
  AUTHORIZATION,
  EXPECT,
  REFERER,
  TE,
  UPGRADE,
  USER_AGENT,
  X_FORWARDED_FOR,
  X_FORWARDED_HOST,
  X_FORWARDED_PROTO,
  X_REQUEST_ID,
} from '../../pipeline/header-ids.ts';
import type { RequestView } from '../../pipeline/ports.ts';
import type { HpackEntry } from '../hpack/entry.ts';
import { webSocketKey } from './web-socket-key.ts';

const VALUE_SLOTS = 32;
/** The names whose values are kept by number. */
const NOTED = [
  AUTHORIZATION,
  EXPECT,
  REFERER,
  TE,
  UPGRADE,
  USER_AGENT,
  X_FORWARDED_FOR,
  X_FORWARDED_HOST,
  X_FORWARDED_PROTO,
  X_REQUEST_ID,
];
/** A method whose request has a body as a rule: without one, its length is said to be 0 (RFC 9110 section 8.6). */
const HAS_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

/** The head of a request that HTTP/2 has brought, as {@link RequestRules} have judged it; used again for other requests. */
export class Http2RequestHead implements RequestView {
  readonly protocol = 'HTTP/2.0';
  readonly takesInterims = true;
  /** As the client says it. */
  sentMethod = '';
  target = '';
  host = '';
  hasHost = false;
  contentLength = -1;
  isChunked = false;
  /** A WebSocket is asked for: its bytes follow as those of a tunnel (RFC 8441). */
  isTunnel = false;
  /** The field of RFC 9218; empty without one. */
  priority = '';
  #lines = '';
  /** All fields but pseudo-fields, for what is asked for by name. */
  readonly #entries: HpackEntry[] = [];
  readonly #values: string[] = new Array(VALUE_SLOTS).fill('');
  readonly #has = new Uint8Array(VALUE_SLOTS);

  reset(): void {
    this.sentMethod = '';
    this.target = '';
    this.host = '';
    this.hasHost = false;
    this.contentLength = -1;
    this.isChunked = false;
    this.isTunnel = false;
    this.priority = '';
    this.#lines = '';
    this.#entries.length = 0;
    for (const id of NOTED) {
      this.#has[id] = 0;
      this.#values[id] = '';
    }
  }

  // What its rules fill in.

  /** Keeps a field, so that it is found by its name. */
  keep(entry: HpackEntry): void {
    this.#entries.push(entry);
  }

  /** Keeps the value of a field whose name has a number. */
  note(id: number, value: string): void {
    this.#values[id] = this.#has[id] === 1 ? `${this.#values[id]}, ${value}` : value;
    this.#has[id] = 1;
  }

  /** A line that goes on. */
  addLine(line: string): void {
    this.#lines += line;
  }

  /** @param hasBody the stream goes on behind the head */
  frameBody(hasBody: boolean): void {
    if (this.isTunnel) {
      // An upstream gets the handshake of HTTP/1.1, with a key of this proxy (RFC 8441 section 5).
      this.contentLength = -1;
      this.note(UPGRADE, 'websocket');
      this.#lines += `Sec-WebSocket-Key: ${webSocketKey()}\r\n`;
    } else if (hasBody) {
      this.isChunked = this.contentLength < 0;
    } else if (this.contentLength < 0 && HAS_BODY.has(this.sentMethod)) {
      this.contentLength = 0;
    }
  }

  // What the pipeline asks.

  get method(): string {
    return this.isTunnel ? 'GET' : this.sentMethod;
  }

  get offersUpgrade(): boolean {
    return this.isTunnel;
  }

  has(id: number): boolean {
    return this.#has[id] === 1;
  }

  value(id: number): string {
    return this.#values[id] as string;
  }

  field(name: string, separator: string): string {
    let joined: string | undefined;
    for (const entry of this.#entries) {
      if (entry.name === name) joined = joined === undefined ? entry.value : joined + separator + entry.value;
    }
    return joined ?? (name === 'host' ? this.host : '');
  }

  *fields(): Generator<[name: string, value: string]> {
    let hasHost = false;
    for (const { name, value } of this.#entries) {
      hasHost ||= name === 'host';
      yield [name, value];
    }
    if (!hasHost) yield ['host', this.host];
  }

  lines(): string {
    return this.#lines;
  }

  // What the log reads of it.

  get mostBytes(): number {
    let bytes = this.sentMethod.length + this.target.length + this.protocol.length + 2;
    for (const id of NOTED) bytes += (this.#values[id] as string).length;
    return bytes;
  }

  writeRequestLine(bytes: Buffer, at: number): number {
    return writeLatin1(bytes, at, `${this.sentMethod} ${this.target} ${this.protocol}`);
  }

  writeReferer(bytes: Buffer, at: number): number {
    return writeLatin1(bytes, at, this.value(REFERER));
  }

  writeUserAgent(bytes: Buffer, at: number): number {
    return writeLatin1(bytes, at, this.value(USER_AGENT));
  }

  writeForwardedFor(bytes: Buffer, at: number): number {
    return writeLatin1(bytes, at, this.value(X_FORWARDED_FOR));
  }

  get authorization(): string {
    return this.value(AUTHORIZATION);
  }
}
