import type { ConnectionKeeper, PooledConnection, UpstreamPool } from '../clusters/upstream-pool.ts';
import type {
  BodyPiece,
  ClientIdentity,
  ConnectionLimits,
  OutgoingRequest,
  Upstream,
  UpstreamHandler,
} from '../pipeline/ports.ts';
import { type Timed, TimeLimit } from '../runtime/timer-wheel.ts';
import { Inlet, type ReadBuffers } from '../transport/read-buffers.ts';
import type { OpenTransport, Transport } from '../transport/transport.ts';
import { composeRequest } from './compose-request.ts';
import { writePiece } from './framing.ts';
import { ResponseReader, type ResponseReaderContext } from './response-reader.ts';

/** What one read brings of a response whose head has not been read: a client may take nothing of its body. */
const FIRST_READ_BYTES = 48 * 1024;

const IDLE = 0;
const BUSY = 1;
const CLOSED = 2;

/** What the upstream connections of a worker share. */
export interface UpstreamContext extends ResponseReaderContext {
  readonly buffers: ReadBuffers;
  readonly limits: ConnectionLimits;
  readonly pools: ConnectionKeeper;
  /** A bug that is no request's. */
  reportBug(error: unknown): void;
}

/** A connection to an upstream that speaks HTTP/1.1: encodes requests, and hands what comes to its response reader. */
export class UpstreamConnection implements PooledConnection, Timed {
  readonly pool: UpstreamPool;
  readonly endpoint: Upstream['endpoint'];
  home: Upstream[];
  readonly retireAt: number;
  readonly limit = new TimeLimit(this);
  served = 0;
  idleSince = 0;
  index = 0;
  readonly #context: UpstreamContext;
  readonly #inlet: Inlet;
  readonly #reader: ResponseReader;
  #transport: Transport | undefined;
  #state = IDLE;
  #handler: UpstreamHandler | undefined;
  /** The one it was destroyed with: it learns of the end in the same callback. */
  #lastHandler: UpstreamHandler | undefined;
  /** The head of the request, while it waits for the first piece of the body. */
  #dueHead = '';
  #sendsChunks = false;
  /** The whole request has been written. */
  #isSent = true;
  /** What the transport had sent when the request began. */
  #sentBefore = 0;

  constructor(context: UpstreamContext, pool: UpstreamPool, retireAt: number) {
    this.#context = context;
    this.#inlet = new Inlet(context.buffers);
    this.#reader = new ResponseReader(context, this.#inlet, isClean => this.#complete(isClean));
    this.pool = pool;
    this.endpoint = pool.endpoint;
    this.home = pool.idle;
    this.retireAt = retireAt;
  }

  get keepAliveMs(): number {
    return this.#reader.keepAliveMs;
  }

  get isReusable(): boolean {
    return this.#state === IDLE && !this.pool.isRetired && this.#transport?.isOpen === true && !this.#isBroken;
  }

  get isUnsent(): boolean {
    return this.#transport?.sentBytes === this.#sentBefore;
  }

  get isBlocked(): boolean {
    return this.#transport?.isBlocked ?? false;
  }

  takesSome(): boolean {
    return this.#transport?.takesSome() ?? false;
  }

  attach(open: OpenTransport): void {
    this.#transport = open(this);
    this.#transport.resume();
  }

  send(request: OutgoingRequest, handler: UpstreamHandler, bodyFollows: boolean): void {
    const { head } = request;
    this.#handler = handler;
    this.#state = BUSY;
    this.#sendsChunks = head.isChunked;
    this.#sentBefore = this.#transport?.sentBytes ?? 0;
    this.#isSent = !head.isChunked && head.contentLength <= 0;
    this.#reader.begin(head.method === 'HEAD');
    // The idle limit is over; the exchange sets its own.
    this.#context.limits.none(this.limit);
    const text = composeRequest(request);
    if (bodyFollows) this.#dueHead = text;
    else this.#transport?.writeSoon(text);
  }

