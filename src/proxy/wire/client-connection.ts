import type { Socket } from 'node:net';
import { codeOf } from '../../errors.ts';
import { unmapAddress } from '../../formats/address-ranges.ts';
import { COUNTER } from '../../observe/counters.ts';
import type { FailureReason } from '../failures/failures.ts';
import type { OpenSocket } from './accept.ts';
import { plainForwarded } from './compose-request.ts';
import { Exchange } from './exchange.ts';
import type { FailureDetail } from './exchange-record.ts';
import { Outlet } from './outlet.ts';
import { Inlet } from './read-buffers.ts';
import { RequestHead } from './request-head.ts';
import type { SocketReader } from './socket-reader.ts';
import { Timed } from './timer-wheel.ts';
import type { UpstreamConnection } from './upstream-connection.ts';
import type { Wire } from './wire.ts';

/** Between requests, or before the first byte of the first. */
const IDLE = 0;
/** Part of a head has come. */
const READING = 1;
/** From a complete head to the end of request and response. */
const BUSY = 2;
const TUNNEL = 3;
/** FIN is sent; what the client still sends is thrown away. */
const LINGERING = 4;
const CLOSED = 5;

/** nginx's name for each state; the ones beyond count as writing. */
const GAUGES = [COUNTER.waiting, COUNTER.reading, COUNTER.writing, COUNTER.writing, COUNTER.writing] as const;

/** A burst of connections is no reason to keep their heads for ever. */
const MAX_SPARE_HEADS = 256;

/** Bytes of further requests, or of a body, that are read before their turn. */
const MAX_WAITING_BYTES = 64 * 1024;

/** How long a client is listened to after its last response, so that it can read it before the connection is reset. */
const LINGERING_MS = 5_000;

/** A client's connection: a state machine that reads requests one after the other, each into its exchange. */
export class ClientConnection extends Timed implements SocketReader {
  readonly peer: string;
  readonly inlet: Inlet;
  /** What the upstreams are told of a client that no proxy speaks for. */
  readonly plainForwarded: string;
  /** Idle connections to upstreams that serve this client alone; undefined until there is one. They end with it. */
  ownUpstreams: UpstreamConnection[] | undefined;
  /** Requests begun. */
  requests = 0;
  readonly #wire: Wire;
  readonly #socket: Socket;
  readonly #outlet: Outlet;
  readonly #exchange: Exchange;
  #state = IDLE;
  #head: RequestHead | undefined;
  /** Bytes that cannot be read yet: part of a head, a pipelined request, a body that waits for its upstream. */
  #stash: Buffer | undefined;
  /** Within consume(): a request that ends at once must not begin the next one from inside. */
  #isConsuming = false;

