/** The proxy's own readers, driven as connections drive them, without sockets. */

import { ChunkedBody } from '../../src/dataplane/http1/chunked-body.ts';
import { RequestHead } from '../../src/dataplane/http1/request-head.ts';
import { ResponseHead } from '../../src/dataplane/http1/response-head.ts';
import { FAILURES } from '../../src/failures/failures.ts';
import { requestLineOf } from '../dataplane/http1/heads.ts';
import type { ReferenceReading } from './reference-requests.ts';
import { pieces, type Stream } from './stream.ts';

/** What of a request has to be the same for every reader, as one text that is quick to compare. */
export function outline(reading: ReferenceReading): string {
  const requests = reading.requests.map(
    ({ line, host, lines, framing, contentLength, body, trailers, bodyKind }) =>
      `${line}\n${host}\n${lines}\n${framing} ${framing === 'length' ? contentLength : ''}\n${body}\n${trailers}\n${bodyKind}\n`,
  );
  return `${requests.join('')}${reading.refusal ?? (reading.isMidHead ? 'mid-head' : '')}`;
}

/** Bytes around what is read, which must not be looked at: the rest of a header line, and of a chunk. */
const BEFORE = Buffer.from('X: 1\r\n5\r\n');
const AFTER = Buffer.from('\r\n\r\n0\r\n\r\n');

/** Requests that came in pieces; one object reads many streams, as one connection many requests. */
export class RequestReader {
  readonly #head = new RequestHead();
  readonly #chunked = new ChunkedBody();
  #requests: string[] = [];
  #stash: Buffer = Buffer.alloc(0);
  #isMidHead = false;
  #refusal = '';
  #body = '';
  /** Bytes still to come; -1 for chunks, 0 between requests. */
  #remaining = 0;

  /** @returns as {@link outline} */
  read(stream: Stream): string {
    this.#requests = [];
    this.#stash = Buffer.alloc(0);
    this.#isMidHead = false;
    this.#refusal = '';
    this.#remaining = 0;
    for (const piece of pieces(stream)) {
      if (this.#refusal !== '') break;
      this.#take(this.#stash.length === 0 ? piece : Buffer.concat([this.#stash, piece]));
    }
    const isOpen = this.#remaining !== 0;
    if (isOpen) this.#endRequest(this.#refusal === 'bad' ? 'bad' : 'more', '');
    const rest = isOpen ? '' : this.#refusal || (this.#isMidHead ? 'mid-head' : '');
    return this.#requests.join('') + rest;
  }

  #take(all: Buffer): void {
    const base = BEFORE.length;
    const end = base + all.length;
    const bytes = Buffer.concat([BEFORE, all, AFTER]);
    let at = base;
    this.#stash = Buffer.alloc(0);
    while (at < end && this.#refusal === '') {
      if (this.#remaining !== 0) {
        at = this.#readBody(bytes, at, end);
        continue;
      }
      const head = this.#head;
      if (!this.#isMidHead) head.reset();
      this.#isMidHead = true;
      const outcome = head.read(bytes, at, end);
      if (outcome === false) {
        this.#stash = Buffer.from(bytes.subarray(at, end));
        return;
      }
      this.#isMidHead = false;
      if (outcome === true) this.#begin(head);
      else this.#refusal = String(FAILURES[outcome].status);
      at += head.length;
    }
  }

  #begin(head: RequestHead): void {
    this.#body = '';
    this.#remaining = head.isChunked ? -1 : Math.max(0, head.contentLength);
    if (head.isChunked) this.#chunked.reset(head.connectionOptions);
    if (this.#remaining === 0) this.#endRequest('whole', '');
  }

  #readBody(bytes: Buffer, start: number, end: number): number {
    if (this.#remaining > 0) {
      const stop = Math.min(end, start + this.#remaining);
      this.#body += bytes.toString('latin1', start, stop);
      this.#remaining -= stop - start;
      if (this.#remaining === 0) this.#endRequest('whole', '');
      return stop;
    }
    const stop = this.#chunked.feed(bytes, start, end);
    this.#body += textOf(bytes, this.#chunked);
    if (stop < 0) this.#refusal = 'bad';
    else if (this.#chunked.isComplete) {
      this.#remaining = 0;
      this.#endRequest('whole', this.#chunked.trailers);
    }
    return stop;
  }

  #endRequest(kind: 'whole' | 'more' | 'bad', trailers: string): void {
    const head = this.#head;
    const { isChunked, contentLength } = head;
    const framing = isChunked ? 'chunked' : contentLength >= 0 ? 'length' : 'none';
    const host = head.text.search(/\r\nhost:/i) < 0 ? undefined : head.host;
    this.#requests.push(
      `${requestLineOf(head)}\n${host}\n${head.lines()}\n${framing} ${isChunked || contentLength < 0 ? '' : contentLength}\n` +
        `${this.#body}\n${trailers}\n${kind}\n`,
    );
  }
}

/** The data of the bytes that were fed last. */
export function textOf(bytes: Buffer, { ranges }: ChunkedBody): string {
  let text = '';
  for (let index = 0; index < ranges.length; index += 2)
    text += bytes.toString('latin1', ranges[index], ranges[index + 1]);
  return text;
}

const head = new ResponseHead();

/** Reads a response head that came in pieces, each time with what came before. @returns undefined while it is not whole */
export function readResponseHead(stream: Stream): ResponseHead | 'more' | 'bad' {
  let came: Buffer = Buffer.alloc(0);
  head.reset();
  for (const piece of pieces(stream)) {
    came = Buffer.concat([came, piece]);
    const outcome = head.read(Buffer.concat([BEFORE, came, AFTER]), BEFORE.length, BEFORE.length + came.length);
    if (typeof outcome === 'string') return 'bad';
    if (outcome) return head;
  }
  return 'more';
}
