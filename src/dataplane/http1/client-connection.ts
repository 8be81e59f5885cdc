import { stackOf } from '../../errors.ts';
import type { FailureReason } from '../../failures/failures.ts';
import { unmapAddress } from '../../formats/address-ranges.ts';
import { COUNTER } from '../../observe/counters.ts';
import { PreparedForwarded } from '../fields/plain-forwarded.ts';
import type { ClientPort, KnownClient, TlsSession } from '../pipeline/known-client.ts';
import type { Upstream } from '../pipeline/ports.ts';
import { type Timed, TimeLimit } from '../runtime/timer-wheel.ts';
import { GATHERED_BYTES, Inlet, MAX_JOINED_BYTES } from '../transport/read-buffers.ts';
import type { OpenTransport, Transport, TransportOwner } from '../transport/transport.ts';
import type { ClientContext } from './client-context.ts';
import { BUSY, CLOSED, ENDING, gaugeOf, IDLE, LINGERING, READING, TUNNEL } from './client-states.ts';
import { Http1Downstream, type RequestConnection } from './downstream.ts';
import { persists } from './persistence.ts';
import { type RequestHead, requestLineOf } from './request-head.ts';
import { type ReadConnection, RequestReader } from './request-reader.ts';

/** A client's connection: a state machine from its first byte to its end, around the request that is under way. */
export class ClientConnection implements TransportOwner, Timed, RequestConnection, ReadConnection {
  readonly peer: string;
  readonly tls: TlsSession | undefined;
  readonly port: ClientPort | undefined;
  readonly inlet: Inlet;
  readonly transport: Transport;
  readonly limit = new TimeLimit(this);
  readonly plainForwarded: PreparedForwarded;
  readonly request: Http1Downstream;
  ownUpstreams: Upstream[] | undefined;
  connects = 0;
  state = IDLE;
  index = 0;
  mayLinger = false;
  /** Requests whose head was complete. */
  #requests = 0;
  readonly #context: ClientContext;
  readonly #reader: RequestReader;

  constructor(context: ClientContext, open: OpenTransport, { peer, tls, port }: KnownClient) {
    this.#context = context;
    this.tls = tls;
    this.port = port;
    this.inlet = new Inlet(context.buffers, tls === undefined ? MAX_JOINED_BYTES : GATHERED_BYTES);
    this.#reader = new RequestReader(context, this);
    this.transport = open(this);
    this.peer = peer ?? unmapAddress(this.transport.peerAddress);
    this.plainForwarded = new PreparedForwarded(this.peer, tls === undefined ? 'http' : 'https');
    this.request = new Http1Downstream(this, downstream => context.exchangeOf(downstream));
    const { counters } = context;
    counters.addTo(COUNTER.handled, 1);
    counters.addTo(COUNTER.active, 1);
    counters.addTo(COUNTER.waiting, 1);
    context.limits.head(this.limit);
    this.transport.resume();
  }

  /** Refuses what has come on it before it was this connection's. @param bytes of which the log gets the first line */
  refuse(reason: FailureReason, bytes: Buffer): void {
    this.#reader.refuse(reason, '', requestLineOf(bytes));
  }

  // Its end.

  /** The engine drains: an idle connection ends soon, and the next response of any other is its last. */
  drain(): void {
    if (this.state === IDLE) this.#awaitRequest(true);
  }

