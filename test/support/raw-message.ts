/**
 * The judge's own reading of HTTP/1.1 bytes (RFC 9112): strict, and written apart from src/, so that a mistake there is
 * not repeated here. Text is latin1: one character is one byte.
 */

/** Strings are taken as latin1. */
export type Bytes = string | Buffer;

export type HeaderLine = readonly [name: string, value: string];

/** These bytes are not HTTP/1.1. */
export class MalformedMessage extends Error {}

export interface MessageHead {
  readonly startLine: string;
  /** In order, with case and duplicates as they came. */
  readonly headers: readonly HeaderLine[];
  /** Start line to empty line, byte for byte. */
  readonly raw: string;
}

export interface ChunkedBody {
  readonly content: Buffer;
  readonly trailers: readonly HeaderLine[];
  /** Index after the last byte that belongs to the body; of use only when it is complete. */
  readonly end: number;
  readonly complete: boolean;
}

export function bytesOf(bytes: Bytes): Buffer {
  return typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
}

/** @returns undefined while the head is not complete */
export function readHead(bytes: Buffer): MessageHead | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const raw = bytes.toString('latin1', 0, end + 4);
  const [startLine = '', ...lines] = raw.slice(0, -4).split('\r\n');
  if (/[\x00-\x08\x0a-\x1f\x7f]/.test(startLine)) throw new MalformedMessage(`start line ${JSON.stringify(startLine)}`);
  return { startLine, headers: lines.map(readHeaderLine), raw };
}

/** Reads from the first chunk's size on. */
export function readChunked(bytes: Buffer): ChunkedBody {
  const chunks: Buffer[] = [];
  const unfinished = (): ChunkedBody => ({ content: Buffer.concat(chunks), trailers: [], end: 0, complete: false });
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return unfinished();
    const line = bytes.toString('latin1', at, lineEnd);
    const match = /^([0-9a-fA-F]{1,13})((?:;[\t\x20-\x7e]*)?)$/.exec(line);
    if (match === null) throw new MalformedMessage(`chunk size ${JSON.stringify(line)}`);
    const size = Number.parseInt(match[1] as string, 16);
    at = lineEnd + 2;
    if (size === 0) break;
    chunks.push(bytes.subarray(at, Math.min(at + size, bytes.length)));
    at += size;
    if (bytes.length < at + 2) return unfinished();
    if (bytes.toString('latin1', at, at + 2) !== '\r\n') throw new MalformedMessage('a chunk does not end in CRLF');
    at += 2;
  }
  const trailers: HeaderLine[] = [];
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return unfinished();
    const line = bytes.toString('latin1', at, lineEnd);
    at = lineEnd + 2;
    if (line === '') return { content: Buffer.concat(chunks), trailers, end: at, complete: true };
    trailers.push(readHeaderLine(line));
  }
}

/** Every value of a field, in order. Names compare without case. */
export function values(headers: readonly HeaderLine[], name: string): string[] {
  return headers.filter(([other]) => other.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
}

/** The value of a field that may occur once. */
export function value(headers: readonly HeaderLine[], name: string): string | undefined {
  const found = values(headers, name);
  if (found.length > 1) throw new MalformedMessage(`${found.length} ${name} lines`);
  return found[0];
}

/** The fields but the named ones. */
export function without(headers: readonly HeaderLine[], ...names: readonly string[]): HeaderLine[] {
  const unwanted = new Set(names.map(name => name.toLowerCase()));
  return headers.filter(([name]) => !unwanted.has(name.toLowerCase()));
}

/** @returns undefined without Content-Length */
export function contentLength(headers: readonly HeaderLine[]): number | undefined {
  const text = value(headers, 'content-length');
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text) || Number(text) > Number.MAX_SAFE_INTEGER)
    throw new MalformedMessage(`Content-Length ${JSON.stringify(text)}`);
  return Number(text);
}

/** RFC 9112 section 6.3: a message with both framings, or another coding than chunked last, is not to be guessed at. */
export function isChunked(headers: readonly HeaderLine[]): boolean {
  const coding = value(headers, 'transfer-encoding');
  if (coding === undefined) return false;
  if (coding.toLowerCase() !== 'chunked') throw new MalformedMessage(`Transfer-Encoding ${JSON.stringify(coding)}`);
  if (values(headers, 'content-length').length > 0) throw new MalformedMessage('Content-Length and Transfer-Encoding');
  return true;
}

function readHeaderLine(line: string): HeaderLine {
  const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(line);
  if (match === null || /[\x00-\x08\x0a-\x1f\x7f]/.test(line)) {
    throw new MalformedMessage(`header line ${JSON.stringify(line)}`);
  }
  return [match[1] as string, match[2] as string];
}
