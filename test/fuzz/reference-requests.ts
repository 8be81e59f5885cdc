/** A second reader of requests (RFC 9112 sections 2 to 7, contract sections 5 and 6): bytes in one piece, and no hurry. */
import { readChunks } from './reference-chunks.ts';
import { connectionOptions, HOP_BY_HOP, LINE_LIMIT, type Line, readLength, readLines } from './reference-lines.ts';

/** Never passed on as they came; most of them are made anew. */
const KEPT_BACK: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  'host',
  'content-length',
  'expect',
  'x-real-ip',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-prefix',
  'x-request-id',
]);

/** RFC 9112 section 2.2: empty lines before a request line are ignored; so many bytes of them. */
const EMPTY_LIMIT = 64;

export interface ReferenceRequest {
  /** The request line without its line end. */
  readonly line: string;
  readonly method: string;
  readonly target: string;
  readonly minorVersion: 0 | 1;
  /** Undefined without a Host line. */
  readonly host: string | undefined;
  /** What goes on unchanged, byte for byte. */
  readonly lines: string;
  readonly framing: 'none' | 'length' | 'chunked';
  readonly contentLength: number;
  readonly options: ReadonlySet<string>;
  readonly hasExpect: boolean;
  readonly body: string;
  readonly trailers: string;
  /** Its chunks, if it has any, are without extensions and trailers. */
  readonly isPlain: boolean;
  /** `bad`: its chunks are malformed; `more`: the bytes end before it does. */
  readonly bodyKind: 'whole' | 'more' | 'bad';
}

export interface ReferenceReading {
  readonly requests: readonly ReferenceRequest[];
  /** Why reading ended; undefined when all bytes were understood as far as they go. */
  readonly refusal?: 400 | 414 | 431 | 501 | 505;
  /** Of the request that is refused, as far as it came. */
  readonly refusedLine?: string;
  /** Bytes of a head that is not complete are left. */
  readonly isMidHead: boolean;
  /** These are more than empty lines, which begin no request. */
  readonly hasBegun: boolean;
}

export function readRequests(bytes: Buffer): ReferenceReading {
  const text = bytes.toString('latin1');
  const requests: ReferenceRequest[] = [];
  let at = 0;
  while (at < text.length) {
    const outcome = readRequest(text, at);
    if (outcome === 'more') return { requests, isMidHead: true, hasBegun: !/^(?:\r\n)*\r?$/.test(text.slice(at)) };
    if (typeof outcome === 'number') {
      const refusedLine = /^(?:\r\n)*([^\r\n]*)/.exec(text.slice(at))?.[1] ?? '';
      return { requests, refusal: outcome, refusedLine, isMidHead: false, hasBegun: true };
    }
    requests.push(outcome.request);
    if (outcome.request.bodyKind !== 'whole') break;
    at = outcome.end;
  }
  return { requests, isMidHead: false, hasBegun: false };
}

type Refusal = NonNullable<ReferenceReading['refusal']>;

function readRequest(text: string, start: number): { request: ReferenceRequest; end: number } | Refusal | 'more' {
  const first = readRequestLine(text, start);
  if (typeof first !== 'object') return first;
  const { method, target, minorVersion } = first;
  const judged = new Judgement();
  const outcome = readLines(text, first.end, line => line.name.includes('_') || judged.takes(line));
  if (outcome.kind === 'more') return 'more';
  if (outcome.kind === 'refused') return outcome.status;
  const lines = outcome.lines.filter(({ name }) => !name.includes('_'));
  const { host, length, coding } = judged;
  if (host === undefined && minorVersion === 1) return 400;
  if (coding !== undefined) {
    if (length !== undefined || minorVersion === 0) return 400;
    if (coding.toLowerCase() !== 'chunked') return 501;
  }
  const options = connectionOptions(lines);
  const goesOn = ({ name }: Line): boolean => !KEPT_BACK.has(name) && !options.has(name);
  const framing = coding !== undefined ? 'chunked' : length !== undefined ? 'length' : 'none';
  const { end } = outcome;
  const body = framing === 'chunked' ? readChunks(text, end, options) : readCounted(text, end, length ?? 0);
  const request: ReferenceRequest = {
    line: first.line,
    method,
    target,
    minorVersion,
    host,
    lines: lines
      .filter(goesOn)
      .map(({ raw }) => raw)
      .join(''),
    framing,
    contentLength: length ?? -1,
    options,
    hasExpect: lines.some(({ name }) => name === 'expect'),
    body: body.body,
    trailers: body.trailers,
    isPlain: body.isPlain,
    bodyKind: body.kind,
  };
  return { request, end: body.end };
}

/** What is refused line by line: a second Host, a length or a coding that is not clear. */
class Judgement {
  host: string | undefined;
  length: number | undefined;
  coding: string | undefined;

  takes({ name, value }: Line): boolean {
    if (name === 'host') {
      if (this.host !== undefined) return false;
      this.host = value;
    } else if (name === 'content-length') {
      if (this.length !== undefined) return false;
      this.length = readLength(value);
      return this.length !== undefined;
    } else if (name === 'transfer-encoding') {
      if (this.coding !== undefined) return false;
      this.coding = value;
    }
    return true;
  }
}

interface RequestLine {
  readonly line: string;
  readonly method: string;
  readonly target: string;
  readonly minorVersion: 0 | 1;
  readonly end: number;
}

function readRequestLine(text: string, start: number): RequestLine | Refusal | 'more' {
  let at = start;
  while (text.startsWith('\r\n', at)) at += 2;
  const lineFeed = text.indexOf('\n', at);
  if (at - start > EMPTY_LIMIT) return 400;
  if (lineFeed < 0) {
    const begin = text.slice(at);
    if (begin === '\r') return 'more';
    if (!/^(?:[A-Z_-]*|[A-Z_-]+ [\x21-\x7e\x80-\xff]*|[A-Z_-]+ [\x21-\x7e\x80-\xff]+ [^\r]{0,16}\r?)$/.test(begin))
      return 400;
    return begin.replace(/\r$/, '').length > LINE_LIMIT ? 414 : 'more';
  }
  const line = text.slice(at, lineFeed - 1);
  const match = /^([A-Z_-]+) ([\x21-\x7e\x80-\xff]+) ([^\r]{0,16})$/.exec(line);
  if (match === null || text[lineFeed - 1] !== '\r') return 400;
  if (line.length > LINE_LIMIT) return 414;
  const [, method = '', target = '', version = ''] = match;
  const numbers = /^HTTP\/(\d+)\.(\d+)$/.exec(version);
  if (numbers === null) return 400;
  const [, major = '', minor = ''] = numbers;
  if (major === '1' && minor.length === 1) {
    return { line, method, target, minorVersion: minor === '0' ? 0 : 1, end: lineFeed + 1 };
  }
  return major.startsWith('0') || major === '1' ? 400 : 505;
}

function readCounted(text: string, start: number, length: number): ReturnType<typeof readChunks> {
  const body = text.slice(start, start + length);
  return { kind: body.length === length ? 'whole' : 'more', body, trailers: '', end: start + length, isPlain: true };
}
