import { AssertionError } from 'node:assert';
import { connect, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import type { ListenAddress } from '../../src/formats/listen-address.ts';
import { ByteQueue } from './byte-queue.ts';
import { Changes, DEADLINE_MS, eventually } from './eventually.ts';
import {
  type Bytes,
  bytesOf,
  contentLength,
  type HeaderLine,
  isChunked,
  MalformedMessage,
  readChunked,
  readHead,
} from './raw-message.ts';

export interface ResponseHead {
  readonly version: string;
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly HeaderLine[];
  /** Status line to empty line, byte for byte. */
  readonly raw: string;
}

export interface RawResponse extends ResponseHead {
  readonly framing: 'none' | 'content-length' | 'chunked' | 'close';
  readonly body: string;
  readonly trailers: readonly HeaderLine[];
  /** The 1xx heads before it. */
  readonly interim: readonly ResponseHead[];
  /** False for a response that the end of the connection cut off. */
  readonly complete: boolean;
}

export interface ReadOptions {
  /** The request was HEAD: whatever the head says, no body follows. */
  readonly head?: boolean;
  readonly deadlineMs?: number;
}

/** How the server ended the connection. */
export type ConnectionEnd = 'fin' | 'reset';

/** A client that sends exactly the bytes it is given and reads exactly what comes. */
export class RawClient {
  readonly #socket: Socket;
  readonly #changes = new Changes();
  /** Received and not yet taken by a read. */
  readonly #received = new ByteQueue();
  #end: ConnectionEnd | undefined;
  /** All bytes that ever came. */
  receivedBytes = 0;

  protected constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.receivedBytes += chunk.length;
      this.#received.push(chunk);
      this.#changes.announce();
    });
    socket.on('end', () => this.#ended('fin'));
    socket.on('error', () => this.#ended('reset'));
    socket.on('close', () => this.#ended('reset'));
  }

  /** @param options.localAddress another address of 127.0.0.0/8 to be seen as another peer */
  static async connect(address: ListenAddress, options: { readonly localAddress?: string } = {}): Promise<RawClient> {
    // Half-open allowed: the server's FIN must not make this side close too, that is for the test to say.
    const socket = connect({ ...address, allowHalfOpen: true, ...options });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new RawClient(socket);
  }

  /** On TLS, whatever the server's certificate. @throws when the handshake fails */
  static async connectTls(address: ListenAddress, options: TlsClientOptions = {}): Promise<TlsClient> {
    const { localAddress, ...tlsOptions } = options;
    const carrier = connect({ ...address, allowHalfOpen: true, ...(localAddress && { localAddress }) });
    const socket = connectTls({ socket: carrier, rejectUnauthorized: false, ...tlsOptions });
    const client = new TlsClient(socket, carrier);
    await new Promise<void>((resolve, reject) => {
      socket.once('secureConnect', resolve);
      socket.once('error', reject);
      socket.once('close', () => reject(new Error('the connection ended in the handshake')));
    });
    return client;
  }

  /** What came and was not read yet. */
  get unread(): string {
    return this.#received.toString();
  }

  /** Sends each piece on its own, so that the server most likely reads it on its own. Errors show in the reading. */
  async send(...pieces: readonly Bytes[]): Promise<void> {
    for (const [index, piece] of pieces.entries()) {
      if (index > 0) for (let count = 0; count < 3; count += 1) await turn();
      await new Promise<void>(resolve => this.#socket.write(bytesOf(piece), () => resolve()));
    }
  }

  /** Gives bytes to the socket without waiting for them to go. @returns false when the socket has enough for now */
  push(bytes: Bytes): boolean {
    return this.#socket.write(bytesOf(bytes));
  }

  /** Sends FIN and goes on reading. */
  end(): void {
    this.#socket.end();
  }

  /** Sends RST. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Stops reading, so that the kernel's buffers fill. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Reads on until so many bytes have come in all, and then stops reading at once. */
  async readUpTo(total: number): Promise<void> {
    const stop = (): void => {
      if (this.receivedBytes >= total) this.pause();
    };
    this.#socket.on('data', stop);
    this.resume();
    await eventually(`${total} bytes to come`, () => this.receivedBytes >= total);
    this.#socket.off('data', stop);
  }

  /** The next final response, whole. */
  async response(options: ReadOptions = {}): Promise<RawResponse> {
    const response = await this.responseOrCut(options);
    if (!response.complete) {
      throw new AssertionError({ message: `cut off (${this.#end}) after ${JSON.stringify(response.raw)}` });
    }
    return response;
  }

  /** The next final response, which the end of the connection may have cut off. */
  responseOrCut(options: ReadOptions = {}): Promise<RawResponse> {
    return this.#wait('a response', options.deadlineMs, () => {
      const { response, consumed } = parseResponse(this.#received.peek(), options.head ?? false, this.#end);
      if (response === undefined) {
        if (this.#end === undefined) return undefined;
        throw new AssertionError({ message: `the connection ended (${this.#end}) without a response` });
      }
      this.#received.take(consumed);
      return response;
    });
  }

  /** The next head, interim or not, without what follows it. */
  head(options: ReadOptions = {}): Promise<ResponseHead> {
    return this.#wait('a response head', options.deadlineMs, () => {
      const head = parseHead(this.#received.peek());
      if (head !== undefined) this.#received.take(head.raw.length);
      else if (this.#end !== undefined) {
        throw new AssertionError({ message: `the connection ended (${this.#end}) without a head` });
      }
      return head;
    });
  }

  /** The next bytes, as text. */
  bytes(count: number, deadlineMs?: number): Promise<string> {
    return this.#wait(`${count} bytes`, deadlineMs, () => {
      return this.#received.length < count ? undefined : this.#received.take(count).toString('latin1');
    });
  }

  /** Waits for the end that the server makes. */
  closed(deadlineMs?: number): Promise<ConnectionEnd> {
    return this.#wait('the end of the connection', deadlineMs, () => this.#end);
  }

  get isOpen(): boolean {
    return this.#end === undefined;
  }

  #ended(end: ConnectionEnd): void {
    this.#end ??= end;
    this.#changes.announce();
  }

  #wait<T>(what: string, deadlineMs: number | undefined, probe: () => T | undefined): Promise<T> {
    const state = () => `${what}; received so far: ${JSON.stringify(this.unread.slice(0, 2_000))}`;
    return this.#changes.until(state, probe, deadlineMs ?? DEADLINE_MS);
  }
}

