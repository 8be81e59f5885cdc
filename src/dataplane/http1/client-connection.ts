import { stackOf } from '../../errors.ts';
import { unmapAddress } from '../../formats/address-ranges.ts';
import { COUNTER } from '../../observe/counters.ts';
import type { FailureReason } from '../failures/failures.ts';
import type { FailureDetail, Upstream } from '../pipeline/ports.ts';
import { type PartialHead, SMALL_BYTES } from '../transport/client-memory.ts';
import { Inlet } from '../transport/read-buffers.ts';
import { Stash } from '../transport/stash.ts';
import { Timed } from '../transport/timer-wheel.ts';
import type { OpenTransport, Transport, TransportOwner } from '../transport/transport.ts';
import type { ClientContext } from './client-context.ts';
import { plainForwarded } from './compose-request.ts';
import { Http1Downstream, type RequestConnection } from './downstream.ts';
import { persists } from './persistence.ts';
import { isEmptyLines, type RequestHead, requestLineOf } from './request-head.ts';

/** Between requests, or before the first byte of the first. */
const IDLE = 0;
/** Part of a head has come. */
const READING = 1;
/** From a complete head to the end of request and response. */
const BUSY = 2;
const TUNNEL = 3;
/** No more is written. Until the last bytes have gone out, and FIN behind them, what the client sends is thrown away. */
const ENDING = 4;
/** FIN is sent; what the client still sends is thrown away. */
const LINGERING = 5;
const CLOSED = 6;

/** nginx's name for each state; the ones beyond count as writing. */
const GAUGES = [COUNTER.waiting, COUNTER.reading, COUNTER.writing] as const;

/**
 * When so much has come before its turn, a further request or a body whose upstream is not there yet, no more is read: it waits
 * in the kernel.
 */
const MAX_WAITING_BYTES = 4 * 1024;

/** A client's connection: a state machine that reads requests one after the other, and hands each to its exchange. */
export class ClientConnection extends Timed implements TransportOwner, PartialHead, RequestConnection {
  readonly peer: string;
  readonly inlet: Inlet;
  readonly transport: Transport;
  readonly plainForwarded: string;
  ownUpstreams: Upstream[] | undefined;
  /** Bytes that came behind a head have not been read yet. */
  hasMore = false;
  /** Requests begun. */
  requests = 0;
  readonly #context: ClientContext;
  readonly #request: Http1Downstream;
  #state = IDLE;
  #head: RequestHead | undefined;
  /** Bytes that cannot be read yet: part of a head, a pipelined request, a body that waits for its upstream. */
  readonly #stash: Stash;
  /** Within consume(): a request that ends at once must not begin the next one from inside. */
  #isConsuming = false;
  /** While it ends: bytes of the client came, or are to be expected. */
  #mayLinger = false;

  constructor(context: ClientContext, open: OpenTransport) {
    super();
    this.#context = context;
    this.inlet = new Inlet(context.buffers);
    this.#stash = new Stash(context.stashes);
    this.transport = open(this);
    this.peer = unmapAddress(this.transport.peerAddress);
    this.plainForwarded = plainForwarded(this.peer);
    this.#request = new Http1Downstream(this, downstream => context.exchangeOf(downstream));
    const { counters } = context.context;
    counters.add('handled', 1);
    counters.add('active', 1);
    counters.add('waiting', 1);
    context.limits.head(this);
    this.transport.resume();
  }

