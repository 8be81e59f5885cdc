/** An upstream that speaks HTTP/2 frame by frame: it keeps exactly what came, and sends exactly what a test gives it. */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { HpackDecoder } from '../../src/dataplane/http2/hpack/decoder.ts';
import type { ListenAddress } from '../../src/formats/listen-address.ts';
import { ByteQueue } from './byte-queue.ts';
import { atEnd } from './cleanup.ts';
import { Changes } from './eventually.ts';
import { type Fields, literals } from './http2-fields.ts';
import { type Frame, frame, settings, uint32 } from './http2-frames.ts';

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const [DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE] = [0, 1, 3, 4, 6, 7, 8];
const [END_STREAM, ACK, END_HEADERS] = [1, 1, 4];

/** Called when a request's head has come; its body may still be under way. One that does nothing never answers. */
export type Http2Handler = (request: Http2Request) => void | Promise<void>;

/** Answers whole requests with 200 and a body. */
export function answeringHttp2(body = 'ok', fields: Fields = []): Http2Handler {
  return async request => {
    await request.whole();
    request.head(200, fields);
    request.data(body, true);
  };
}

export class RawHttp2Upstream {
  readonly connections: Http2Connection[] = [];
  /** In the order in which their heads came, over all connections. */
  readonly requests: Http2Request[] = [];
  /** May be replaced at any time. */
  handler: Http2Handler;
  /** The payload of the SETTINGS that new connections begin with; undefined: none is sent. */
  settings: Buffer | undefined = settings();
  readonly changes = new Changes();
  readonly #server: Server;

  private constructor(handler: Http2Handler) {
    this.handler = handler;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, socket => {
      this.connections.push(new Http2Connection(this, socket));
      this.changes.announce();
    });
  }

  static async start(t: TestContext, handler: Http2Handler = answeringHttp2()): Promise<RawHttp2Upstream> {
    const upstream = new RawHttp2Upstream(handler);
    upstream.#server.listen({ host: '127.0.0.1', port: 0 });
    await once(upstream.#server, 'listening');
    atEnd(t, () => {
      upstream.#server.close();
      for (const { socket } of upstream.connections) socket.destroy();
    });
    return upstream;
  }

  get address(): ListenAddress {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the upstream does not listen');
    return { host: address.address, port: address.port };
  }

  /** Accepts no more connections. */
  stopListening(): void {
    this.#server.close();
  }

  request(index: number): Promise<Http2Request> {
    return this.changes.until(
      () => `request ${index} at the upstream, which saw ${this.requests.length}`,
      () => this.requests[index],
    );
  }

  connection(index: number): Promise<Http2Connection> {
    return this.changes.until(
      () => `connection ${index} at the upstream`,
      () => this.connections[index],
    );
  }
}

export class Http2Connection {
  readonly socket: Socket;
  /** All that came. */
  readonly frames: Frame[] = [];
  readonly requests = new Map<number, Http2Request>();
  /** The proxy has ended it. */
  hasEnded = false;
  readonly #upstream: RawHttp2Upstream;
  readonly #pending = new ByteQueue();
  readonly #decoder = new HpackDecoder(4096, { bytes: 1 << 20, fields: 10_000 });
  #hasBegun = false;

  constructor(upstream: RawHttp2Upstream, socket: Socket) {
    this.#upstream = upstream;
    this.socket = socket;
    const ended = (): void => {
      this.hasEnded = true;
      upstream.changes.announce();
    };
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    socket.on('end', ended);
    socket.on('close', ended);
    socket.on('error', () => undefined);
    if (upstream.settings !== undefined) this.send(SETTINGS, 0, 0, upstream.settings);
  }

  send(type: number, flags: number, streamId: number, payload: Uint8Array | string = '', size?: number): void {
    this.write(frame(type, flags, streamId, payload, size));
  }

  write(bytes: Uint8Array | string): void {
    this.socket.write(bytes);
  }

  goaway(lastStreamId: number, code = 0): void {
    this.send(GOAWAY, 0, 0, Buffer.concat([uint32(lastStreamId), uint32(code)]));
  }

  windowUpdate(streamId: number, increment: number): void {
    this.send(WINDOW_UPDATE, 0, streamId, uint32(increment));
  }

