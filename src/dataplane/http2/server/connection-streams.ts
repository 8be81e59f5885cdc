import type { FailureReason } from '../../../failures/failures.ts';
import { COUNTER } from '../../../observe/counters.ts';
import type { ClientPort, TlsSession } from '../../pipeline/known-client.ts';
import type { ClientIdentity, Downstream, DownstreamHandler, Upstream } from '../../pipeline/ports.ts';
import { DEFAULT_WINDOW, FLOW_CONTROL_ERROR, Http2Error, MAX_INT31 } from '../frames.ts';
import type { HpackEncoder } from '../hpack/encoder.ts';
import type { Outbox } from '../outbox.ts';
import { StreamMap } from '../stream-map.ts';
import type { ClientStream, StreamConnection } from './client-stream.ts';
import { ClosedStreams, ENDED, RESET_BY_CLIENT, RESET_BY_US } from './closed-streams.ts';
import { Misbehaviour } from './misbehaviour.ts';
import { priorityOf } from './priority.ts';
import { SendQueue } from './send-queue.ts';
import type { Http2Context } from './server-context.ts';

/** Heads of answers that wait for a client that does not read. */
const MAX_BLOCKED_HEAD_BYTES = 256 * 1024;

/** Whose streams they are. */
export interface StreamsOwner extends Pick<ClientIdentity, 'peer' | 'tls' | 'port' | 'plainForwarded'> {
  readonly outbox: Outbox;
  /** Whether the kernel has taken some of what waits for it. */
  takesSome(): boolean;
  /** The client costs too much, by what it does to its streams. */
  tooMuch(reason: string): void;
  /** The last stream has ended. */
  streamsEnded(): void;
}

/** The streams of one connection, and what they share: windows, the order of sending, the memory of those that have ended. */
export class ConnectionStreams implements StreamConnection {
  readonly peer: string;
  readonly tls: TlsSession | undefined;
  readonly port: ClientPort | undefined;
  readonly plainForwarded: ClientIdentity['plainForwarded'];
  ownUpstreams: Upstream[] | undefined;
  connects = 0;
  readonly outbox: Outbox;
  readonly encoder: HpackEncoder;
  sendWindow = DEFAULT_WINDOW;
  keptBytes = 0;
  readonly closed = new ClosedStreams();
  readonly misbehaviour = new Misbehaviour();
  /** The largest id of a stream that the client has opened. */
  lastId = 0;
  readonly #context: Http2Context;
  readonly #owner: StreamsOwner;
  readonly #open = new StreamMap<ClientStream>();
  readonly #queue = new SendQueue();
  /** What a new stream may be sent. */
  #initialWindow = DEFAULT_WINDOW;
  #blockedHeadBytes = 0;
  /** When the kernel was last seen to take bytes. */
  #tookAt = 0;
  #isPumping = false;

  constructor(context: Http2Context, owner: StreamsOwner) {
    this.#context = context;
    this.#owner = owner;
    this.peer = owner.peer;
    this.tls = owner.tls;
    this.port = owner.port;
    this.plainForwarded = owner.plainForwarded;
    this.outbox = owner.outbox;
    this.encoder = context.http2.encoder;
  }

  get limits(): Http2Context['limits'] {
    return this.#context.limits;
  }

  get stashes(): Http2Context['stashes'] {
    return this.#context.stashes;
  }

  get memory(): Http2Context['memory'] {
    return this.#context.memory;
  }

  get buffers(): Http2Context['buffers'] {
    return this.#context.buffers;
  }

  get size(): number {
    return this.#open.size;
  }

  get(id: number): ClientStream | undefined {
    return this.#open.get(id);
  }

  /** The client has not opened it. */
  isIdle(id: number): boolean {
    return id > this.lastId || id % 2 === 0;
  }