  /** The engine drains: the next answer is the last, and none is waited for much longer. */
  drain(): void {
    if (this.#state === IDLE) this.#context.limits.idle(this, true);
  }

  /** @param error why, as far as that is known @param reason why this side ends it */
  destroy(error = '', reason?: FailureReason): void {
    if (this.#state === CLOSED) return;
    const { counters } = this.#context.context;
    const state = this.#state;
    this.#state = CLOSED;
    counters.addTo(GAUGES[state] ?? COUNTER.writing, -1);
    counters.add('active', -1);
    try {
      if (state >= BUSY) this.#request.handler.abandon(reason, error);
    } finally {
      // Whatever bug the request met: the connection is gone.
      for (const upstream of [...(this.ownUpstreams ?? [])]) upstream.destroy();
      this.#releaseHead();
      this.#stash.clear();
      this.inlet.release();
      this.#context.limits.remove(this);
      this.transport.destroy();
      this.#context.clientGone(this);
    }
  }

  override crashed(error: unknown): void {
    const stack = stackOf(error);
    this.#isConsuming = false;
    try {
      if (this.#request.handler.endCrashed(stack)) return;
      if (this.#state === READING) this.#reject('internal', this.#stashedLine(), stack);
      else this.#drop(error);
    } catch (second) {
      // The bug is in what answers, or ends.
      this.#drop(second);
    }
  }

  /** Ends it without a word. */
  #drop(bug: unknown): void {
    this.#context.context.failures.reportBug(bug);
    try {
      this.destroy();
    } catch {
      // A bug has been reported already, and the socket is closed.
    }
  }

  override timedOut(): void {
    if (this.#context.limits.isRenewed(this)) return;
    if (this.#state === READING) {
      this.#reject('client_header_timeout', this.#stashedLine());
    } else if (this.#state === BUSY && !this.isBlocked) {
      // Its body does not come.
      this.#request.handler.fail('client_body_timeout');
    } else if (this.#state === IDLE) {
      this.#close(false);
    } else if (this.#state === TUNNEL) {
      this.destroy('', 'tunnel_idle_timeout');
    } else {
      this.destroy('', this.isBlocked ? 'client_send_timeout' : 'client_body_timeout');
    }
  }

  get limit(): Timed {
    return this;
  }

  get isBlocked(): boolean {
    return this.transport.isBlocked;
  }

  takesSome(): boolean {
    return this.transport.takesSome();
  }

  // What the request under way asks of it.

  mayPersist(head: RequestHead, isRequestComplete: boolean): boolean {
    const { context, isDraining } = this.#context;
    return !isDraining && persists(head, context.state.settings, this.requests, isRequestComplete);
  }

  /** Reads no more until readOn(). */
  pause(): void {
    this.transport.pause();
  }

  /** Reads what is stashed, if its turn has come, and goes on to read from the client. */
  readOn(): void {
    if (this.#isConsuming) return;
    const { bytes } = this.#stash;
    if (bytes !== undefined) this.#consume(bytes);
    if (this.#state !== CLOSED && !this.#isFull) this.transport.resume();
  }

  becomeTunnel(): void {
    this.#state = TUNNEL;
    this.transport.resume();
    const { bytes } = this.#stash;
    if (bytes === undefined) return;
    this.#request.readTunnel(bytes, bytes.length);
    this.#stash.clear();
  }

  requestEnded(isLast: boolean): void {
    this.#releaseHead();
    if (isLast) {
      this.#close(!this.#request.isRequestComplete || (!this.#isConsuming && this.#stash.size > 0));
      return;
    }
    this.#setState(IDLE);
    this.#context.limits.idle(this, this.#context.isDraining);
    this.readOn();
  }

  /** Its head is in the way of others. */
  giveWay(): void {
    if (this.#state === READING) this.#reject('memory_exhausted', this.#stashedLine());
  }

  /** A response or a tunnel is cut: what was written of it still goes out. */
  endSoon(): void {
    if (this.transport.isEmpty) this.destroy();
    else if (this.#state < ENDING) this.#close(false);
  }

  // Bytes from the client.

  readBuffer(): Buffer {
    const isBody = this.#state === TUNNEL || (this.#state === BUSY && this.#request.handler.takesBody);
    // A connection on hold keeps no buffer of its own.
    return this.inlet.next(isBody && !this.transport.isPaused);
  }

  read(bytes: Buffer, size: number): boolean {
    if (this.#state >= ENDING) {
      this.#mayLinger = true;
      return true;
    }
    this.#request.receivedBytes += size;
    this.inlet.lastSize = size;
    if (this.#state === TUNNEL) this.#request.readTunnel(bytes, size);
    else if (this.#stash.size === 0) this.#consume(bytes, size);
    else this.#consume(this.#stash.append(bytes, size));
    return true;
  }

  /** Reads as many requests as it can. What it cannot read yet is kept: another read may overwrite the bytes. */
  #consume(bytes: Buffer, end = bytes.length): void {
    try {
      this.#consumeSome(bytes, end);
    } catch (error) {
      // The bytes may come out of a stash, on behalf of another connection.
      this.crashed(error);
    }
  }

  #consumeSome(bytes: Buffer, end: number): void {
    this.#isConsuming = true;
    let at = 0;
    while (at < end && this.#state <= BUSY) {
      const next = this.#readSome(bytes, at, end);
      if (next < 0) break;
      at = next;
    }
    this.#isConsuming = false;
    this.hasMore = at < end;
    if (this.#state >= ENDING) {
      if (at < end) this.#mayLinger = true;
    } else if (at === end) {
      this.#stash.clear();
    } else {
      this.#stash.keep(bytes, at, end);
      if (this.#state === READING && end - at > SMALL_BYTES) this.#context.memory.headBegan(this);
      else if (this.#isFull) this.pause();
    }
  }

  /** @returns the place after what was used of the bytes, or -1 when nothing more can be */
  #readSome(bytes: Buffer, at: number, end: number): number {
    if (this.#state === BUSY) {
      // A request behind another, or a body before its upstream.
      return this.#request.handler.takesBody ? this.#request.readBody(bytes, at, end) : -1;
    }
    if (this.#state === IDLE) {
      // A client that does not read its answers gets no more of them: they would be kept here.
      if (this.isBlocked) return -1;
      // RFC 9112 section 2.2: a client may send an empty line behind a body, and that is no request.
      if (isEmptyLines(bytes, at, end)) return -1;
      this.#beginHead();
    }
    return this.#readHead(bytes, at, end);
  }

  /** Reading goes on while bytes are kept, so that a client that leaves is noticed, but no further than this. */
  get #isFull(): boolean {
    const { pieceBytes } = this.#context.memory;
    return this.#state !== READING && this.#stash.size >= Math.min(MAX_WAITING_BYTES, pieceBytes);
  }

  /** As {@link #readSome}. */
  #readHead(bytes: Buffer, start: number, end: number): number {
    const head = this.#head as RequestHead;
    const outcome = head.read(bytes, start, end);
    if (outcome === false) return -1;
    const { memory, heads } = this.#context;
    if (this.#stash.size > SMALL_BYTES) memory.headEnded(this);
    if (outcome !== true) {
      this.#reject(outcome, requestLineOf(bytes, start, end), () => head.faultPlace(bytes, start, end));
      return -1;
    }
    if (!heads.keepText(head)) {
      this.#reject('memory_exhausted', requestLineOf(bytes, start, end));
      return -1;
    }
    this.#setState(BUSY);
    this.requests += 1;
    const next = start + head.length;
    this.hasMore = next < end;
    this.#request.begin(head);
    return next;
  }

  #stashedLine(): string {
    return requestLineOf(this.#stash.bytes ?? Buffer.alloc(0));
  }

  #beginHead(): void {
    const { context, limits, heads } = this.#context;
    this.#setState(READING);
    context.counters.addTo(COUNTER.requests, 1);
    this.#head = heads.take(context.state.settings.underscoresInHeaders);
    limits.head(this);
  }

  /** What came is no request, or too little of one in too long a time. */
  #reject(reason: FailureReason, line: string, detail: FailureDetail = ''): void {
    this.#releaseHead();
    this.#setState(BUSY);
    this.#request.refuse(reason, line, detail);
  }

  /**
   * Ends the connection when what was written has gone out. Bytes that come in after FIN would make the kernel reset the
   * connection, which may take the last response from the client (RFC 9112 section 9.6): where some may come, they are read
   * for a while and thrown away.
   */
  #close(mayLinger: boolean): void {
    this.#setState(ENDING);
    this.#mayLinger = mayLinger;
    this.#stash.clear();
    this.#context.limits.ending(this);
    this.transport.end(() => this.#finSent());
    this.transport.resume();
  }

  #finSent(): void {
    if (this.#state !== ENDING) return;
    if (this.#mayLinger) {
      this.#setState(LINGERING);
      this.#context.limits.lingering(this);
    } else {
      this.destroy();
    }
  }

  /** The client has sent FIN. A client that leaves does that, too: nginx's 499. */
  ended(): void {
    if (this.#state === TUNNEL) this.#request.handler.clientEndedTunnel();
    else if (this.transport.isEmpty || (this.#state !== IDLE && this.#state !== ENDING)) this.destroy();
    else if (this.#state === IDLE) this.#close(false);
    // While a complete answer still goes out, nothing more can come that would need lingering.
    else this.#mayLinger = false;
  }

  closed(error = ''): void {
    this.destroy(error);
  }

  writeFailed(): void {
    this.destroy();
  }

  drained(): void {
    if (this.#state === BUSY || this.#state === TUNNEL) {
      this.#request.handler.clientDrained();
    } else if (this.#state === IDLE) {
      this.readOn();
    }
  }

  #releaseHead(): void {
    const head = this.#head;
    if (head === undefined) return;
    const { memory, heads } = this.#context;
    this.#head = undefined;
    if (this.#stash.size > SMALL_BYTES) memory.headEnded(this);
    if (heads.isLong(head)) this.#request.handler.forget();
    heads.giveBack(head);
  }

  #setState(state: number): void {
    const { counters } = this.#context.context;
    counters.addTo(GAUGES[this.#state] ?? COUNTER.writing, -1);
    counters.addTo(GAUGES[state] ?? COUNTER.writing, 1);
    this.#state = state;
  }
}
