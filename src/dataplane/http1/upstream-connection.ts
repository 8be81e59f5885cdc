import type { Socket } from 'node:net';
import { codeOf } from '../../errors.ts';
import type { UpstreamPool } from '../clusters/upstream-pools.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { MAX_INTERIMS } from '../pipeline/interims.ts';
import { SMALL_BYTES } from '../transport/client-memory.ts';
import { guarded } from '../transport/guard.ts';
import { Outlet } from '../transport/outlet.ts';
import { Inlet } from '../transport/read-buffers.ts';
import type { SocketReader } from '../transport/socket-reader.ts';
import { Stash } from '../transport/stash.ts';
import { Timed } from '../transport/timer-wheel.ts';
import type { Wire } from '../wire/wire.ts';
import { ChunkedBody } from './chunked-body.ts';
import { asChunk, joinedText, MAX_JOINED_BYTES } from './framing.ts';
import { ResponseHead } from './response-head.ts';

const IDLE = 0;
/** Awaiting a response head, or the rest of one. */
const HEAD = 1;
const BODY_LENGTH = 2;
const BODY_CHUNKED = 3;
/** The end of the connection ends the body. */
const BODY_CLOSE = 4;
const TUNNEL = 5;
/** The response is complete, but the request is not: nothing more is expected. */
const ANSWERED = 6;
const CLOSED = 7;

/** A connection to an upstream: reads its responses, and hands them to the exchange they are for. */
export class UpstreamConnection extends Timed implements SocketReader {
  readonly pool: UpstreamPool;
  /**
   * Where it waits while it is idle: in its pool, or with the one client that it serves because a login on it counts for all
   * that is sent on it (NTLM, Negotiate: RFC 4559 section 6).
   */
  home: UpstreamConnection[];
  /** By the wheel's coarse clock; after it no further request is sent. */
  readonly retireAt: number;
  served = 0;
  /** The upstream's own limit for idle connections; -1 when it does not say. */
  keepAliveMs = -1;
  readonly #wire: Wire;
  #socket: Socket | undefined;
  #outlet: Outlet | undefined;
  #state = IDLE;
  #exchange: Exchange | undefined;
  /** The one it was destroyed with: it learns of the end in the same callback. */
  #lastExchange: Exchange | undefined;
  /** A response head that is not complete, and what came of it. */
  #head: ResponseHead | undefined;
  readonly #stash: Stash;
  /** Part of a response has come: it is not to be asked again. */
  #hasBegun = false;
  /** 1xx responses to the request under way. */
  #interims = 0;
  #remaining = 0;
  readonly #inlet: Inlet;
  #chunked: ChunkedBody | undefined;
  /** The response can be followed by another. */
  #isReusable = false;
  #reframes = false;

  constructor(wire: Wire, pool: UpstreamPool, retireAt: number) {
    super();
    this.#wire = wire;
    this.#inlet = new Inlet(wire.buffers);
    this.#stash = new Stash(wire.stashes);
    this.pool = pool;
    this.home = pool.idle;
    this.retireAt = retireAt;
  }

  get isFit(): boolean {
    return this.#state === IDLE && this.#socket?.writable === true && this.#socket.readable && !this.isBroken;
  }

  /** It cannot be written to any more. An answer that it gave before can still be read. */
  get isBroken(): boolean {
    return this.#outlet?.isBroken ?? false;
  }

  get isPrivate(): boolean {
    return this.home !== this.pool.idle;
  }

  /** Had served another request before the one under way. */
  get isReused(): boolean {
    return this.served > 1;
  }