  constructor(wire: Wire, open: OpenSocket) {
    super();
    this.#wire = wire;
    this.inlet = new Inlet(wire.buffers);
    const socket = open(this);
    this.#socket = socket;
    this.peer = unmapAddress(socket.remoteAddress ?? '');
    this.plainForwarded = plainForwarded(this.peer);
    this.#exchange = new Exchange(wire, this);
    this.#outlet = new Outlet(socket, () => this.#drained());
    socket.on('end', () => this.#ended());
    socket.on('error', error => this.destroy(codeOf(error)));
    socket.on('close', () => this.destroy());
    const { counters, state } = wire.context;
    counters.add('handled', 1);
    counters.add('active', 1);
    counters.add('waiting', 1);
    wire.wheel.set(this, state.settings.clientHeaderTimeout);
    // Only a stream that flows says that it has ended.
    socket.resume();
  }

  /** The engine drains: the next answer is the last, and none is waited for much longer. */
  drain(): void {
    if (this.#state === IDLE) this.#awaitRequest();
  }

  /** @param error why, as far as that is known */
  destroy(error = ''): void {
    if (this.#state === CLOSED) return;
    const { counters } = this.#wire.context;
    const state = this.#state;
    this.#state = CLOSED;
    counters.addTo(GAUGES[state] ?? COUNTER.writing, -1);
    counters.add('active', -1);
    if (state === BUSY || state === TUNNEL) this.#exchange.abandon(error);
    for (const upstream of [...(this.ownUpstreams ?? [])]) upstream.destroy();
    this.#releaseHead();
    this.#stash = undefined;
    this.inlet.release();
    this.#wire.wheel.remove(this);
    this.#socket.destroy();
    this.#wire.clientGone(this);
  }

  override timedOut(): void {
    if (this.#state === READING) {
      this.#reject('client_header_timeout', this.#stash?.toString('latin1') ?? '');
    } else if (this.#state === BUSY && !this.isBlocked && !this.#exchange.isAnswered) {
      // Its body does not come.
      this.#exchange.fail('client_body_timeout');
    } else if (this.#state === IDLE) {
      this.#endIdle();
    } else {
      if (this.#state === TUNNEL) this.#exchange.record.fail('tunnel_idle_timeout');
      else this.#exchange.record.fail(this.isBlocked ? 'client_send_timeout' : 'client_body_timeout');
      this.destroy();
    }
  }

  // What the exchange asks of it.

  /** The client takes no more bytes for now. */
  get isBlocked(): boolean {
    return this.#outlet.isBlocked;
  }

  write(text: string): void {
    this.#outlet.writeText(text);
  }

  /** @param sent called when the bytes are not needed any more */
  writeBytes(bytes: Uint8Array, sent: () => void): void {
    this.#outlet.writeBytes(bytes, sent);
  }

  /** Reads no more until readOn(). */
  hold(): void {
    this.#socket.pause();
  }

  readOn(): void {
    // What is stashed of a head waits for more bytes; anything else stashed waits for something else.
    if ((this.#stash === undefined || this.#state === READING) && this.#socket.isPaused()) this.#socket.resume();
  }

  takeStash(): Buffer | undefined {
    const stash = this.#stash;
    this.#stash = undefined;
    return stash;
  }

  /** Reads on in bytes that had been taken out of the stash. */
  giveBack(bytes: Buffer): void {
    this.#consume(bytes);
  }

  becomeTunnel(): void {
    this.#state = TUNNEL;
    this.readOn();
  }

  /** Request and response are over. @param isLast the connection ends with them */
  exchangeEnded(isLast: boolean): void {
    this.#releaseHead();
    if (isLast) {
      this.#close();
      return;
    }
    this.#setState(IDLE);
    this.#awaitRequest();
    if (this.#isConsuming) return;
    const stash = this.takeStash();
    if (stash !== undefined) this.#consume(stash);
    this.readOn();
  }

  /** What was written still goes out; then the connection ends, and a response without end shows as such. */
  endSoon(): void {
    if (this.#outlet.isEmpty) {
      this.destroy();
      return;
    }
    this.#wire.wheel.set(this, this.#wire.context.state.settings.sendTimeout);
    this.#socket.destroySoon();
  }

  /**
   * A connection that was not announced to end may have its next request on its way, which a close would lose (RFC 9112
   * section 9.5). While draining it is closed only after it has been silent for as long as it took everybody else to notice.
   */
  #awaitRequest(): void {
    const { isDraining, wheel, context } = this.#wire;
    const { keepaliveTimeout, shutdownDelay } = context.state.settings;
    wheel.set(this, isDraining ? Math.min(keepaliveTimeout, shutdownDelay) : keepaliveTimeout);
  }

  /** The exchange is over, but a slow reader may not have got all of its answer yet. */
  #endIdle(): void {
    if (!this.#outlet.isEmpty) this.#setState(BUSY);
    this.endSoon();
  }

  // Bytes from the client.

  readBuffer(): Buffer {
    return this.inlet.next(this.#state === TUNNEL || (this.#state === BUSY && this.#exchange.takesBody));
  }

  read(bytes: Buffer, size: number): boolean {
    if (this.#state >= LINGERING) return true;
    this.#exchange.record.requestBytes += size;
    this.inlet.lastSize = size;
    const stash = this.takeStash();
    if (this.#state === TUNNEL) this.#exchange.tunnelFromClient(bytes, size);
    else if (stash === undefined) this.#consume(bytes, size);
    else this.#consume(Buffer.concat([stash, bytes.subarray(0, size)]));
    return true;
  }

  /** Reads as many requests as it can. What it cannot read yet is kept. */
  #consume(bytes: Buffer, end = bytes.length): void {
    this.#isConsuming = true;
    let at = 0;
    while (at < end && this.#state <= BUSY) {
      if (this.#state === BUSY) {
        if (!this.#exchange.takesBody) {
          // A request behind another, or a body before its upstream.
          this.#keepWaiting(bytes, at, end);
          break;
        }
        at = this.#exchange.readBody(bytes, at, end);
      } else if (this.#state === IDLE && this.isBlocked) {
        // Who does not read its answers gets no more of them: they would be kept here.
        this.#keepWaiting(bytes, at, end);
        break;
      } else {
        const next = this.#readHead(bytes, at, end);
        if (next < 0) break;
        at = next;
      }
    }
    this.#isConsuming = false;
  }

  /** @returns the place after what was used of the bytes, or -1 when nothing more can be */
  #readHead(bytes: Buffer, start: number, end: number): number {
    if (this.#state === IDLE) this.#beginHead();
    const head = this.#head as RequestHead;
    const outcome = head.read(bytes, start, end);
    if (outcome === true) {
      this.#setState(BUSY);
      this.requests += 1;
      return this.#exchange.begin(head, bytes, start + head.length, end);
    }
    if (outcome === false) this.#keep(bytes, start, end);
    else this.#reject(outcome, bytes.toString('latin1', start, end), () => head.faultPlace(bytes, start, end));
    return -1;
  }

  /** Another read may overwrite the bytes: what is kept of them is a copy. */
  #keep(bytes: Buffer, start: number, end: number): void {
    this.#stash = Buffer.from(bytes.subarray(start, end));
  }

  /**
   * Keeps bytes whose turn has not come. Reading goes on meanwhile, so that a client that leaves is noticed, but only up to a
   * limit: it would else be the memory.
   */
  #keepWaiting(bytes: Buffer, start: number, end: number): void {
    this.#keep(bytes, start, end);
    if (end - start >= MAX_WAITING_BYTES) this.hold();
  }

  #beginHead(): void {
    const { context, wheel, spareHeads } = this.#wire;
    const { settings } = context.state;
    this.#setState(READING);
    context.counters.addTo(COUNTER.requests, 1);
    const head = spareHeads.pop() ?? new RequestHead();
    head.reset();
    head.keepsUnderscores = settings.underscoresInHeaders;
    this.#head = head;
    wheel.set(this, settings.clientHeaderTimeout);
  }

  /** What came is no request, or too little of one in too long a time. */
  #reject(reason: FailureReason, bytes: string, detail: FailureDetail = ''): void {
    this.#releaseHead();
    this.#setState(BUSY);
    this.#exchange.reject(reason, /^(?:\r\n)*([^\r\n]*)/.exec(bytes)?.[1] ?? '', detail);
  }

  /**
   * Sends FIN. Bytes still coming in would then make the kernel reset the connection, which may take the last response from
   * the client (RFC 9112 section 9.6): where some may come, they are read for a while and thrown away.
   */
  #close(): void {
    const isRead = this.#exchange.isRequestComplete && this.#stash === undefined;
    const { sendTimeout } = this.#wire.context.state.settings;
    this.#state = LINGERING;
    this.#stash = undefined;
    this.#wire.wheel.set(this, isRead ? sendTimeout : LINGERING_MS);
    if (isRead) this.#socket.destroySoon();
    else this.#socket.end();
    this.#socket.resume();
  }

  /** The client has sent FIN. Whoever leaves does that, too: nginx's 499. */
  #ended(): void {
    if (this.#state === TUNNEL) this.#exchange.endTunnel();
    else this.destroy();
  }

  #drained(): void {
    if (this.#state === BUSY || this.#state === TUNNEL) {
      this.#exchange.clientDrained();
    } else if (this.#state === IDLE) {
      const stash = this.takeStash();
      if (stash !== undefined) this.#consume(stash);
      this.readOn();
    }
  }

  #releaseHead(): void {
    const head = this.#head;
    this.#head = undefined;
    if (head === undefined || this.#wire.spareHeads.length >= MAX_SPARE_HEADS) return;
    head.text = '';
    this.#wire.spareHeads.push(head);
  }

  #setState(state: typeof IDLE | typeof READING | typeof BUSY): void {
    const { counters } = this.#wire.context;
    counters.addTo(GAUGES[this.#state] ?? COUNTER.writing, -1);
    counters.addTo(GAUGES[state], 1);
    this.#state = state;
  }
}
