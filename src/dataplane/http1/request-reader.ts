import type { FailureReason } from '../../failures/failures.ts';
import { isText } from '../../formats/http/bytes.ts';
import { COUNTER } from '../../observe/counters.ts';
import type { FailureDetail } from '../pipeline/ports.ts';
import { type PartialHead, SMALL_BYTES } from '../transport/client-memory.ts';
import { Stash } from '../transport/stash.ts';
import type { ClientContext } from './client-context.ts';
import { BUSY, ENDING, IDLE, READING } from './client-states.ts';
import type { Http1Downstream } from './downstream.ts';
import { isEmptyLines, type RequestHead, requestLineOf } from './request-head.ts';

/** The first line of HTTP/2's preface (RFC 9113 section 3.4). */
const PREFACE_LINE = 'PRI * HTTP/2.0\r\n';

/** Bytes that may wait for their turn: a pipelined request, or a body without an upstream. Further ones wait in the kernel. */
const MAX_WAITING_BYTES = 4 * 1024;

/** The connection whose requests are read. */
export interface ReadConnection {
  readonly state: number;
  readonly isBlocked: boolean;
  readonly request: Http1Downstream;
  /** While the connection ends: the client has sent more, or may. */
  mayLinger: boolean;
  enter(state: number): void;
  /** The first byte of a head has come. */
  headBegan(): void;
  pause(): void;
  /** No request has come on it, and HTTP/2's preface may come instead. */
  readonly mayBecomeHttp2: boolean;
  /** The bytes begin HTTP/2's preface. */
  becomeHttp2(bytes: Buffer): void;
  crashed(error: unknown): void;
}

/** Reads the requests of a client one after the other. Bytes that cannot be read yet are kept in its stash. */
export class RequestReader implements PartialHead {
  /** While bytes are read, a request that ends at once must not begin the next one from inside. */
  isReading = false;
  readonly #context: ClientContext;
  readonly #connection: ReadConnection;
  /** Part of a head, a pipelined request, or a body that waits for its upstream. */
  readonly #stash: Stash;
  #head: RequestHead | undefined;

  constructor(context: ClientContext, connection: ReadConnection) {
    this.#context = context;
    this.#connection = connection;
    this.#stash = new Stash(context.stashes);
  }

  /** Bytes wait that were not part of what was read last. */
  get hasStash(): boolean {
    return this.#stash.size > 0;
  }

  /**
   * Enough bytes wait for their turn. Until then reading goes on, so that a client that leaves is noticed. A head is read as a
   * whole.
   */
  get isFull(): boolean {
    const { pieceBytes } = this.#context.memory;
    return this.#connection.state !== READING && this.#stash.size >= Math.min(MAX_WAITING_BYTES, pieceBytes);
  }