  attach(socket: Socket): void {
    this.#socket = socket;
    this.#outlet = new Outlet(socket, this, this.#wire.memory, () => this.#exchange?.upstreamDrained());
    const ended = guarded(this, () => this.#ended());
    const broken = guarded(this, (error?: unknown) => this.#broken(codeOf(error)));
    socket.on('end', ended);
    socket.on('error', broken);
    socket.on('close', broken);
  }

  /** Another exchange begins. */
  begin(exchange: Exchange): void {
    this.#exchange = exchange;
    this.#state = HEAD;
    this.#isReusable = false;
    this.#hasBegun = false;
    this.#interims = 0;
    // The idle limit is over; the exchange sets its own.
    this.#wire.deadlines.none(this);
  }

  becomeIdle(): void {
    this.#exchange = undefined;
    this.#dropHead();
  }

  /** @returns false when no more should be written until upstreamDrained() */
  writeText(text: string): boolean {
    return this.#outlet?.writeText(text) ?? true;
  }

  /** @param sent called when the bytes are not needed any more */
  writeBytes(bytes: Uint8Array, sent: () => void): boolean {
    return this.#outlet?.writeBytes(bytes, sent) ?? true;
  }

  /** A tunnel's bytes, from the other side. @returns as writeText() */
  relay(inlet: Inlet, bytes: Buffer, size: number): boolean {
    if (size <= MAX_JOINED_BYTES) return this.writeText(bytes.toString('latin1', 0, size));
    const buffer = inlet.keep(bytes, [0, size], size, size);
    return this.writeBytes(buffer.view(size, false), buffer.giveBack);
  }

  get isBlocked(): boolean {
    return this.#outlet?.isBlocked ?? false;
  }

  takesSome(): boolean {
    return this.#outlet?.takesSome() ?? false;
  }

  resume(): void {
    this.#socket?.resume();
  }

  /** After what was written has gone out. */
  endSoon(): void {
    this.#socket?.destroySoon();
  }

  destroy(): void {
    if (this.#state === CLOSED) return;
    const wasIdle = this.#state === IDLE;
    this.#state = CLOSED;
    this.#lastExchange = this.#exchange;
    this.#exchange = undefined;
    this.#inlet.release();
    this.#stash.clear();
    this.#wire.wheel.remove(this);
    this.#socket?.destroy();
    this.#wire.pools.forget(this, wasIdle);
  }

  override crashed(error: unknown): void {
    const exchange = this.#exchange ?? this.#lastExchange;
    this.destroy();
    if (exchange === undefined) this.#wire.context.failures.reportBug(error);
    else exchange.crashed(error);
  }

  override timedOut(): void {
    if (this.#state === IDLE) this.destroy();
    else if (this.#wire.deadlines.isRenewed(this)) return;
    else if (this.#state !== HEAD) this.#exchange?.fail('response_cut_by_timeout');
    else this.#exchange?.fail(this.isBlocked ? 'upstream_send_timeout' : 'upstream_read_timeout');
  }

  readBuffer(): Buffer {
    const isBody = this.#state >= BODY_LENGTH && this.#state <= TUNNEL;
    // While the client takes nothing, no buffer waits for what it would get next.
    return this.#inlet.next(isBody && this.#exchange?.isBlocked === false);
  }

  read(bytes: Buffer, size: number): boolean {
    const exchange = this.#exchange;
    this.#inlet.lastSize = size;
    if (exchange === undefined || this.#state === ANSWERED) {
      // Nobody asked for these: they would be taken for the answer to the next request.
      this.destroy();
      return true;
    }
    if (this.#state === TUNNEL) this.#relayTunnel(exchange, bytes, 0, size);
    else if (this.#state === HEAD) this.#readHead(exchange, bytes, size);
    else this.#readBody(exchange, bytes, 0, size);
    // The response may be complete by now, and the connection somebody else's.
    return this.#exchange === undefined || !this.#exchange.isBlocked;
  }

  #readHead(exchange: Exchange, fresh: Buffer, size: number): void {
    // A head that comes in pieces goes on where it stopped, and has an object of its own for that.
    const begun = this.#head;
    const head = begun ?? this.#wire.responseHead;
    const bytes = begun === undefined ? fresh : this.#stash.append(fresh, size);
    const end = begun === undefined ? size : bytes.length;
    this.#hasBegun = true;
    let at = 0;
    for (;;) {
      if (at > 0 || begun === undefined) head.reset();
      const outcome = head.read(bytes, at, end);
      if (typeof outcome === 'string') {
        exchange.fail(outcome, () => head.faultPlace(bytes, at, end));
        return;
      }
      if (!outcome) {
        this.#keepHead(exchange, head, bytes, at, end);
        return;
      }
      at += head.length;
      if (this.#head !== undefined) this.#dropHead();
      if (head.status === 101) {
        if (exchange.switchProtocols(head)) {
          this.#state = TUNNEL;
          this.#reframes = false;
          if (at < end) this.#relayTunnel(exchange, bytes, at, end);
        }
        return;
      }
      if (head.status >= 200) break;
      this.#interims += 1;
      if (this.#interims > MAX_INTERIMS) {
        exchange.fail('response_too_many_interim');
        return;
      }
      exchange.interim(head);
      if (at === end) return;
    }
    this.#beginBody(exchange, head, bytes, at, end);
  }

  #keepHead(exchange: Exchange, head: ResponseHead, bytes: Buffer, at: number, end: number): void {
    if (this.#head === undefined) {
      this.#head = head;
      this.#wire.responseHead = new ResponseHead();
    }
    this.#stash.keep(bytes, at, end);
    if (end - at > SMALL_BYTES && !this.#wire.memory.hasRoom()) exchange.fail('memory_exhausted');
    else exchange.upstreamMoved();
  }

  #dropHead(): void {
    this.#head = undefined;
    this.#stash.clear();
  }

  /** The final response's head is complete; what came of the body follows in the same bytes. */
  #beginBody(exchange: Exchange, head: ResponseHead, bytes: Buffer, at: number, end: number): void {
    const { status, contentLength } = head;
    const isBodiless = exchange.isHeadRequest || status === 204 || status === 304;
    const length = isBodiless ? 0 : contentLength;
    const isChunked = head.isChunked && !isBodiless;
    if (head.authenticatesConnection) exchange.keepForClient(this);
    this.keepAliveMs = head.keepAliveMs;
    const hasEnd = length >= 0 || isChunked;
    this.#isReusable = hasEnd && !head.saysClose && (head.minorVersion === 1 || head.saysKeepAlive);
    this.#reframes = !hasEnd || isChunked;
    this.#remaining = length;
    const text = exchange.composeHead(head, length >= 0);
    this.#reframes &&= exchange.speaksChunked;
    if (isChunked) {
      this.#state = BODY_CHUNKED;
      this.#chunked ??= new ChunkedBody();
      this.#chunked.reset(head.connectionOptions);
    } else {
      this.#state = length >= 0 ? BODY_LENGTH : BODY_CLOSE;
    }
    if (this.#state === BODY_LENGTH && end - at <= MAX_JOINED_BYTES) {
      const taken = Math.min(length, end - at);
      this.#remaining -= taken;
      exchange.sendText(taken === 0 ? text : text + bytes.toString('latin1', at, at + taken), taken);
      if (this.#remaining === 0) this.#complete(exchange, at + taken === end);
      else exchange.upstreamMoved();
    } else if (this.#state === BODY_CHUNKED && end - at <= MAX_JOINED_BYTES) {
      this.#relayChunks(exchange, bytes, at, end, text);
    } else {
      exchange.sendText(text, 0);
      if (at < end) this.#readBody(exchange, bytes, at, end);
      else exchange.upstreamMoved();
    }
  }

  #readBody(exchange: Exchange, bytes: Buffer, start: number, end: number): void {
    if (this.#state === BODY_CHUNKED) {
      this.#relayChunks(exchange, bytes, start, end, '');
      return;
    }
    const taken = this.#state === BODY_LENGTH ? Math.min(this.#remaining, end - start) : end - start;
    this.#remaining -= taken;
    this.#pass(exchange, bytes, [start, start + taken], taken, end);
    // Bytes past the declared length are cut, and the connection that sent them ends.
    if (this.#state === BODY_LENGTH && this.#remaining === 0) this.#complete(exchange, start + taken === end);
    else exchange.upstreamMoved();
  }

  #relayChunks(exchange: Exchange, bytes: Buffer, start: number, end: number, head: string): void {
    const body = this.#chunked as ChunkedBody;
    const stop = body.feed(bytes, start, end);
    const { ranges, rangeBytes } = body;
    const tail = body.isComplete && this.#reframes ? `0\r\n${body.trailers}\r\n` : '';
    if (rangeBytes <= MAX_JOINED_BYTES) {
      const data = joinedText(bytes, ranges);
      const text = head + (this.#reframes && rangeBytes > 0 ? asChunk(data) : data) + tail;
      if (text !== '') exchange.sendText(text, rangeBytes);
    } else {
      this.#pass(exchange, bytes, ranges, rangeBytes, end);
      if (tail !== '') exchange.sendText(tail, 0);
    }
    if (stop < 0) exchange.fail('response_chunk_malformed');
    else if (body.isComplete) this.#complete(exchange, stop === end);
    else exchange.upstreamMoved();
  }

  #relayTunnel(exchange: Exchange, bytes: Buffer, start: number, end: number): void {
    exchange.touchTunnel();
    this.#pass(exchange, bytes, [start, end], end - start, end);
  }

  /** Sends on what lies in ranges of the bytes, `size` in all. @param end of what was read */
  #pass(exchange: Exchange, bytes: Buffer, ranges: readonly number[], size: number, end: number): void {
    if (size <= MAX_JOINED_BYTES) {
      const text = joinedText(bytes, ranges);
      exchange.sendText(this.#reframes && size > 0 ? asChunk(text) : text, size);
    } else {
      const buffer = this.#inlet.keep(bytes, ranges, size, end);
      exchange.sendBytes(buffer.view(size, this.#reframes), size, buffer.giveBack);
    }
  }

  /** @param isClean no byte came after the response */
  #complete(exchange: Exchange, isClean: boolean): void {
    const isReleased = this.#isReusable && isClean && exchange.isRequestComplete;
    this.#state = isReleased ? IDLE : ANSWERED;
    this.#exchange = undefined;
    // After an early answer, what the exchange still sends has nowhere to go.
    if (isReleased) this.#wire.pools.release(this);
    else this.destroy();
    // The next request of the client may begin in here, and on this very connection.
    try {
      exchange.responseComplete();
    } catch (error) {
      exchange.crashed(error);
    }
  }

  /** It was made for a exchange that has left meanwhile. */
  giveBack(): void {
    this.#state = IDLE;
    this.#wire.pools.release(this);
  }

  /** The upstream has sent FIN. */
  #ended(): void {
    const exchange = this.#exchange;
    // After a reset that a write met, the end of what came looks like FIN, but is none.
    if (exchange !== undefined && this.#state === BODY_CLOSE && !this.isBroken) {
      if (this.#reframes) exchange.sendText('0\r\n\r\n', 0);
      this.#isReusable = false;
      this.#complete(exchange, true);
    } else if (exchange !== undefined && this.#state === TUNNEL) {
      exchange.upstreamEndedTunnel();
    } else {
      this.#broken(this.isBroken ? 'ECONNRESET' : undefined);
    }
  }

  /** @param error the code of what broke it; undefined when it was closed */
  #broken(error?: string): void {
    if (this.#state === CLOSED) return;
    const exchange = this.#exchange;
    const awaitsHead = this.#state === HEAD;
    this.destroy();
    if (exchange === undefined) return;
    if (awaitsHead) exchange.upstreamBroken(this.isReused, this.#hasBegun, error);
    else exchange.fail(error === undefined ? 'response_cut_by_close' : 'response_cut_by_reset', error);
  }
}