  /** The next response is the last. */
  get #isDraining(): boolean {
    return this.#context.isDraining || this.port?.isClosed === true;
  }

  /** @param error why, as far as that is known @param reason why this side ends the connection */
  destroy(error = '', reason?: FailureReason): void {
    if (this.state === CLOSED) return;
    const { counters } = this.#context;
    const { state } = this;
    this.state = CLOSED;
    counters.addTo(gaugeOf(state), -1);
    counters.addTo(COUNTER.active, -1);
    try {
      if (state >= BUSY) this.request.handler.abandon(reason, error);
    } finally {
      // Whatever bug the request met: the connection is gone.
      for (const upstream of [...(this.ownUpstreams ?? [])]) upstream.destroy();
      this.#reader.releaseHead();
      this.request.idle();
      this.#reader.clearStash();
      this.inlet.release();
      this.#context.limits.remove(this.limit);
      this.transport.destroy();
      this.#context.clientGone(this);
    }
  }

  crashed(error: unknown): void {
    const stack = stackOf(error);
    this.#reader.isReading = false;
    try {
      if (this.request.handler.endCrashed(stack)) return;
      if (this.state === READING) this.#reader.refuse('internal', stack);
      else this.#destroyCrashed(error);
    } catch (second) {
      // The bug is in the code that answers, or that ends the exchange.
      this.#destroyCrashed(second);
    }
  }

  /** Ends the connection without an answer. */
  #destroyCrashed(bug: unknown): void {
    this.#context.reportBug(bug);
    try {
      this.destroy();
    } catch {
      // A bug has been reported already, and the socket is closed.
    }
  }

  timedOut(): void {
    if (this.#context.limits.isRenewed(this)) return;
    if (this.state === READING) this.#reader.refuse('client_header_timeout');
    else if (this.state === BUSY && !this.isBlocked) this.request.handler.fail('client_body_timeout');
    else if (this.state === IDLE && !this.isBlocked) this.#close(false);
    else if (this.state === TUNNEL) this.destroy('', 'tunnel_idle_timeout');
    else this.destroy('', this.isBlocked ? 'client_send_timeout' : 'client_body_timeout');
  }

  /**
   * Ends the connection when what was written has gone out. Bytes that come in after FIN would make the kernel reset the
   * connection, which may take the last response from the client (RFC 9112 section 9.6): where some may come, they are read
   * for a while and thrown away.
   */
  #close(mayLinger: boolean): void {
    this.enter(ENDING);
    this.mayLinger = mayLinger;
    this.#reader.clearStash();
    this.#context.limits.ending(this.limit);
    this.transport.end(() => this.#finSent());
    this.transport.resume();
  }

  /** Nothing that was read or written waits. */
  get #isAtRest(): boolean {
    return !this.#reader.isReading && !this.#reader.hasStash && this.transport.flush();
  }

  #finSent(): void {
    if (this.state !== ENDING) return;
    if (this.mayLinger) {
      this.enter(LINGERING);
      this.#context.limits.lingering(this.limit);
    } else {
      this.destroy();
    }
  }

  // What the request under way asks of it.

  /** RFC 9113 section 3.3: on TLS, ALPN says what is spoken. */
  get mayBecomeHttp2(): boolean {
    return this.#requests === 0 && this.tls === undefined;
  }

  get isBlocked(): boolean {
    return this.transport.isBlocked;
  }

  takesSome(): boolean {
    return this.transport.takesSome();
  }

  mayPersist(head: RequestHead, isRequestComplete: boolean): boolean {
    const { settings } = this.#context;
    return !this.#isDraining && persists(head, settings, this.#requests, isRequestComplete);
  }

  pause(): void {
    this.transport.pause();
  }

  readOn(): void {
    if (this.#reader.isReading) return;
    this.#reader.readStash();
    if (this.state !== CLOSED && !this.#reader.isFull) this.transport.resume();
  }

  becomeTunnel(): void {
    this.enter(TUNNEL);
    this.transport.resume();
    this.#reader.readTunnel();
  }

  requestEnded(isLast: boolean, isClientsLast: boolean): void {
    this.#reader.releaseHead();
    if (isLast) {
      if (isClientsLast && this.request.isRequestComplete && this.#isAtRest) {
        // Closing sends FIN as well.
        this.enter(ENDING);
        this.destroy();
      } else {
        this.#close(!this.request.isRequestComplete || (!this.#reader.isReading && this.#reader.hasStash));
      }
      return;
    }
    this.enter(IDLE);
    this.#awaitRequest(this.#isDraining);
    this.request.idle();
    this.readOn();
  }

  /** No request is under way: the client has to take the rest of its response, and then to ask for something else. */
  #awaitRequest(isDraining: boolean): void {
    const { limits } = this.#context;
    if (this.isBlocked) limits.ending(this.limit);
    else limits.idle(this.limit, isDraining);
  }

  cut(): void {
    if (this.transport.flush()) this.destroy();
    else if (this.state < ENDING) this.#close(false);
  }

  // What its reader asks of it.

  headBegan(): void {
    this.enter(READING);
    this.#context.limits.head(this.limit);
  }

  enter(state: number): void {
    const { counters } = this.#context;
    counters.addTo(gaugeOf(this.state), -1);
    counters.addTo(gaugeOf(state), 1);
    if (state === BUSY) this.#requests += 1;
    this.state = state;
  }

  becomeHttp2(bytes: Buffer): void {
    const { peer, tls, port, transport } = this;
    const { counters, limits } = this.#context;
    counters.addTo(gaugeOf(this.state), -1);
    counters.add('active', -1);
    counters.add('handled', -1);
    this.state = CLOSED;
    this.inlet.release();
    limits.remove(this.limit);
    const takeOver: OpenTransport = owner => {
      transport.handOver(owner);
      return transport;
    };
    this.#context.speaksHttp2(this, takeOver, { peer, tls, port }, bytes);
    this.#reader.clearStash();
  }

  // What its transport calls.

  readBuffer(): Buffer {
    const isBody = this.state === TUNNEL || (this.state === BUSY && this.request.handler.takesBody);
    // A connection that is paused keeps no buffer of its own.
    return this.inlet.next(isBody && !this.transport.isPaused);
  }

  read(bytes: Buffer, size: number): boolean {
    if (this.state >= ENDING) {
      this.mayLinger = true;
      return true;
    }
    this.request.receivedBytes += size;
    this.inlet.lastSize = size;
    if (this.state === TUNNEL) this.request.readTunnel(bytes, size);
    else this.#reader.read(bytes, size);
    return true;
  }

  /** The client has sent FIN. A client that gives up does that, too: nginx's 499. */
  ended(): void {
    if (this.state === TUNNEL) this.request.handler.clientEndedTunnel(false);
    else if (this.transport.flush() || (this.state !== IDLE && this.state !== ENDING)) this.destroy();
    else if (this.state === IDLE) this.#close(false);
    // While a complete answer still goes out, nothing more can come that would need lingering.
    else this.mayLinger = false;
  }

  closed(error = ''): void {
    this.destroy(error);
  }

  writeFailed(): void {
    this.destroy();
  }

  drained(): void {
    if (this.state === BUSY || this.state === TUNNEL) this.request.handler.clientDrained();
    else if (this.state === IDLE) {
      this.#awaitRequest(this.#isDraining);
      this.readOn();
    }
  }
}