  read(bytes: Buffer, size: number): void {
    if (this.#stash.size === 0) this.#read(bytes, size);
    else this.#read(this.#stash.append(bytes, size));
  }

  /** Reads what waits, if its turn has come. */
  readStash(): void {
    const { bytes } = this.#stash;
    if (bytes !== undefined) this.#read(bytes);
  }

  /** What waits are the first bytes of a tunnel. */
  readTunnel(): void {
    const { bytes } = this.#stash;
    if (bytes === undefined) return;
    this.#connection.request.readTunnel(bytes, bytes.length);
    this.#stash.clear();
  }

  /** Refuses bytes that are no request, or too little of one in too long a time. */
  refuse(reason: FailureReason, detail: FailureDetail = '', line = this.#stashedLine()): void {
    this.releaseHead();
    this.#connection.enter(BUSY);
    this.#connection.request.refuse(reason, line, detail);
  }

  /** Ends a request whose head is not complete, so that its memory is free. */
  giveWay(): void {
    if (this.#connection.state === READING) this.refuse('memory_exhausted');
  }

  /** Throws away the bytes that wait. */
  clearStash(): void {
    this.#stash.clear();
  }

  /** The head's request has ended, or will not be read to its end. */
  releaseHead(): void {
    const head = this.#head;
    if (head === undefined) return;
    const { memory, heads } = this.#context;
    this.#head = undefined;
    if (this.#stash.size > SMALL_BYTES) memory.headEnded(this);
    if (heads.isLong(head)) this.#connection.request.handler.forget();
    heads.giveBack(head);
  }

  /** Reads as many requests as possible. The rest is copied to the stash, because the next read overwrites the bytes. */
  #read(bytes: Buffer, end = bytes.length): void {
    try {
      this.#readAll(bytes, end);
    } catch (error) {
      // The caller may be another connection, to whom the bug must not be reported.
      this.#connection.crashed(error);
    }
  }

  #readAll(bytes: Buffer, end: number): void {
    const connection = this.#connection;
    this.isReading = true;
    let at = 0;
    while (at < end && connection.state <= BUSY) {
      const next = this.#readSome(bytes, at, end);
      if (next < 0) break;
      at = next;
    }
    this.isReading = false;
    connection.request.hasMore = at < end;
    if (connection.state >= ENDING) {
      if (at < end) connection.mayLinger = true;
      return;
    }
    if (at === end) {
      this.#stash.clear();
      return;
    }
    this.#stash.keep(bytes, at, end);
    if (connection.state === READING && end - at > SMALL_BYTES) this.#context.memory.headBegan(this);
    else if (this.isFull) connection.pause();
  }

  /** @returns the place after what was used of the bytes, or -1 when nothing more can be */
  #readSome(bytes: Buffer, at: number, end: number): number {
    const connection = this.#connection;
    if (connection.state === BUSY) {
      // What is not read now is a pipelined request, or a body that has no upstream yet.
      return connection.request.handler.takesBody ? connection.request.readBody(bytes, at, end) : -1;
    }
    if (connection.state === IDLE) {
      // A client that does not read its answers gets no more of them: they would fill memory.
      if (connection.isBlocked) return -1;
      // RFC 9112 section 2.2: a client may send an empty line behind a body, and that is no request.
      if (isEmptyLines(bytes, at, end)) return -1;
      this.#beginHead();
    }
    return this.#readHead(bytes, at, end);
  }

  #beginHead(): void {
    const { counters, heads, settings } = this.#context;
    counters.addTo(COUNTER.requests, 1);
    this.#head = heads.take(settings.underscoresInHeaders);
    this.#connection.headBegan();
  }

  /** As {@link #readSome}. */
  #readHead(bytes: Buffer, start: number, end: number): number {
    const head = this.#head as RequestHead;
    const outcome = head.read(bytes, start, end);
    if (outcome === false) return -1;
    const { memory, heads } = this.#context;
    if (this.#stash.size > SMALL_BYTES) memory.headEnded(this);
    if (
      outcome === 'request_http_version_unsupported' &&
      this.#connection.mayBecomeHttp2 &&
      isPreface(bytes, start, end)
    ) {
      this.#becomeHttp2(bytes.subarray(start, end));
      return -1;
    }
    if (outcome !== true) {
      this.refuse(outcome, () => head.faultPlace(bytes, start, end), requestLineOf(bytes, start, end));
      return -1;
    }
    if (!heads.keepText(head)) {
      this.refuse('memory_exhausted', '', requestLineOf(bytes, start, end));
      return -1;
    }
    const { request } = this.#connection;
    const next = start + head.length;
    this.#connection.enter(BUSY);
    request.hasMore = next < end;
    request.begin(head);
    return next;
  }

  /** The bytes are the preface of HTTP/2 (RFC 9113 section 3.4), which is not a request. */
  #becomeHttp2(bytes: Buffer): void {
    this.#context.counters.addTo(COUNTER.requests, -1);
    this.releaseHead();
    this.#connection.becomeHttp2(bytes);
  }

  #stashedLine(): string {
    return requestLineOf(this.#stash.bytes ?? Buffer.alloc(0));
  }
}

function isPreface(bytes: Buffer, start: number, end: number): boolean {
  return isText(bytes, start, Math.min(end, start + PREFACE_LINE.length), PREFACE_LINE);
}