  /** @param receivedBytes of its head */
  open(stream: ClientStream, id: number, receivedBytes: number): void {
    this.#open.set(id, stream);
    stream.open(this, id, this.#initialWindow, receivedBytes);
  }

  /** Sends what waits and may go. */
  send(): void {
    if (this.#queue.isEmpty || this.#isPumping) return;
    this.#isPumping = true;
    try {
      this.#queue.send(() => !this.outbox.isBlocked && this.sendWindow > 0);
    } finally {
      this.#isPumping = false;
    }
  }

  /** The transport takes bytes again. */
  drained(): void {
    this.#blockedHeadBytes = 0;
    this.send();
  }

  // What the client says of windows and order.

  /** @throws Http2Error for a window beyond what it may be (RFC 9113 section 6.9.2) */
  changeInitialWindow(size: number): void {
    const change = size - this.#initialWindow;
    this.#initialWindow = size;
    if (change === 0) return;
    for (const stream of this.#open.values()) {
      stream.output.window += change;
      if (stream.output.window > MAX_INT31) throw new Http2Error(FLOW_CONTROL_ERROR, 'a window over 2^31-1');
      if (stream.output.isWaiting) this.waits(stream);
    }
  }

  /** @throws Http2Error as {@link changeInitialWindow} */
  widen(increment: number): void {
    this.sendWindow += increment;
    if (this.sendWindow > MAX_INT31) throw new Http2Error(FLOW_CONTROL_ERROR, 'a window over 2^31-1');
  }

  widenStream(stream: ClientStream, increment: number): void {
    const { output } = stream;
    output.window += increment;
    if (output.window > MAX_INT31) stream.reset(FLOW_CONTROL_ERROR);
    else if (output.isWaiting) this.waits(stream);
  }

  prioritise(stream: ClientStream, field: string): void {
    const waited = this.#queue.remove(stream);
    stream.priority = priorityOf(field);
    if (waited) this.#queue.add(stream);
  }

  /** The client has reset a stream. */
  resetByClient(stream: ClientStream): void {
    this.#forget(stream, RESET_BY_CLIENT);
    stream.abandon();
    this.#giveBack(stream);
    this.countEnd('resets streams');
  }

  /** All streams end with the connection. @param reason undefined where the client has left */
  abandonAll(reason: FailureReason | undefined, error: string): void {
    for (const stream of this.#open.values()) {
      this.#forget(stream, RESET_BY_US);
      try {
        stream.abandon(reason, error);
      } catch (bug) {
        this.reportBug(bug);
      }
      this.#giveBack(stream);
    }
  }

  /** A stream has ended early, or was refused. */
  countEnd(reason: string): void {
    if (this.misbehaviour.ended(this.#context.wheel.coarseNow)) this.#owner.tooMuch(reason);
  }

  // What the streams ask.

  exchangeOf(downstream: Downstream): DownstreamHandler {
    return this.#context.exchangeOf(downstream);
  }

  takesSome(withinMs: number): boolean {
    if (!this.outbox.isBlocked) return false;
    const { coarseNow } = this.#context.wheel;
    if (this.#owner.takesSome()) this.#tookAt = coarseNow;
    return coarseNow - this.#tookAt < withinMs;
  }

  waits(stream: ClientStream): void {
    // Without a window of its own it waits for WINDOW_UPDATE, which brings it here again.
    if (stream.output.window > 0 || stream.output.awaitsNoWindow) this.#queue.add(stream);
  }

  sent(size: number, isHead: boolean): void {
    this.misbehaviour.served(size);
    if (!isHead || !this.outbox.isBlocked) return;
    this.#blockedHeadBytes += size;
    if (this.#blockedHeadBytes > MAX_BLOCKED_HEAD_BYTES) this.#owner.tooMuch('asks and does not read the answers');
  }

  ended(stream: ClientStream): void {
    this.#forget(stream, ENDED);
    this.#giveBack(stream);
  }

  reset(stream: ClientStream, code: number): void {
    if (this.#open.get(stream.id) !== stream) return;
    this.outbox.reset(stream.id, code);
    this.#context.counters.addTo(COUNTER.http2ResetsSent, 1);
    this.#forget(stream, RESET_BY_US);
    this.#giveBack(stream);
    this.countEnd('has its streams reset');
  }

  reportBug(error: unknown): void {
    this.#context.reportBug(error);
  }

  #forget(stream: ClientStream, how: number): void {
    this.#queue.remove(stream);
    this.#open.delete(stream.id);
    this.closed.add(stream.id, how);
  }

  #giveBack(stream: ClientStream): void {
    this.#context.http2.streams.giveBack(stream);
    if (this.#open.size === 0) this.#owner.streamsEnded();
  }
}
