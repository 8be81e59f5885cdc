import { DataPiece } from '../../bodies/data-piece.ts';
import type { SharedConnection, UpstreamPool } from '../../clusters/upstream-pool.ts';
import type { Upstream } from '../../pipeline/ports.ts';
import { type Timed, TimeLimit } from '../../runtime/timer-wheel.ts';
import type { OpenTransport, Transport } from '../../transport/transport.ts';
import { Http2Error, NO_ERROR } from '../frames.ts';
import { Outbox } from '../outbox.ts';
import { StreamMap } from '../stream-map.ts';
import type { Http2UpstreamContext } from './context.ts';
import { LOOK_EVERY_MS } from './limits.ts';
import { Liveness } from './liveness.ts';
import { StreamSender } from './stream-sender.ts';
import { type FramedConnection, UpstreamFrames } from './upstream-frames.ts';
import { Http2UpstreamStream, type StreamConnection } from './upstream-stream.ts';

/** A connection to an upstream that speaks HTTP/2: many requests at once, each of them a stream. */
export class Http2UpstreamConnection implements SharedConnection, StreamConnection, FramedConnection, Timed {
  readonly context: Http2UpstreamContext;
  readonly pool: UpstreamPool;
  readonly retireAt: number;
  readonly limit = new TimeLimit(this);
  readonly piece: DataPiece;
  readonly streams = new StreamMap<Http2UpstreamStream>();
  served = 0;
  receivedBytes = 0;
  #transport: Transport | undefined;
  #outbox: Outbox | undefined;
  #sender: StreamSender | undefined;
  readonly #frames: UpstreamFrames;
  readonly #liveness = new Liveness(this);
  /** Streams that are not over; some may have sent nothing yet. */
  #active = 0;
  #isRetired = false;
  #isClosed = false;

  constructor(context: Http2UpstreamContext, pool: UpstreamPool, retireAt: number) {
    this.context = context;
    this.pool = pool;
    this.retireAt = retireAt;
    this.piece = new DataPiece(context.buffers);
    this.#frames = new UpstreamFrames(this);
  }

  get isIdle(): boolean {
    return this.#active === 0;
  }

  get room(): number {
    const transport = this.#transport;
    const isUsable = !this.#isRetired && !this.#isClosed && transport?.isOpen === true && !transport.isBroken;
    return isUsable ? this.pool.streamLimit - this.#active : 0;
  }

  // Both are there from attach() on, and nothing uses them before.

  get sender(): StreamSender {
    return this.#sender as StreamSender;
  }

  get outbox(): Outbox {
    return this.#outbox as Outbox;
  }

  attach(open: OpenTransport): void {
    const transport = open(this);
    const { encoder, outboxBuffers } = this.context.http2;
    const outbox = new Outbox(transport, this, outboxBuffers);
    const scheme = this.pool.protocol.tls === undefined ? 'http' : 'https';
    this.#transport = transport;
    this.#outbox = outbox;
    this.#sender = new StreamSender(transport, outbox, encoder, scheme);
    this.#sender.begin();
    transport.resume();
  }

  begin(): Upstream {
    const { wheel } = this.context;
    if (this.isIdle) wheel.set(this.limit, this.#liveness.begins(wheel.coarseNow));
    this.#active += 1;
    this.served += 1;
    return new Http2UpstreamStream(this, this.served);
  }

  streamBegan(stream: Http2UpstreamStream): void {
    this.streams.set(stream.id, stream);
  }

  streamEnded(stream: Http2UpstreamStream): void {
    this.streams.delete(stream.id);
    this.#sender?.forget(stream);
    this.#active -= 1;
    if (this.#active > 0 || this.#isClosed) return;
    if (this.#isRetired) this.#end();
    else this.context.pools.shared.becameIdle(this);
  }

  retire(): void {
    this.#isRetired = true;
    if (this.#active === 0) this.#end();
  }

  destroy(): void {
    this.#end();
  }

  /** It was idle for long enough, or it is time to see whether the upstream still answers. */
  timedOut(): void {
    if (this.#isRetired) return;
    const { wheel } = this.context;
    // Requests under way have time limits of their own; later ones go on another connection.
    if (this.isIdle || !this.#liveness.look(wheel.coarseNow)) this.retire();
    else wheel.set(this.limit, LOOK_EVERY_MS);
  }

  crashed(error: unknown): void {
    const streams = this.#close();
    if (streams.length === 0) this.context.reportBug(error);
    for (const stream of streams) stream.crashed(error);
  }

  // What the transport calls.

  readBuffer(): Buffer {
    return this.context.buffers.shared(this.context.buffers.pieceBytes);
  }

  /** It always reads on: the window of each stream holds back what its client does not take. */
  read(bytes: Buffer, size: number): boolean {
    this.receivedBytes += size;
    try {
      this.#frames.read(bytes, size);
    } catch (error) {
      if (!(error instanceof Http2Error)) throw error;
      this.#fail(error);
    }
    return true;
  }

  ended(): void {
    this.closed(undefined);
  }

  closed(error: string | undefined): void {
    for (const stream of this.#close()) stream.broken(error);
  }

  drained(): void {
    this.#outbox?.drained();
    this.#sender?.sendWaiting();
  }

  /** What the upstream answered before it went can still be read. */
  writeFailed(): void {}

  /** The upstream breaks the rules. */
  #fail({ code, message }: Http2Error): void {
    const reason = this.#frames.isConfirmed ? 'response_http2_malformed' : 'response_not_http2';
    this.#outbox?.goaway(0, code);
    for (const stream of this.#close()) stream.failed(reason, message);
  }

  /** Ends it, with whatever is under way. */
  #end(): void {
    if (!this.#isClosed) this.#outbox?.goaway(0, NO_ERROR);
    for (const stream of this.#close()) stream.dropped();
  }

  /** @returns the streams that were under way */
  #close(): readonly Http2UpstreamStream[] {
    if (this.#isClosed) return [];
    const streams = this.streams.values();
    this.#isClosed = true;
    this.#isRetired = true;
    this.#frames.stop();
    this.context.limits.remove(this.limit);
    this.#outbox?.writeOut();
    this.#outbox?.discard();
    this.#transport?.destroy();
    this.context.pools.shared.forgetShared(this);
    return streams;
  }
}
