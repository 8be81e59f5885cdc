import type { Socket } from 'node:net';
import { codeOf, stackOf } from '../../errors.ts';
import { unmapAddress } from '../../formats/address-ranges.ts';
import { COUNTER } from '../../observe/counters.ts';
import type { FailureReason } from '../failures/failures.ts';
import { guarded } from '../guard.ts';
import type { OpenSocket } from './accept.ts';
import { plainForwarded } from './compose-request.ts';
import { Exchange } from './exchange.ts';
import type { FailureDetail } from './exchange-record.ts';
import { Outlet } from './outlet.ts';
import { Inlet } from './read-buffers.ts';
import { isEmptyLines, RequestHead } from './request-head.ts';
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
/** No more is written. Until the last bytes have gone out, and FIN behind them, what the client sends is thrown away. */
const ENDING = 4;
/** FIN is sent; what the client still sends is thrown away. */
const LINGERING = 5;
const CLOSED = 6;

/** nginx's name for each state; the ones beyond count as writing. */
const GAUGES = [COUNTER.waiting, COUNTER.reading, COUNTER.writing] as const;

/** A burst of connections is no reason to keep their heads for ever. */
const MAX_SPARE_HEADS = 256;

/** Bytes of further requests, or of a body, that are read before their turn. */
const MAX_WAITING_BYTES = 64 * 1024;

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
  /** While it ends: bytes of the client came, or are to be expected. */
  #mayLinger = false;

  constructor(wire: Wire, open: OpenSocket) {
    super();
    this.#wire = wire;
    this.inlet = new Inlet(wire.buffers);
    const socket = open(this);
    this.#socket = socket;
    this.peer = unmapAddress(socket.remoteAddress ?? '');
    this.plainForwarded = plainForwarded(this.peer);
    this.#exchange = new Exchange(wire, this);
    this.#outlet = new Outlet(
      socket,
      this,
      () => this.#drained(),
      // Not at once: this may be within a write of the exchange, which learns of it in the next turn.
      () => socket.destroy(),
    );
    const ended = guarded(this, () => this.#ended());
    const broken = guarded(this, (error?: unknown) => this.destroy(codeOf(error)));
    socket.on('end', ended);
    socket.on('error', broken);
    socket.on('close', broken);
    const { counters } = wire.context;
    counters.add('handled', 1);
    counters.add('active', 1);
    counters.add('waiting', 1);
    wire.deadlines.head(this);
    // Only a stream that flows says that it has ended.
    socket.resume();
  }

  /** The engine drains: the next answer is the last, and none is waited for much longer. */
  drain(): void {
    if (this.#state === IDLE) this.#wire.deadlines.idle(this, true);
  }

  /** @param error why, as far as that is known */
  destroy(error = ''): void {
    if (this.#state === CLOSED) return;
    const { counters } = this.#wire.context;
    const state = this.#state;
    this.#state = CLOSED;
    counters.addTo(GAUGES[state] ?? COUNTER.writing, -1);
    counters.add('active', -1);
    try {
      if (state >= BUSY) this.#exchange.abandon(error);
    } finally {
      // Whatever bug the request met: the connection is gone.
      for (const upstream of [...(this.ownUpstreams ?? [])]) upstream.destroy();
      this.#releaseHead();
      this.#stash = undefined;
      this.inlet.release();
      this.#wire.wheel.remove(this);
      this.#socket.destroy();
      this.#wire.clientGone(this);
    }
  }

  override crashed(error: unknown): void {
    const stack = stackOf(error);
    this.#isConsuming = false;
    try {
      if (this.#exchange.endCrashed(stack)) return;
      if (this.#state === READING) this.#reject('internal', this.#stash?.toString('latin1') ?? '', stack);
      else this.#drop(error);
    } catch (second) {
      // The bug is in what answers, or ends.
      this.#drop(second);
    }
  }

  /** Ends it without a word. */
  #drop(bug: unknown): void {
    this.#wire.context.failures.reportBug(bug);
    try {
      this.destroy();
    } catch {
      // A bug has been reported already, and the socket is closed.
    }
  }

  override timedOut(): void {
    if (this.#wire.deadlines.isRenewed(this)) return;
    if (this.#state === READING) {
      this.#reject('client_header_timeout', this.#stash?.toString('latin1') ?? '');
    } else if (this.#state === BUSY && !this.isBlocked) {
      // Its body does not come.
      this.#exchange.fail('client_body_timeout');
    } else if (this.#state === IDLE) {
      this.#close(false);
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

  takesSome(): boolean {
    return this.#outlet.takesSome();
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
    const isFull = this.#state !== READING && (this.#stash?.length ?? 0) >= MAX_WAITING_BYTES;
    if (!isFull && this.#socket.isPaused()) this.#socket.resume();
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
      this.#close(!this.#exchange.isRequestComplete || this.#stash !== undefined);
      return;
    }
    this.#setState(IDLE);
    this.#wire.deadlines.idle(this, this.#wire.isDraining);
    if (this.#isConsuming) return;
    const stash = this.takeStash();
    if (stash !== undefined) this.#consume(stash);
    this.readOn();
  }

  /** A response or a tunnel is cut: what was written of it still goes out. */
  endSoon(): void {
    if (this.#outlet.isEmpty) this.destroy();
    else if (this.#state < ENDING) this.#close(false);
  }

  // Bytes from the client.

  readBuffer(): Buffer {
    return this.inlet.next(this.#state === TUNNEL || (this.#state === BUSY && this.#exchange.takesBody));
  }

  read(bytes: Buffer, size: number): boolean {
    if (this.#state >= ENDING) {
      this.#mayLinger = true;
      return true;
    }
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
      } else if (this.#state === IDLE && isEmptyLines(bytes, at, end)) {
        // RFC 9112 section 2.2: a client may send one behind a body, and that is no request.
        this.#keep(bytes, at, end);
        break;
      } else {
        const next = this.#readHead(bytes, at, end);
        if (next < 0) break;
        at = next;
      }
    }
    this.#isConsuming = false;
    if (at < end && this.#state === ENDING) this.#mayLinger = true;
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
    const { context, deadlines, spareHeads } = this.#wire;
    const { settings } = context.state;
    this.#setState(READING);
    context.counters.addTo(COUNTER.requests, 1);
    const head = spareHeads.pop() ?? new RequestHead();
    head.reset();
    head.keepsUnderscores = settings.underscoresInHeaders;
    this.#head = head;
    deadlines.head(this);
  }

  /** What came is no request, or too little of one in too long a time. */
  #reject(reason: FailureReason, bytes: string, detail: FailureDetail = ''): void {
    this.#releaseHead();
    this.#setState(BUSY);
    this.#exchange.reject(reason, /^(?:\r\n)*([^\r\n]*)/.exec(bytes)?.[1] ?? '', detail);
  }

  /**
   * Ends the connection when what was written has gone out. Bytes that come in after FIN would make the kernel reset the
   * connection, which may take the last response from the client (RFC 9112 section 9.6): where some may come, they are read
   * for a while and thrown away.
   */
  #close(mayLinger: boolean): void {
    this.#setState(ENDING);
    this.#mayLinger = mayLinger;
    this.#stash = undefined;
    this.#wire.deadlines.ending(this);
    this.#socket.end(() => this.#finSent());
    this.#socket.resume();
  }

  #finSent(): void {
    if (this.#state !== ENDING) return;
    if (this.#mayLinger) {
      this.#setState(LINGERING);
      this.#wire.deadlines.lingering(this);
    } else {
      this.destroy();
    }
  }

  /** The client has sent FIN. A client that leaves does that, too: nginx's 499. */
  #ended(): void {
    if (this.#state === TUNNEL) this.#exchange.endTunnel();
    else if (this.#outlet.isEmpty || (this.#state !== IDLE && this.#state !== ENDING)) this.destroy();
    else if (this.#state === IDLE) this.#close(false);
    // While a complete answer still goes out, nothing more can come that would need lingering.
    else this.#mayLinger = false;
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

  #setState(state: number): void {
    const { counters } = this.#wire.context;
    counters.addTo(GAUGES[this.#state] ?? COUNTER.writing, -1);
    counters.addTo(GAUGES[state] ?? COUNTER.writing, 1);
    this.#state = state;
  }
}