  write(piece: BodyPiece): boolean {
    const head = this.#dueHead;
    this.#dueHead = '';
    if (piece.isLast) this.#isSent = true;
    const isFinal = piece.isLast || this.#reader.isTunnel;
    if (this.#transport !== undefined) writePiece(this.#transport, head, piece, this.#sendsChunks, isFinal);
    return !this.isBlocked;
  }

  resume(): void {
    this.#transport?.resume();
  }

  keepFor(client: ClientIdentity): void {
    client.ownUpstreams ??= [];
    this.home = client.ownUpstreams;
  }

  release(): void {
    this.#state = IDLE;
    this.#context.pools.release(this);
  }

  becomeIdle(): void {
    this.#handler = undefined;
    this.#reader.clear();
  }

  endSoon(): void {
    this.#transport?.endSoon();
  }

  halfClose(): void {
    this.#transport?.end(() => undefined);
  }

  destroy(): void {
    if (this.#state === CLOSED) return;
    const wasIdle = this.#state === IDLE;
    this.#state = CLOSED;
    this.#lastHandler = this.#handler;
    this.#handler = undefined;
    this.#inlet.release();
    this.#reader.clear();
    this.#context.limits.remove(this.limit);
    this.#transport?.destroy();
    this.#context.pools.forget(this, wasIdle);
  }

  crashed(error: unknown): void {
    const handler = this.#handler ?? this.#lastHandler;
    this.destroy();
    if (handler === undefined) this.#context.reportBug(error);
    else handler.crashed(error);
  }

  timedOut(): void {
    if (this.#state === IDLE) this.destroy();
    else if (this.#context.limits.isRenewed(this)) return;
    else if (!this.#reader.awaitsHead) this.#handler?.fail('response_cut_by_timeout');
    else this.#handler?.fail(this.isBlocked ? 'upstream_send_timeout' : 'upstream_read_timeout');
  }

  drained(): void {
    this.#handler?.upstreamDrained();
  }

  /** What the upstream answered before it went can still be read. */
  writeFailed(): void {}

  readBuffer(): Buffer {
    const handler = this.#handler;
    if (handler === undefined || this.#reader.awaitsHead) return this.#inlet.next(false, FIRST_READ_BYTES);
    // While the client takes nothing, no buffer waits for what it would get next.
    return this.#inlet.next(!handler.isBlocked, handler.room);
  }

  read(bytes: Buffer, size: number): boolean {
    const handler = this.#handler;
    this.#inlet.lastSize = size;
    if (handler === undefined) {
      // No request is under way: these bytes would be taken for the response to the next one.
      this.destroy();
      return true;
    }
    this.#reader.read(handler, bytes, size);
    // The response may be complete by now, and the connection may serve another exchange.
    return this.#handler === undefined || !this.#handler.isBlocked;
  }

  /** A write has failed. An answer that came before can still be read. */
  get #isBroken(): boolean {
    return this.#transport?.isBroken ?? false;
  }

  /** @param isClean no byte came after the response */
  #complete(isClean: boolean): void {
    // Its handler may have destroyed it with the last piece.
    if (this.#state === CLOSED) return;
    const handler = this.#handler;
    const isReleased = this.#reader.isReusable && isClean && this.#isSent;
    this.#handler = undefined;
    // After an early answer, what the exchange still sends has nowhere to go.
    if (isReleased) this.release();
    else this.destroy();
    // The next request of the client may begin in here, and on this very connection.
    try {
      handler?.responseComplete();
    } catch (error) {
      handler?.crashed(error);
    }
  }

  /** The upstream has sent FIN. */
  ended(): void {
    const handler = this.#handler;
    // When a write has failed with a reset, the kernel reports the end of the received bytes as if FIN had come. A response that only
    // FIN ends is then incomplete. A tunnel ends in both cases.
    const mayEnd = this.#reader.isTunnel || !this.#isBroken;
    if (handler !== undefined && mayEnd && this.#reader.end(handler)) return;
    this.closed(this.#isBroken ? 'ECONNRESET' : undefined);
  }

  closed(error: string | undefined): void {
    if (this.#state === CLOSED) return;
    const handler = this.#handler;
    const { awaitsHead, hasBegun } = this.#reader;
    if (this.#state === IDLE) this.#context.pools.closedIdle(this);
    this.destroy();
    if (handler === undefined) return;
    if (awaitsHead) handler.upstreamBroken(hasBegun, error);
    else handler.fail(error === undefined ? 'response_cut_by_close' : 'response_cut_by_reset', error);
  }
}
