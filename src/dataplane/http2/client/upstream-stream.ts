import type { FailureReason } from '../../../failures/failures.ts';
import type { DataPiece } from '../../bodies/data-piece.ts';
import type { UpstreamPool } from '../../clusters/upstream-pool.ts';
import type { BodyPiece, FailureDetail, OutgoingRequest, Upstream, UpstreamHandler } from '../../pipeline/ports.ts';
import { type Timed, TimeLimit } from '../../runtime/timer-wheel.ts';
import { CANCEL, errorName, REFUSED_STREAM } from '../frames.ts';
import type { Http2UpstreamContext } from './context.ts';
import { RequestBody } from './request-body.ts';
import { StreamResponse } from './stream-response.ts';
import type { SendingStream, StreamSender } from './stream-sender.ts';

/** A connection to an upstream, as its streams see it. */
export interface StreamConnection {
  readonly context: Http2UpstreamContext;
  readonly pool: UpstreamPool;
  readonly sender: StreamSender;
  /** For what is handed on: one serves all streams. */
  readonly piece: DataPiece;
  /** Bytes that came on it. */
  readonly receivedBytes: number;
  /** A stream has sent its request. */
  streamBegan(stream: Http2UpstreamStream): void;
  /** A stream is over. */
  streamEnded(stream: Http2UpstreamStream): void;
  /** Takes no further request, and ends with the last one that is under way. */
  retire(): void;
}

/** No request has been sent on it. */
const UNSENT = 0;
/** The request is sent, and the response comes. */
const OPEN = 1;
const CLOSED = 2;

/** One request to an upstream and its response, on a connection that carries others too. */
export class Http2UpstreamStream implements Upstream, SendingStream, Timed {
  readonly endpoint: Upstream['endpoint'];
  served: number;
  /** A stream carries one request. */
  readonly isReusable = false;
  readonly limit = new TimeLimit(this);
  /** 0 before the request is sent. */
  id = 0;
  /** Bytes of DATA that the upstream takes; below 0 when it has taken some back (RFC 9113 section 6.9.2). */
  sendWindow = 0;
  readonly body: RequestBody;
  readonly connection: StreamConnection;
  readonly response = new StreamResponse(this);
  /** Undefined before the request is sent, and once the stream is over. */
  handler: UpstreamHandler | undefined;
  /** The one it ended with: it learns of a bug in the same callback. */
  #lastHandler: UpstreamHandler | undefined;
  #state = UNSENT;
  /** The end of the request has been sent. */
  #isSent = false;
  /** What waited when takesSome() was asked last. */
  #waited = 0;
  /** What the connection had sent and received when the request began. */
  #sentBefore = 0;
  #receivedBefore = 0;

  /** @param served requests on the connection, with this one */
  constructor(connection: StreamConnection, served: number) {
    this.connection = connection;
    this.endpoint = connection.pool.endpoint;
    this.served = served;
    this.body = new RequestBody(connection.context);
  }

  get isUnsent(): boolean {
    return this.connection.sender.sentBytes === this.#sentBefore;
  }

  get isBlocked(): boolean {
    return this.body.waiting > 0;
  }

  takesSome(): boolean {
    const waited = this.#waited;
    this.#waited = this.body.waiting;
    return this.#waited < waited;
  }

