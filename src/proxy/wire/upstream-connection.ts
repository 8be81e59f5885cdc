import type { Socket } from 'node:net';
import { ChunkedBody } from './chunked-body.ts';
import type { ClientConnection } from './client-connection.ts';
import { Timed } from './timer-wheel.ts';
import type { UpstreamPool } from './upstream-pools.ts';
import type { Wire } from './wire.ts';

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

/** Up to here a body is joined to its head in one text, and one system call sends both. */
const MAX_JOINED_BYTES = 16 * 1024;

/** A connection to an upstream: reads its responses, and hands them to the client they are for. */
export class UpstreamConnection extends Timed {
  readonly pool: UpstreamPool;
  /** Milliseconds since the epoch; after it no further request is sent. */
  readonly retireAt: number;
  served = 0;
  /** The upstream's own limit for idle connections; -1 when it does not say. */
  keepAliveMs = -1;
  readonly #wire: Wire;
  #socket: Socket | undefined;
  #state = IDLE;
  #client: ClientConnection | undefined;
  /** What came of a response head that is not complete. */
  #partial: Buffer | undefined;
  /** Part of a response has come: it is not to be asked again. */
  #hasBegun = false;
  #remaining = 0;
  #chunked: ChunkedBody | undefined;
  /** The response can be followed by another. */
  #isReusable = false;
  #reframes = false;

  constructor(wire: Wire, pool: UpstreamPool, retireAt: number) {
    super();
    this.#wire = wire;
    this.pool = pool;
    this.retireAt = retireAt;
  }

  get isFit(): boolean {
    return this.#state === IDLE && this.#socket?.writable === true && this.#socket.readable;
  }

  /** Had served another request before the one under way. */
  get isReused(): boolean {
    return this.served > 1;
  }

