/** A second reader of responses (RFC 9112 sections 4 to 8), as {@link readRequests} is one of requests. */
import { readChunks } from './reference-chunks.ts';
import { connectionOptions, HOP_BY_HOP, LINE_LIMIT, readLength, readLines } from './reference-lines.ts';

const KEPT_BACK: ReadonlySet<string> = new Set(HOP_BY_HOP);

export interface ReferenceHead {
  readonly status: number;
  readonly minorVersion: 0 | 1;
  readonly reason: string;
  /** What goes on unchanged, byte for byte. */
  readonly lines: string;
  readonly contentLength: number;
  readonly isChunked: boolean;
  readonly options: ReadonlySet<string>;
  readonly end: number;
}

export function readHead(text: string, start: number): ReferenceHead | 'more' | 'bad' {
  const lineFeed = text.indexOf('\n', start);
  if (lineFeed < 0) {
    const begin = text.slice(start);
    return /^[\t\x20-\x7e\x80-\xff]*\r?$/.test(begin) && begin.length <= LINE_LIMIT ? 'more' : 'bad';
  }
  const line = text.slice(start, lineFeed + 1);
  const match = /^HTTP\/1\.(\d) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?\r\n$/.exec(line);
  if (match === null || line.length - 2 > LINE_LIMIT) return 'bad';
  const [, minor = '', status = '', reason = ''] = match;
  let length: number | undefined;
  let coding: string | undefined;
  const outcome = readLines(text, lineFeed + 1, ({ name, value }) => {
    if (name === 'content-length') {
      if (length !== undefined) return false;
      length = readLength(value);
      return length !== undefined;
    }
    if (name === 'transfer-encoding') {
      if (coding !== undefined) return false;
      coding = value;
    }
    return true;
  });
  if (outcome.kind === 'more') return 'more';
  if (outcome.kind === 'refused') return 'bad';
  if (coding !== undefined && (length !== undefined || coding.toLowerCase() !== 'chunked' || minor === '0'))
    return 'bad';
  const options = connectionOptions(outcome.lines);
  const kept = outcome.lines.filter(({ name }) => {
    const isNamed = options.has(name) && name !== 'content-length';
    return !KEPT_BACK.has(name) && !isNamed && !name.startsWith('x-accel-');
  });
  return {
    status: Number(status),
    minorVersion: minor === '0' ? 0 : 1,
    reason,
    lines: kept.map(({ raw }) => raw).join(''),
    contentLength: length ?? -1,
    isChunked: coding !== undefined,
    options,
    end: outcome.end,
  };
}

export interface ReferenceResponse {
  readonly interim: readonly number[];
  /** Undefined when there is nothing that may be passed on: the client gets 502. */
  readonly head: ReferenceHead | undefined;
  readonly body: string;
  /** `cut`: the client has to see that the end is missing. */
  readonly kind: 'whole' | 'cut';
  /** Bytes came that nobody asked for. */
  readonly hasRest: boolean;
  /** Nothing else has to come for it to be whole; else the end of the connection decides. */
  readonly isSettled: boolean;
}

/** What a client is to see when an upstream sends just these bytes, and FIN if that is needed. */
export function readResponse(bytes: Buffer, isHeadRequest: boolean): ReferenceResponse {
  const text = bytes.toString('latin1');
  const interim: number[] = [];
  const none = { interim, head: undefined, body: '', kind: 'whole', hasRest: false } as const;
  let at = 0;
  for (;;) {
    const head = readHead(text, at);
    if (head === 'bad' || head === 'more') return { ...none, isSettled: head === 'bad' };
    at = head.end;
    if (head.status === 101) return { ...none, isSettled: true };
    if (head.status >= 200) return readBody(text, head, interim, isHeadRequest);
    interim.push(head.status);
  }
}

function readBody(
  text: string,
  head: ReferenceHead,
  interim: readonly number[],
  isHeadRequest: boolean,
): ReferenceResponse {
  const { end, contentLength, isChunked, status, options } = head;
  if (isHeadRequest || status === 204 || status === 304) {
    return { interim, head, body: '', kind: 'whole', hasRest: text.length > end, isSettled: true };
  }
  if (isChunked) {
    const { body, kind, end: stop } = readChunks(text, end, options);
    const hasRest = kind === 'whole' && text.length > stop;
    return { interim, head, body, kind: kind === 'whole' ? 'whole' : 'cut', hasRest, isSettled: kind !== 'more' };
  }
  if (contentLength >= 0) {
    const body = text.slice(end, end + contentLength);
    const isWhole = body.length === contentLength;
    const hasRest = text.length > end + contentLength;
    return { interim, head, body, kind: isWhole ? 'whole' : 'cut', hasRest, isSettled: isWhole };
  }
  return { interim, head, body: text.slice(end), kind: 'whole', hasRest: false, isSettled: false };
}