  send(request: OutgoingRequest, handler: UpstreamHandler): void {
    const { head } = request;
    this.handler = handler;
    this.#state = OPEN;
    this.response.begin(head.method === 'HEAD');
    this.#isSent = !head.isChunked && head.contentLength <= 0;
    this.#sentBefore = this.connection.sender.sentBytes;
    this.#receivedBefore = this.connection.receivedBytes;
    this.connection.sender.sendHead(this, request, this.#isSent);
    this.connection.streamBegan(this);
  }

  write(piece: BodyPiece): boolean {
    if (this.#state === CLOSED || this.#isSent) return true;
    const { body } = this;
    const mayEnd = piece.isLast && piece.trailers === '';
    const sent = body.waiting > 0 ? 0 : this.connection.sender.sendData(this, piece, mayEnd);
    if (mayEnd && sent === piece.size && body.waiting === 0) this.#isSent = true;
    body.add(piece, sent);
    this.#waited = body.waiting;
    this.#endRequest();
    return !this.isBlocked;
  }

  /** Some of what waited has been sent. */
  drained(): void {
    this.#endRequest();
    if (!this.isBlocked) this.handler?.upstreamDrained();
  }

  resume(): void {
    this.response.giveWindow();
  }

  /** HTTP/2 has no logins that are the connection's: an upstream that asks for them needs HTTP/1.1 (RFC 9113 section 9.1.1). */
  keepFor(): void {}

  release(): void {
    this.destroy();
  }

  /** No tunnel leads through it. */
  endSoon(): void {
    this.destroy();
  }

  halfClose(): void {
    this.destroy();
  }

  destroy(): void {
    this.#reset(CANCEL);
  }

  crashed(error: unknown): void {
    const handler = this.handler ?? this.#lastHandler;
    this.destroy();
    if (handler === undefined) this.connection.context.reportBug(error);
    else handler.crashed(error);
  }

  timedOut(): void {
    if (this.connection.context.limits.isRenewed(this)) return;
    // Where nothing at all has come meanwhile, the connection may be dead: other requests go on another.
    if (this.connection.receivedBytes === this.#receivedBefore) this.connection.retire();
    if (this.response.hasHead) this.fail('response_cut_by_timeout');
    else this.fail(this.isBlocked ? 'upstream_send_timeout' : 'upstream_read_timeout');
  }

  // What its response says.

  headCame(): void {
    this.body.forgetSent();
  }

  /** After an early answer, what the exchange still sends has nowhere to go. */
  responseEnded(): void {
    const { handler } = this;
    if (this.#isSent) this.#close();
    else this.#reset(CANCEL);
    // The next request of the client may begin in here, and on this very connection.
    try {
      handler?.responseComplete();
    } catch (error) {
      handler?.crashed(error);
    }
  }

  fail(reason: FailureReason, detail?: FailureDetail, code = CANCEL): void {
    const { handler } = this;
    this.#reset(code);
    handler?.fail(reason, detail);
  }

  // What the connection reads, or learns.

  /** RST_STREAM has come. */
  wasReset(code: number): void {
    const { handler, response } = this;
    if (code === REFUSED_STREAM && !response.hasHead && response.interims === 0) {
      this.unprocessed();
      return;
    }
    this.#close();
    handler?.upstreamReset(code, errorName(code));
  }

  /** The upstream has done nothing with the request. */
  unprocessed(): void {
    const { handler } = this;
    const body = this.body.handOver();
    this.#close();
    if (handler === undefined) body?.release();
    else handler.upstreamUnprocessed(body);
  }

  /** The connection is gone. @param error its code; undefined when the upstream closed it */
  broken(error: string | undefined): void {
    const { handler, response } = this;
    this.#close();
    if (!response.hasHead) handler?.upstreamBroken(response.interims > 0, error);
    else handler?.fail(error === undefined ? 'response_cut_by_close' : 'response_cut_by_reset', error);
  }

  /** The connection breaks the rules of HTTP/2, and ends. */
  failed(reason: FailureReason, detail: FailureDetail): void {
    const { handler } = this;
    this.#close();
    handler?.fail(reason, detail);
  }

  /** The connection was destroyed, and who did it knows. */
  dropped(): void {
    this.#close();
  }

  #endRequest(): void {
    const { body } = this;
    if (this.#isSent || !body.isComplete || body.waiting > 0) return;
    this.#isSent = true;
    this.connection.sender.sendEnd(this, body.trailers);
  }

  #reset(code: number): void {
    if (this.#state === CLOSED) return;
    if (this.#state !== UNSENT) this.connection.sender.reset(this.id, code);
    this.#close();
  }

  #close(): void {
    if (this.#state === CLOSED) return;
    this.#state = CLOSED;
    this.#lastHandler = this.handler;
    this.handler = undefined;
    this.response.clear();
    this.body.clear();
    this.connection.context.limits.remove(this.limit);
    this.connection.streamEnded(this);
  }
}