  attach(socket: Socket): void {
    this.#socket = socket;
    socket.on('drain', () => this.#client?.upstreamDrained());
    socket.on('end', () => this.#ended());
    socket.on('error', () => this.#broken());
    socket.on('close', () => this.#broken());
  }

  /** Another exchange begins. */
  begin(client: ClientConnection): void {
    this.#client = client;
    this.#state = HEAD;
    this.#isReusable = false;
    this.#hasBegun = false;
  }

  becomeIdle(): void {
    this.#client = undefined;
    this.#partial = undefined;
  }

  /** @returns false when no more should be written until upstreamDrained() */
  writeText(text: string): boolean {
    return this.#socket?.write(text, 'latin1') ?? true;
  }

  writeBytes(bytes: Uint8Array): boolean {
    return this.#socket?.write(bytes) ?? true;
  }

  get isBlocked(): boolean {
    return this.#socket?.writableNeedDrain ?? false;
  }

  pause(): void {
    this.#socket?.pause();
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
    this.#client = undefined;
    this.#wire.wheel.remove(this);
    this.#socket?.destroy();
    this.#wire.pools.forget(this, wasIdle);
  }

  override timedOut(): void {
    if (this.#state === IDLE) this.destroy();
    else this.#client?.upstreamTimedOut();
  }

  /** Bytes of the shared read buffer: they are only there during this call. @returns false to stop reading */
  read(bytes: Buffer, size: number): boolean {
    const client = this.#client;
    if (client === undefined || this.#state === ANSWERED) {
      // Nobody asked for these: they would be taken for the answer to the next request.
      this.destroy();
      return true;
    }
    if (this.#state === TUNNEL) client.tunnelFromUpstream(Buffer.from(bytes.subarray(0, size)));
    else if (this.#state === HEAD) this.#readHead(client, bytes, size);
    else this.#readBody(client, bytes, 0, size);
    return !client.isBlocked;
  }

  #readHead(client: ClientConnection, fresh: Buffer, size: number): void {
    let bytes = fresh;
    let end = size;
    if (this.#partial !== undefined) {
      bytes = Buffer.concat([this.#partial, fresh.subarray(0, size)]);
      end = bytes.length;
      this.#partial = undefined;
    }
    const head = this.#wire.responseHead;
    this.#hasBegun = true;
    let at = 0;
    for (;;) {
      head.reset();
      const outcome = head.read(bytes, at, end);
      if (outcome === undefined) {
        client.fail('BAD_RESPONSE');
        return;
      }
      if (!outcome) {
        this.#partial = Buffer.from(bytes.subarray(at, end));
        client.upstreamIsAlive();
        return;
      }
      at += head.length;
      if (head.status === 101) {
        if (client.switchProtocols(head)) {
          this.#state = TUNNEL;
          if (at < end) client.tunnelFromUpstream(Buffer.from(bytes.subarray(at, end)));
        }
        return;
      }
      if (head.status >= 200) break;
      client.interim(head);
      if (at === end) return;
    }
    this.#beginBody(client, bytes, at, end);
  }

  /** The final response's head is complete; what came of the body follows in the same bytes. */
  #beginBody(client: ClientConnection, bytes: Buffer, at: number, end: number): void {
    const head = this.#wire.responseHead;
    const { status, contentLength } = head;
    const isBodiless = client.isHeadRequest || status === 204 || status === 304;
    const length = isBodiless ? 0 : contentLength;
    const isChunked = head.isChunked && !isBodiless;
    this.keepAliveMs = head.keepAliveMs;
    const hasEnd = length >= 0 || isChunked;
    this.#isReusable = hasEnd && !head.saysClose && (head.minorVersion === 1 || head.saysKeepAlive);
    this.#reframes = !hasEnd || isChunked;
    this.#remaining = length;
    const text = client.composeHead(head, length >= 0);
    this.#reframes &&= client.speaksChunked;
    if (isChunked) {
      this.#state = BODY_CHUNKED;
      this.#chunked ??= new ChunkedBody();
      this.#chunked.reset();
    } else {
      this.#state = length >= 0 ? BODY_LENGTH : BODY_CLOSE;
    }
    if (this.#state === BODY_LENGTH && end - at <= MAX_JOINED_BYTES) {
      const taken = Math.min(length, end - at);
      this.#remaining -= taken;
      client.sendText(taken === 0 ? text : text + bytes.toString('latin1', at, at + taken), taken);
      if (this.#remaining === 0) this.#complete(client, at + taken === end);
      else client.upstreamIsAlive();
    } else if (this.#state === BODY_CHUNKED && end - at <= MAX_JOINED_BYTES) {
      this.#relayChunks(client, bytes, at, end, text);
    } else {
      client.sendText(text, 0);
      if (at < end) this.#readBody(client, bytes, at, end);
      else client.upstreamIsAlive();
    }
  }

  #readBody(client: ClientConnection, bytes: Buffer, start: number, end: number): void {
    if (this.#state === BODY_CHUNKED) {
      this.#relayChunks(client, bytes, start, end, '');
      return;
    }
    const taken = this.#state === BODY_LENGTH ? Math.min(this.#remaining, end - start) : end - start;
    this.#remaining -= taken;
    if (this.#reframes) client.sendBytes(asChunk(bytes, [start, start + taken], taken), taken);
    else client.sendBytes(Buffer.from(bytes.subarray(start, start + taken)), taken);
    // Bytes past the declared length are cut, and the connection that sent them ends.
    if (this.#state === BODY_LENGTH && this.#remaining === 0) this.#complete(client, start + taken === end);
    else client.upstreamIsAlive();
  }

  #relayChunks(client: ClientConnection, bytes: Buffer, start: number, end: number, head: string): void {
    const body = this.#chunked as ChunkedBody;
    const stop = body.feed(bytes, start, end);
    const { ranges, rangeBytes } = body;
    const isJoined = head !== '' || rangeBytes <= MAX_JOINED_BYTES;
    if (isJoined) {
      let text = head;
      if (rangeBytes > 0) {
        if (this.#reframes) text += `${rangeBytes.toString(16)}\r\n`;
        for (let index = 0; index < ranges.length; index += 2)
          text += bytes.toString('latin1', ranges[index], ranges[index + 1]);
        if (this.#reframes) text += '\r\n';
      }
      if (body.isComplete && this.#reframes) text += `0\r\n${body.trailers}\r\n`;
      if (text !== '') client.sendText(text, rangeBytes);
    } else {
      client.sendBytes(this.#reframes ? asChunk(bytes, ranges, rangeBytes) : joined(bytes, ranges), rangeBytes);
      if (body.isComplete && this.#reframes) client.sendText(`0\r\n${body.trailers}\r\n`, 0);
    }
    if (stop < 0) client.cut();
    else if (body.isComplete) this.#complete(client, stop === end);
    else client.upstreamIsAlive();
  }

  /** @param isClean no byte came after the response */
  #complete(client: ClientConnection, isClean: boolean): void {
    const isReleased = this.#isReusable && isClean && client.isRequestSent;
    this.#state = isReleased ? IDLE : ANSWERED;
    this.#client = undefined;
    // After an early answer, what the client still sends has nowhere to go.
    if (isReleased) this.#wire.pools.release(this);
    else this.destroy();
    client.responseComplete();
  }

  /** It was made for a client that has left meanwhile. */
  giveBack(): void {
    this.#state = IDLE;
    this.#wire.pools.release(this);
  }

  /** The upstream has sent FIN. */
  #ended(): void {
    const client = this.#client;
    if (client !== undefined && this.#state === BODY_CLOSE) {
      if (this.#reframes) client.sendText('0\r\n\r\n', 0);
      this.#isReusable = false;
      this.#complete(client, true);
    } else if (client !== undefined && this.#state === TUNNEL) {
      client.endTunnel();
    } else {
      this.#broken();
    }
  }

  #broken(): void {
    if (this.#state === CLOSED) return;
    const client = this.#client;
    const awaitsHead = this.#state === HEAD;
    this.destroy();
    if (client === undefined) return;
    if (awaitsHead) client.upstreamBroken(this.isReused, this.#hasBegun);
    else client.cut();
  }
}

/** One chunk of all ranges, in memory of its own. */
export function asChunk(bytes: Buffer, ranges: readonly number[], size: number): Buffer {
  const prefix = `${size.toString(16)}\r\n`;
  const chunk = Buffer.allocUnsafe(prefix.length + size + 2);
  let at = chunk.write(prefix, 0, 'latin1');
  for (let index = 0; index < ranges.length; index += 2) at += bytes.copy(chunk, at, ranges[index], ranges[index + 1]);
  chunk[at] = 0x0d;
  chunk[at + 1] = 0x0a;
  return chunk;
}

function joined(bytes: Buffer, ranges: readonly number[]): Buffer {
  const parts: Buffer[] = [];
  for (let index = 0; index < ranges.length; index += 2) parts.push(bytes.subarray(ranges[index], ranges[index + 1]));
  return Buffer.concat(parts);
}