/** All responses in a text, for what a server sent until it closed. */
export function parseResponses(text: string): RawResponse[] {
  const responses: RawResponse[] = [];
  let rest = bytesOf(text);
  while (rest.length > 0) {
    const { response, consumed } = parseResponse(rest, false, 'fin');
    if (response === undefined) throw new MalformedMessage(`no response: ${JSON.stringify(rest.toString('latin1'))}`);
    responses.push(response);
    rest = rest.subarray(consumed);
  }
  return responses;
}

interface Parsed {
  /** Undefined while the head, or a body that the connection's end does not cut, is not complete. */
  readonly response: RawResponse | undefined;
  readonly consumed: number;
}

function parseResponse(bytes: Buffer, toHead: boolean, end: ConnectionEnd | undefined): Parsed {
  const interim: ResponseHead[] = [];
  let at = 0;
  for (;;) {
    const head = parseHead(bytes.subarray(at));
    if (head === undefined) return { response: undefined, consumed: 0 };
    at += head.raw.length;
    if (head.status >= 200 || head.status === 101) return finish(head, interim, bytes, at, toHead, end);
    interim.push(head);
  }
}

function finish(
  head: ResponseHead,
  interim: readonly ResponseHead[],
  bytes: Buffer,
  at: number,
  toHead: boolean,
  end: ConnectionEnd | undefined,
): Parsed {
  const rest = bytes.subarray(at);
  const make = (framing: RawResponse['framing'], body: Buffer, trailers: readonly HeaderLine[], complete: boolean) => ({
    ...head,
    interim,
    framing,
    body: body.toString('latin1'),
    trailers,
    complete,
  });
  const length = contentLength(head.headers);
  const chunked = isChunked(head.headers);
  if (toHead || head.status === 101 || head.status === 204 || head.status === 304) {
    return { response: make('none', Buffer.alloc(0), [], true), consumed: at };
  }
  if (chunked) {
    const { content, trailers, end: size, complete } = readChunked(rest);
    if (!complete && end === undefined) return { response: undefined, consumed: 0 };
    return { response: make('chunked', content, trailers, complete), consumed: complete ? at + size : bytes.length };
  }
  if (length !== undefined) {
    const complete = rest.length >= length;
    if (!complete && end === undefined) return { response: undefined, consumed: 0 };
    const body = rest.subarray(0, length);
    return { response: make('content-length', body, [], complete), consumed: at + body.length };
  }
  if (end === undefined) return { response: undefined, consumed: 0 };
  return { response: make('close', rest, [], end === 'fin'), consumed: bytes.length };
}

const PROTOCOL = 'HTTP/1.1 ';

function parseHead(bytes: Buffer): ResponseHead | undefined {
  const begin = bytes.toString('latin1', 0, PROTOCOL.length);
  if (!PROTOCOL.startsWith(begin))
    throw new MalformedMessage(`not the begin of a status line: ${JSON.stringify(begin)}`);
  const head = readHead(bytes);
  if (head === undefined) return undefined;
  const match = /^(HTTP\/1\.1) ([1-9]\d\d) ([\t\x20-\x7e\x80-\xff]*)$/.exec(head.startLine);
  if (match === null) throw new MalformedMessage(`status line ${JSON.stringify(head.startLine)}`);
  const [, version = '', status, reason = ''] = match;
  return { version, status: Number(status), reason, headers: head.headers, raw: head.raw };
}

export interface TlsClientOptions extends ConnectionOptions {
  readonly localAddress?: string;
}

/** What Node puts before a session and the length of its server's name. */
const NAMED_SESSION = Buffer.from('\0nodejs:tls:session:1\0');

/** A client on TLS. */
export class TlsClient extends RawClient {
  readonly tls: TLSSocket;
  /** The last one that the server has given, without the server's name: with it, Node offers it to no other. */
  session: Buffer | undefined;

  readonly #carrier: Socket;

  /** @param carrier the connection under it */
  constructor(socket: TLSSocket, carrier: Socket) {
    super(socket);
    this.#carrier = carrier;
    this.tls = socket;
    socket.on('session', session => {
      const name = NAMED_SESSION.length;
      const isNamed = session.subarray(0, name).equals(NAMED_SESSION);
      this.session = isNamed ? session.subarray(name + 2 + session.readUInt16BE(name)) : session;
    });
  }

  override reset(): void {
    this.#carrier.resetAndDestroy();
  }
}