  /** Waits for a frame, wherever it came. */
  frame(what: string, is: (one: Frame) => boolean): Promise<Frame> {
    return this.#upstream.changes.until(
      () => `${what}; so far ${JSON.stringify(this.frames.map(({ type, streamId }) => [type, streamId]))}`,
      () => this.frames.find(is),
    );
  }

  /** Waits for RST_STREAM. @returns its code */
  async reset(streamId: number): Promise<number> {
    const one = await this.frame(
      `a reset of ${streamId}`,
      each => each.type === RST_STREAM && each.streamId === streamId,
    );
    return one.payload.readUInt32BE(0);
  }

  /** Returns when the proxy has read all that was sent before. */
  async settled(): Promise<void> {
    const payload = Buffer.alloc(8, 'settled');
    this.send(PING, 0, 0, payload);
    await this.frame('the answer to PING', each => each.type === PING && each.payload.equals(payload));
  }

  /** Waits for GOAWAY. @returns its code */
  async gone(): Promise<number> {
    return (await this.frame('GOAWAY', ({ type }) => type === GOAWAY)).payload.readUInt32BE(4);
  }

  ended(): Promise<true> {
    return this.#upstream.changes.until(
      () => 'the proxy to end the connection',
      () => this.hasEnded || undefined,
    );
  }

  #take(bytes: Buffer): void {
    this.#pending.push(bytes);
    if (!this.#hasBegun) {
      if (this.#pending.length < PREFACE.length) return;
      const preface = this.#pending.take(PREFACE.length).toString('latin1');
      if (preface !== PREFACE) throw new Error(`the proxy began with ${JSON.stringify(preface)}`);
      this.#hasBegun = true;
    }
    for (;;) {
      const head = this.#pending.peek();
      if (head.length < 9 || head.length < 9 + head.readUIntBE(0, 3)) break;
      const payload = Buffer.from(head.subarray(9, 9 + head.readUIntBE(0, 3)));
      const one = { type: head.readUInt8(3), flags: head.readUInt8(4), streamId: head.readUInt32BE(5), payload };
      this.#pending.take(9 + payload.length);
      this.frames.push(one);
      this.#frame(one);
    }
    this.#upstream.changes.announce();
  }

  #frame({ type, flags, streamId, payload }: Frame): void {
    const request = this.requests.get(streamId);
    if (type === SETTINGS && (flags & ACK) === 0) this.send(SETTINGS, ACK, 0);
    else if (type === PING && (flags & ACK) === 0) this.send(PING, ACK, 0, payload);
    else if (type === HEADERS) this.#head(request, streamId, payload, (flags & END_STREAM) !== 0);
    else if (type === DATA) request?.took(payload, (flags & END_STREAM) !== 0);
  }

  #head(request: Http2Request | undefined, streamId: number, block: Buffer, isComplete: boolean): void {
    const fields: [string, string][] = [];
    this.#decoder.decode(block, 0, block.length, { field: ({ name, value }) => void fields.push([name, value]) });
    if (request !== undefined) {
      request.trailers = fields;
      request.complete = isComplete;
      return;
    }
    const fresh = new Http2Request(this, this.#upstream.changes, streamId, fields, isComplete);
    this.requests.set(streamId, fresh);
    this.#upstream.requests.push(fresh);
    void this.#upstream.handler(fresh);
  }
}

export class Http2Request {
  readonly connection: Http2Connection;
  readonly streamId: number;
  readonly fields: Fields;
  trailers: Fields = [];
  complete: boolean;
  readonly #changes: Changes;
  readonly #body = new ByteQueue();

  constructor(connection: Http2Connection, changes: Changes, streamId: number, fields: Fields, isComplete: boolean) {
    this.connection = connection;
    this.#changes = changes;
    this.streamId = streamId;
    this.fields = fields;
    this.complete = isComplete;
  }

  /** As much as has come. */
  get body(): string {
    return this.#body.toString();
  }

  field(name: string): string | undefined {
    return this.fields.find(each => each[0] === name)?.[1];
  }

  whole(): Promise<this> {
    return this.#changes.until(
      () => `the rest of request ${this.streamId}; ${this.#body.length} bytes of its body came`,
      () => (this.complete ? this : undefined),
    );
  }

  bodyBytes(count: number): Promise<string> {
    return this.#changes.until(
      () => `${count} bytes of body; so far ${this.#body.length}`,
      () => (this.#body.length >= count ? this.body : undefined),
    );
  }

  head(status: number, fields: Fields = [], endsStream = false): void {
    this.fieldsFrame([[':status', String(status)], ...fields], endsStream);
  }

  trailersFrame(fields: Fields): void {
    this.fieldsFrame(fields, true);
  }

  fieldsFrame(fields: Fields, endsStream: boolean): void {
    const flags = END_HEADERS | (endsStream ? END_STREAM : 0);
    this.connection.send(HEADERS, flags, this.streamId, literals(fields));
  }

  data(bytes: string | Uint8Array, endsStream = false): void {
    this.connection.send(DATA, endsStream ? END_STREAM : 0, this.streamId, bytes);
  }

  reset(code: number): void {
    this.connection.send(RST_STREAM, 0, this.streamId, uint32(code));
  }

  /** Waits until the proxy resets it. @returns the code */
  wasReset(): Promise<number> {
    return this.connection.reset(this.streamId);
  }

  /** DATA has come. */
  took(bytes: Buffer, isLast: boolean): void {
    this.#body.push(bytes);
    this.complete = isLast;
  }
}
