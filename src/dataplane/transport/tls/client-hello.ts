/**
 * Reads the first message of a TLS client (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2) as far as it must be known before
 * the handshake: the name of the server decides certificate and policy. OpenSSL reads the same bytes afterwards.
 */

const HANDSHAKE_RECORD = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME_EXTENSION = 0;
const SUPPORTED_VERSIONS_EXTENSION = 43;
const TLS_1_3 = 0x0304;
const HOST_NAME = 0;

const RECORD_HEAD = 5;
const MESSAGE_HEAD = 4;

/** Of the message. A hello with a post-quantum key share has 2 KiB, one that resumes with a client certificate in its ticket 6. */
const MAX_MESSAGE = 16 * 1024;
/** Clients send one or two. Each is looked at again whenever bytes come. */
const MAX_RECORDS = 32;
/** RFC 8446 section 5.1. */
const MAX_RECORD = 16 * 1024;
/** RFC 1035 section 2.3.4. */
const MAX_NAME = 253;

/** No hello has more bytes, with the heads of its records. */
export const MAX_CLIENT_HELLO = MAX_MESSAGE + MAX_RECORDS * RECORD_HEAD;

export interface ClientHello {
  /** The name that the client asks for (RFC 6066 section 3), in lower case; empty without one that a host could have. */
  readonly serverName: string;
  readonly offersTls13: boolean;
}

/** Why bytes are no hello: they are HTTP, or no TLS at all, or TLS and broken. */
export type ClientHelloFault = 'plain-http' | 'not-tls' | 'malformed';

/**
 * @param end of the bytes that have come; what follows the hello is not looked at
 * @returns undefined while more bytes are needed, of which no hello takes more than {@link MAX_CLIENT_HELLO}
 */
export function readClientHello(bytes: Buffer, end: number): ClientHello | ClientHelloFault | undefined {
  if (end === 0) return undefined;
  if (bytes[0] !== HANDSHAKE_RECORD) return isMethodLetter(bytes[0] as number) ? 'plain-http' : 'not-tls';
  const message = joinRecords(bytes, end);
  if (message === undefined || message === 'malformed') return message;
  return helloIn(new Fields(message, MESSAGE_HEAD, message.length)) ?? 'malformed';
}

/** The first byte of `GET`, `POST` and all other methods in use. */
function isMethodLetter(byte: number): boolean {
  return byte >= 0x41 && byte <= 0x5a;
}

/** The message, which a client may cut into records wherever it likes. */
function joinRecords(bytes: Buffer, end: number): Buffer | 'malformed' | undefined {
  const parts: Buffer[] = [];
  let declared = 0;
  let came = 0;
  for (let at = 0; parts.length < MAX_RECORDS; ) {
    const size = recordSize(bytes, at, end);
    if (size === undefined || size === 'malformed') return size;
    at += RECORD_HEAD;
    const part = bytes.subarray(at, Math.min(at + size, end));
    parts.push(part);
    declared += size;
    came += part.length;
    const needed = messageSize(parts, came);
    // In the same record nothing may follow it: the next message of a client comes after the server's.
    if (needed === 'malformed' || (needed !== undefined && declared > needed)) return 'malformed';
    if (part.length < size) return undefined;
    if (came === needed) return parts.length === 1 ? part : Buffer.concat(parts);
    at += size;
  }
  return 'malformed';
}

/** @returns undefined while its head is not complete */
function recordSize(bytes: Buffer, at: number, end: number): number | 'malformed' | undefined {
  if (at < end && bytes[at] !== HANDSHAKE_RECORD) return 'malformed';
  // The version that is meant stands elsewhere. Here all have a 3.
  if (at + 1 < end && bytes[at + 1] !== 3) return 'malformed';
  if (at + RECORD_HEAD > end) return undefined;
  const size = bytes.readUInt16BE(at + 3);
  return size === 0 || size > MAX_RECORD ? 'malformed' : size;
}

/** With its head; undefined while that is not complete. */
function messageSize(parts: readonly Buffer[], came: number): number | 'malformed' | undefined {
  if (came === 0) return undefined;
  const head = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
  if (head[0] !== CLIENT_HELLO) return 'malformed';
  if (came < MESSAGE_HEAD) return undefined;
  const size = MESSAGE_HEAD + head.readUIntBE(1, 3);
  return size > MAX_MESSAGE ? 'malformed' : size;
}

/** A run of fields, each of which says its length first. A field that goes beyond the end makes all of them wrong. */
class Fields {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#end;
  }

  /** A number of so many bytes; -1 where they are not there. */
  number(size: number): number {
    const start = this.#at;
    if (!this.skip(size)) return -1;
    return this.#bytes.readUIntBE(start, size);
  }

  skip(size: number): boolean {
    if (size > this.#end - this.#at) return false;
    this.#at += size;
    return true;
  }

  /** What follows a length of so many bytes. @returns undefined where it is not there, or shorter than it must be */
  vector(lengthSize: number, shortest: number): Fields | undefined {
    const size = this.number(lengthSize);
    const start = this.#at;
    if (size < shortest || !this.skip(size)) return undefined;
    return new Fields(this.#bytes, start, start + size);
  }

  /** All that is left. */
  text(): string {
    return this.#bytes.toString('latin1', this.#at, this.#end);
  }
}

/** @returns undefined where it is malformed */
function helloIn(hello: Fields): ClientHello | undefined {
  const [version, random] = [2, 32];
  const session = hello.skip(version + random) ? hello.vector(1, 0) : undefined;
  const cipherSuites = session && hello.vector(2, 2);
  const compressionMethods = cipherSuites && hello.vector(1, 1);
  if (compressionMethods === undefined) return undefined;
  // Before TLS 1.3 there might be none.
  if (hello.isAtEnd) return { serverName: '', offersTls13: false };
  const extensions = hello.vector(2, 0);
  return extensions !== undefined && hello.isAtEnd ? readExtensions(extensions) : undefined;
}

function readExtensions(extensions: Fields): ClientHello | undefined {
  let name: string | undefined;
  let offersTls13 = false;
  while (!extensions.isAtEnd) {
    const type = extensions.number(2);
    const value = extensions.vector(2, 0);
    if (type < 0 || value === undefined) return undefined;
    if (type === SUPPORTED_VERSIONS_EXTENSION) offersTls13 = namesTls13(value.vector(1, 2));
    if (type !== SERVER_NAME_EXTENSION) continue;
    // RFC 8446 section 4.2: no extension comes twice.
    if (name !== undefined) return undefined;
    name = readName(value);
    if (name === undefined) return undefined;
  }
  return { serverName: name ?? '', offersTls13 };
}

/** RFC 8446 section 4.2.1. What else is wrong with the list is OpenSSL's to say. */
function namesTls13(versions: Fields | undefined): boolean {
  while (versions !== undefined && !versions.isAtEnd) {
    const version = versions.number(2);
    if (version === TLS_1_3) return true;
    if (version < 0) return false;
  }
  return false;
}

/** RFC 6066 section 3: a list, in which there has only ever been one name, of one type. */
function readName(value: Fields): string | undefined {
  const list = value.vector(2, 1);
  if (list === undefined || !value.isAtEnd || list.number(1) !== HOST_NAME) return undefined;
  const name = list.vector(2, 1);
  return name !== undefined && list.isAtEnd ? hostOf(name.text()) : undefined;
}

/** @returns empty for a text that is no name of a host: it is then as if the client had named none */
function hostOf(text: string): string {
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  return name.length <= MAX_NAME && /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/i.test(name) ? name.toLowerCase() : '';
}
