import { AssertionError } from 'node:assert';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { ListenAddress } from '../../src/formats/listen-address.ts';
import { ByteQueue } from './byte-queue.ts';
import { atEnd } from './cleanup.ts';
import { Changes } from './eventually.ts';
import {
  type Bytes,
  bytesOf,
  contentLength,
  type HeaderLine,
  isChunked,
  MalformedMessage,
  type MessageHead,
  readChunked,
  readHead,
  value,
} from './raw-message.ts';

/** Called when a request's head has come; its body may still be under way. One that does nothing never answers. */
export type UpstreamHandler = (request: UpstreamRequest) => void | Promise<void>;

/** A response with a length, and whatever headers are given before it. */
export function answer(body = 'ok', headers = '', status = '200 OK'): string {
  return `HTTP/1.1 ${status}\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** Answers a whole request with the same bytes each time. */
export function answering(bytes: Bytes = answer()): UpstreamHandler {
  return async request => {
    await request.whole();
    await request.connection.send(bytes);
  };
}

/** An address that refuses every connection. A port that was free a moment ago may be taken by now; the kernel gives this one to no socket. */
export const NOBODY: ListenAddress = { host: '127.0.0.1', port: 1 };

/** A TCP server that keeps exactly what arrived and answers with exactly the bytes a test gives it. */
export class RawUpstream {
  /** Every connection ever accepted, in order. */
  readonly connections: UpstreamConnection[] = [];
  /** Every request whose head came, in order, over all connections. */
  readonly requests: UpstreamRequest[] = [];
  /** May be replaced at any time. */
  handler: UpstreamHandler;
  /** Set when what is in front is known to forward bytes that are no HTTP/1.1. */
  toleratesMalformed = false;
  readonly #server: Server;
  readonly #changes = new Changes();
  readonly #failures: unknown[] = [];

  private constructor(handler: UpstreamHandler) {
    this.handler = handler;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, socket => {
      this.connections.push(new UpstreamConnection(socket, this.#changes, request => this.#arrived(request)));
      this.#changes.announce();
    });
  }

  /**
   * Listens until the test is over. A test in which bytes came that are no HTTP/1.1 fails then, whatever it asserts:
   * what reaches an upstream must always be well formed.
   */
  static async start(
    t: TestContext,
    handler: UpstreamHandler = answering(),
    address: Partial<ListenAddress> = {},
  ): Promise<RawUpstream> {
    const upstream = new RawUpstream(handler);
    upstream.#server.listen({ host: '127.0.0.1', port: 0, ...address });
    await once(upstream.#server, 'listening');
    atEnd(t, () => upstream.#finish());
    return upstream;
  }

  get address(): ListenAddress {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the upstream does not listen');
    return { host: address.address, port: address.port };
  }

  /** Requests of which the last byte came too. */
  get completeRequests(): UpstreamRequest[] {
    return this.requests.filter(request => request.complete);
  }

  /** Waits for the head of the request number `index`. */
  request(index: number): Promise<UpstreamRequest> {
    return this.#changes.until(
      () => `request ${index} at the upstream, which saw ${JSON.stringify(this.requests.map(({ line }) => line))}`,
      () => this.requests[index],
    );
  }

  connection(index: number): Promise<UpstreamConnection> {
    return this.#changes.until(
      () => `connection ${index} at the upstream`,
      () => this.connections[index],
    );
  }

  /** Waits until the proxy has ended, too, each connection that the upstream has ended: it sends nothing more on these. */
  async settled(): Promise<void> {
    for (const connection of this.connections) if (connection.isFinished) await connection.closed();
  }

  /** New connections are refused from now on; those that there are stay. */
  stopListening(): void {
    this.#server.close();
  }

  /** The only request that came. */
  get only(): UpstreamRequest {
    const [request] = this.requests;
    if (request === undefined || this.requests.length > 1) {
      throw new AssertionError({ message: `${this.requests.length} requests at the upstream, not one` });
    }
    return request;
  }

  #arrived(request: UpstreamRequest): void {
    this.requests.push(request);
    this.#changes.announce();
    const outcome = this.handler(request);
    outcome?.catch(error => {
      // A handler that waits for the rest of a request learns that way that none will come.
      if (request.connection.end === undefined) this.#failures.push(error);
    });
  }

  #finish(): void {
    this.#server.close();
    for (const connection of this.connections) connection.destroy();
    if (!this.toleratesMalformed) this.#failures.push(...this.connections.flatMap(({ malformed }) => malformed ?? []));
    if (this.#failures.length > 0) throw this.#failures[0];
  }
}

export class UpstreamConnection {
  readonly requests: UpstreamRequest[] = [];
  /** What came after the tunnel began. */
  tunnelled = '';
  /** How the proxy ended its side. */
  end: 'fin' | 'reset' | undefined;
  malformed: MalformedMessage | undefined;
  /** FIN or RST was sent. */
  isFinished = false;
  readonly #socket: Socket;
  readonly #changes: Changes;
  readonly #onRequest: (request: UpstreamRequest) => void;
  /** Received and not yet part of a request. */
  readonly #pending = new ByteQueue();
  #isTunnel = false;

  constructor(socket: Socket, changes: Changes, onRequest: (request: UpstreamRequest) => void) {
    this.#socket = socket;
    this.#changes = changes;
    this.#onRequest = onRequest;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('end', () => this.#ended('fin'));
    socket.on('error', () => this.#ended('reset'));
    socket.on('close', () => this.#ended('reset'));
  }

  /** Sends each piece on its own. Returns when the last one went to the kernel, or the connection broke. */
  async send(...pieces: readonly Bytes[]): Promise<void> {
    for (const [index, piece] of pieces.entries()) {
      if (index > 0) for (let count = 0; count < 3; count += 1) await turn();
      await new Promise<void>(resolve => this.#socket.write(bytesOf(piece), () => resolve()));
    }
  }

  /** Sends what is given and then FIN, in one go. */
  finish(bytes: Bytes = ''): void {
    this.isFinished = true;
    this.#socket.end(bytesOf(bytes));
  }

  /** Sends RST. */
  reset(): void {
    this.isFinished = true;
    this.#socket.resetAndDestroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** What comes from now on are the bytes of a tunnel. */
  tunnel(): void {
    this.#isTunnel = true;
  }

  closed(): Promise<'fin' | 'reset'> {
    return this.#changes.until(
      () => 'the proxy to end its upstream connection',
      () => this.end,
    );
  }

  /** Waits until the tunnel has brought a text. */
  async tunnelBytes(count: number): Promise<string> {
    return this.#changes.until(
      () => `${count} tunnelled bytes; so far ${JSON.stringify(this.tunnelled)}`,
      () => (this.tunnelled.length >= count ? this.tunnelled : undefined),
    );
  }

  #take(chunk: Buffer): void {
    this.#pending.push(chunk);
    try {
      while (!this.#isTunnel && this.malformed === undefined && this.#advance());
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
      this.malformed = error;
    }
    if (this.#isTunnel) this.tunnelled += this.#pending.take(this.#pending.length).toString('latin1');
    this.#changes.announce();
  }

  /** @returns whether there may be more to read in what is pending */
  #advance(): boolean {
    let current = this.requests.at(-1);
    const isNew = current === undefined || current.complete;
    if (current === undefined || current.complete) {
      const head = readHead(this.#pending.peek());
      if (head === undefined) return false;
      this.#pending.take(head.raw.length);
      current = new UpstreamRequest(this, head, this.#changes);
      this.requests.push(current);
    }
    current.takeBody(this.#pending);
    if (isNew) this.#onRequest(current);
    return current.complete && this.#pending.length > 0;
  }

  #ended(end: 'fin' | 'reset'): void {
    this.end ??= end;
    this.#changes.announce();
  }
}

export class UpstreamRequest {
  readonly connection: UpstreamConnection;
  /** Head, start line to empty line, byte for byte. */
  readonly raw: string;
  /** The request line. */
  readonly line: string;
  readonly method: string;
  readonly target: string;
  readonly headers: readonly HeaderLine[];
  readonly framing: 'none' | 'content-length' | 'chunked';
  trailers: readonly HeaderLine[] = [];
  complete = false;
  readonly #body = new ByteQueue();
  readonly #length: number;
  readonly #changes: Changes;

  constructor(connection: UpstreamConnection, head: MessageHead, changes: Changes) {
    this.connection = connection;
    this.raw = head.raw;
    this.line = head.startLine;
    this.headers = head.headers;
    this.#changes = changes;
    const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e\x80-\xff]+) HTTP\/1\.([01])$/.exec(head.startLine);
    if (match === null) throw new MalformedMessage(`request line ${JSON.stringify(head.startLine)}`);
    const [, method = '', target = '', minor] = match;
    this.method = method;
    this.target = target;
    if (minor === '1' && value(head.headers, 'host') === undefined) {
      throw new MalformedMessage(`no Host in ${JSON.stringify(head.raw)}`);
    }
    const length = contentLength(head.headers);
    this.#length = length ?? 0;
    this.framing = isChunked(head.headers) ? 'chunked' : length === undefined ? 'none' : 'content-length';
  }

  /** As much as has come. */
  get body(): string {
    return this.#body.toString();
  }

  /** The value of a header that may occur once. */
  header(name: string): string | undefined {
    return value(this.headers, name);
  }

  /** Takes what belongs to its body. */
  takeBody(pending: ByteQueue): void {
    if (this.framing === 'chunked') {
      const { content, trailers, end, complete } = readChunked(pending.peek());
      this.#body.take(this.#body.length);
      this.#body.push(content);
      this.trailers = trailers;
      this.complete = complete;
      pending.take(end);
    } else {
      this.#body.push(pending.take(this.#length - this.#body.length));
      this.complete = this.#body.length === this.#length;
    }
  }

  /** Waits for its last byte. @throws when the connection ends first */
  whole(): Promise<this> {
    return this.#changes.until(
      () => `the rest of ${JSON.stringify(this.line)}; ${this.#body.length} bytes of body came`,
      () => {
        if (this.complete) return this;
        if (this.connection.end !== undefined) throw new Error('the connection ended in the middle of the request');
        return undefined;
      },
    );
  }

  /** Waits until so much of its body came. */
  bodyBytes(count: number): Promise<string> {
    return this.#changes.until(
      () => `${count} bytes of body; so far ${this.#body.length}`,
      () => (this.#body.length >= count ? this.body : undefined),
    );
  }
}
