import type { DataPiece } from '../../bodies/data-piece.ts';
import type { UpstreamPool } from '../../clusters/upstream-pool.ts';
import type { FailureReason } from '../../failures/failures.ts';
import type { BodyPiece, FailureDetail, OutgoingRequest, Upstream, UpstreamHandler } from '../../pipeline/ports.ts';
import { type Timed, TimeLimit } from '../../runtime/timer-wheel.ts';
import { CANCEL, errorName, FLOW_CONTROL_ERROR, PROTOCOL_ERROR, REFUSED_STREAM } from '../frames.ts';
import type { Http2UpstreamContext } from './context.ts';
import { MAX_INTERIMS, STREAM_WINDOW } from './limits.ts';
import { RequestBody } from './request-body.ts';
import type { Http2ResponseHead } from './response-head.ts';
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
/** Awaiting the head of the final response. */
const HEAD = 1;
/** That head has come. */
const BODY = 2;
const CLOSED = 3;

const NOTHING = Buffer.alloc(0);

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
  readonly #connection: StreamConnection;
  #handler: UpstreamHandler | undefined;
  /** The one it ended with: it learns of a bug in the same callback. */
  #lastHandler: UpstreamHandler | undefined;
  #state = UNSENT;
  /** The end of the request has been sent. */
  #isSent = false;
  #isHeadRequest = false;
  #interims = 0;
  /** A head that is passed on together with the first piece of the body. */
  #head: Http2ResponseHead | undefined;
  /** The length of the response; -1 where it is not known. */
  #declared = -1;
  #received = 0;
  /** Bytes of frames that came, and that the upstream has no new window for. */
  #owed = 0;
  /** What waited when takesSome() was asked last. */
  #waited = 0;
  /** What the connection had sent and received when the request began. */
  #sentBefore = 0;
  #receivedBefore = 0;

  /** @param served requests on the connection, with this one */
  constructor(connection: StreamConnection, served: number) {
    this.#connection = connection;
    this.endpoint = connection.pool.endpoint;
    this.served = served;
    this.body = new RequestBody(connection.context);
  }

  /** The head of the final response has come: what follows are trailers. */
  get hasHead(): boolean {
    return this.#state === BODY;
  }

  get isUnsent(): boolean {
    return this.#connection.sender.sentBytes === this.#sentBefore;
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
    this.#handler = handler;
    this.#state = HEAD;
    this.#isHeadRequest = head.method === 'HEAD';
    this.#isSent = !head.isChunked && head.contentLength <= 0;
    this.#sentBefore = this.#connection.sender.sentBytes;
    this.#receivedBefore = this.#connection.receivedBytes;
    this.#connection.sender.sendHead(this, request, this.#isSent);
    this.#connection.streamBegan(this);
  }

  write(piece: BodyPiece): boolean {
    if (this.#state === CLOSED || this.#isSent) return true;
    const { body } = this;
    const mayEnd = piece.isLast && piece.trailers === '';
    const sent = body.waiting > 0 ? 0 : this.#connection.sender.sendData(this, piece, mayEnd);
    if (mayEnd && sent === piece.size && body.waiting === 0) this.#isSent = true;
    body.add(piece, sent);
    this.#waited = body.waiting;
    this.#endRequest();
    return !this.isBlocked;
  }

  /** Some of what waited has been sent. */
  drained(): void {
    this.#endRequest();
    if (!this.isBlocked) this.#handler?.upstreamDrained();
  }

  resume(): void {
    if (this.#owed > 0 && this.#state !== CLOSED && this.#handler?.isBlocked === false) this.#giveWindow();
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
    const handler = this.#handler ?? this.#lastHandler;
    this.destroy();
    if (handler === undefined) this.#connection.context.reportBug(error);
    else handler.crashed(error);
  }

  timedOut(): void {
    if (this.#connection.context.limits.isRenewed(this)) return;
    // Where nothing at all has come meanwhile, the connection may be dead: other requests go on another.
    if (this.#connection.receivedBytes === this.#receivedBefore) this.#connection.retire();
    if (this.#state === BODY) this.#fail('response_cut_by_timeout');
    else this.#fail(this.isBlocked ? 'upstream_send_timeout' : 'upstream_read_timeout');
  }

  // What the connection reads.

  /** A DATA frame begins. @param size with its padding */
  dataBegins(size: number): void {
    this.#owed += size;
    if (this.#owed > STREAM_WINDOW) this.malformed('more DATA than the window allows', FLOW_CONTROL_ERROR);
  }

  data(bytes: Buffer, start: number, end: number, endsStream: boolean): void {
    if (this.#handler === undefined) return;
    if (this.#state !== BODY) {
      this.malformed('DATA before the head of the response');
      return;
    }
    this.#received += end - start;
    if (this.#declared >= 0 && this.#received > this.#declared) {
      this.#hasOtherLength();
      return;
    }
    const { piece } = this.#connection;
    const isLast = endsStream && this.#hasDeclaredLength;
    piece.set(bytes, start, end, isLast);
    this.#pass(piece);
    if (isLast) this.#complete();
    else if (endsStream) this.#hasOtherLength();
    else if (this.#owed > STREAM_WINDOW / 2) this.resume();
  }

  /** A header block has come. @returns whether it waits for the first piece of the body: see {@link passHead} */
  headers(head: Http2ResponseHead, endsStream: boolean): boolean {
    const handler = this.#handler;
    if (handler === undefined) return false;
    if (head.fault !== undefined) {
      this.#fail(head.fault, undefined, PROTOCOL_ERROR);
    } else if (this.#state === BODY) {
      this.#trailers(head, endsStream);
    } else if (head.status < 200) {
      this.#interim(handler, head, endsStream);
    } else {
      const isBodiless = this.#isHeadRequest || head.status === 204 || head.status === 304;
      this.#state = BODY;
      this.#head = head;
      this.#declared = isBodiless ? 0 : head.contentLength;
      this.body.forgetSent();
      if (!endsStream) return true;
      this.#end(isBodiless);
    }
    return false;
  }

  /** Passes on a head that waits: its body does not come with it. */
  passHead(): void {
    if (this.#head === undefined || this.#handler === undefined) return;
    this.#connection.piece.clear();
    this.#pass(this.#connection.piece);
  }

  /** RST_STREAM has come. */
  wasReset(code: number): void {
    const handler = this.#handler;
    if (code === REFUSED_STREAM && this.#state === HEAD && this.#interims === 0) {
      this.unprocessed();
      return;
    }
    this.#close();
    handler?.upstreamReset(code, errorName(code));
  }

  /** The upstream has done nothing with the request. */
  unprocessed(): void {
    const handler = this.#handler;
    const body = this.body.handOver();
    this.#close();
    if (handler === undefined) body?.release();
    else handler.upstreamUnprocessed(body);
  }

  /** The connection is gone. @param error its code; undefined when the upstream closed it */
  broken(error: string | undefined): void {
    const handler = this.#handler;
    const isAnswered = this.#state === BODY;
    this.#close();
    if (!isAnswered) handler?.upstreamBroken(this.#interims > 0, error);
    else handler?.fail(error === undefined ? 'response_cut_by_close' : 'response_cut_by_reset', error);
  }

  /** The connection breaks the rules of HTTP/2, and ends. */
  failed(reason: FailureReason, detail: FailureDetail): void {
    const handler = this.#handler;
    this.#close();
    handler?.fail(reason, detail);
  }

  /** The connection was destroyed, and who did it knows. */
  dropped(): void {
    this.#close();
  }

  /** What came breaks the rules, for this stream alone. */
  malformed(detail: string, code = PROTOCOL_ERROR): void {
    this.passHead();
    this.#fail('response_http2_malformed', detail, code);
  }

  #interim(handler: UpstreamHandler, head: Http2ResponseHead, endsStream: boolean): void {
    this.#interims += 1;
    if (endsStream || head.status === 101) this.malformed(`a response that ends with ${head.status}`);
    else if (this.#interims > MAX_INTERIMS) this.#fail('response_too_many_interim');
    else handler.interim(head);
  }

  #trailers(trailers: Http2ResponseHead, endsStream: boolean): void {
    if (!endsStream) this.malformed('trailers that do not end the response');
    else this.#end(this.#hasDeclaredLength, trailers.lines());
  }

  /** The response ends without further data. @param isWhole its length is the one declared */
  #end(isWhole: boolean, trailers = ''): void {
    const { piece } = this.#connection;
    const isLast = isWhole || this.#hasDeclaredLength;
    piece.set(NOTHING, 0, 0, isLast, trailers);
    this.#pass(piece);
    if (isLast) this.#complete();
    else this.#hasOtherLength();
  }

  get #hasDeclaredLength(): boolean {
    return this.#declared < 0 || this.#received === this.#declared;
  }

  #hasOtherLength(): void {
    this.passHead();
    this.#fail('response_length_mismatch', () => `${this.#received} bytes, not ${this.#declared}`, PROTOCOL_ERROR);
  }

  #pass(piece: BodyPiece): void {
    const head = this.#head;
    this.#head = undefined;
    if (head === undefined) this.#handler?.responseData(piece);
    else this.#handler?.responded(head, this.#declared, piece);
  }

  /** After an early answer, what the exchange still sends has nowhere to go. */
  #complete(): void {
    const handler = this.#handler;
    if (this.#isSent) this.#close();
    else this.#reset(CANCEL);
    // The next request of the client may begin in here, and on this very connection.
    try {
      handler?.responseComplete();
    } catch (error) {
      handler?.crashed(error);
    }
  }

  #endRequest(): void {
    const { body } = this;
    if (this.#isSent || !body.isComplete || body.waiting > 0) return;
    this.#isSent = true;
    this.#connection.sender.sendEnd(this, body.trailers);
  }

  #giveWindow(): void {
    this.#connection.sender.giveWindow(this.id, this.#owed);
    this.#owed = 0;
  }

  #fail(reason: FailureReason, detail?: FailureDetail, code = CANCEL): void {
    const handler = this.#handler;
    this.#reset(code);
    handler?.fail(reason, detail);
  }

  #reset(code: number): void {
    if (this.#state === CLOSED) return;
    if (this.#state !== UNSENT) this.#connection.sender.reset(this.id, code);
    this.#close();
  }

  #close(): void {
    if (this.#state === CLOSED) return;
    this.#state = CLOSED;
    this.#lastHandler = this.#handler;
    this.#handler = undefined;
    this.#head = undefined;
    this.body.clear();
    this.#connection.context.limits.remove(this.limit);
    this.#connection.streamEnded(this);
  }
}
