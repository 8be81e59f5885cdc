/** A client that speaks HTTP/2 frame by frame: it sends exactly what a test gives it, and keeps exactly what came. */
import { AssertionError } from 'node:assert';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { HpackDecoder } from '../../src/dataplane/http2/hpack/decoder.ts';
import type { ListenAddress } from '../../src/formats/listen-address.ts';
import { ByteQueue } from './byte-queue.ts';
import { atEnd } from './cleanup.ts';
import { Changes } from './eventually.ts';
import { type Fields, literals } from './http2-fields.ts';
import { type Frame, frame, settings, uint32 } from './http2-frames.ts';

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const [DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION] = [0, 1, 3, 4, 6, 7, 8, 9];
const [END_STREAM, ACK, END_HEADERS] = [1, 1, 4];
const MOST_BYTES = 16_384;
const LIMITS = { bytes: Infinity, fields: Infinity };

/** What came on one stream. */
export interface StreamState {
  /** The final response's; 0 until it comes. */
  status: number;
  fields: Fields;
  readonly interim: { readonly status: number; readonly fields: Fields }[];
  trailers: Fields;
  body: string;
  /** The server has ended its side. */
  isEnded: boolean;
  /** The code of RST_STREAM. */
  resetCode: number | undefined;
}

export interface ClientOptions {
  /** The first SETTINGS; undefined: an empty frame. */
  readonly settings?: readonly (readonly [id: number, value: number])[];
  /** Nothing is sent, also no preface and no acknowledgement. */
  readonly isSilent?: boolean;
  /** WINDOW_UPDATE is left to the test. */
  readonly keepsWindows?: boolean;
  /** A connection that is there already. */
  readonly socket?: Socket;
}

export class Http2Client {
  readonly socket: Socket;
  /** All frames that came, in order. */
  readonly frames: Frame[] = [];
  /** How the server ended the connection. */
  end: 'fin' | 'reset' | undefined;
  /** The code of the last GOAWAY. */
  goawayCode: number | undefined;
  /** What each GOAWAY said of the last stream. */
  readonly lastIds: number[] = [];
  /** The server's settings by identifier. */
  readonly settings = new Map<number, number>();
  readonly changes = new Changes();
  readonly #received = new ByteQueue();
  readonly #decoder = new HpackDecoder(4096, LIMITS);
  readonly #streams = new Map<number, StreamState>();
  readonly #keepsWindows: boolean;
  readonly #isSilent: boolean;
  /** Bytes of data by stream. */
  readonly #sent = new Map<number, number>();
  #nextId = 1;
  #block: Buffer[] = [];

  private constructor(socket: Socket, { isSilent = false, keepsWindows = false, ...options }: ClientOptions) {
    this.socket = socket;
    this.#keepsWindows = keepsWindows;
    this.#isSilent = isSilent;
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    socket.on('end', () => this.#ended('fin'));
    socket.on('error', () => this.#ended('reset'));
    socket.on('close', () => this.#ended('reset'));
    if (!isSilent) this.send(PREFACE, frame(SETTINGS, 0, 0, settings(...(options.settings ?? []))));
  }

  /** A connection that is closed with the test. */
  static async connect(t: TestContext, address: ListenAddress, options: ClientOptions = {}): Promise<Http2Client> {
    const socket = options.socket ?? (await connected(address));
    atEnd(t, () => void socket.destroy());
    return new Http2Client(socket, options);
  }

  /** Sends frames, or any other bytes, in one go. */
  send(...pieces: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(pieces));
  }

  // Streams.

  /** Opens the next stream. @param body undefined: it stays open */
  request(fields: Fields, body?: string): number {
    const id = this.#nextId;
    this.#nextId += 2;
    this.headers(id, fields, body === '');
    if (body !== undefined && body !== '') this.data(id, body, true);
    return id;
  }

  headers(id: number, fields: Fields, endsStream = false): void {
    this.send(headersFrame(id, fields, endsStream));
  }

  data(id: number, body: string, endsStream = false): void {
    const bytes = Buffer.from(body, 'latin1');
    this.#sent.set(id, (this.#sent.get(id) ?? 0) + bytes.length);
    let at = 0;
    do {
      const end = Math.min(at + 16_384, bytes.length);
      this.send(frame(DATA, endsStream && end === bytes.length ? END_STREAM : 0, id, bytes.subarray(at, end)));
      at = end;
    } while (at < bytes.length);
  }

  /** Bytes of data that the server's windows allow on a stream. */
  sendRoom(id: number): number {
    const widened = (of: number): number =>
      this.ofType(WINDOW_UPDATE)
        .filter(({ streamId }) => streamId === of)
        .reduce((sum, { payload }) => sum + payload.readUInt32BE(0), 0);
    const ofStream = (this.settings.get(4) ?? 65_535) + widened(id) - (this.#sent.get(id) ?? 0);
    const total = [...this.#sent.values()].reduce((sum, size) => sum + size, 0);
    return Math.min(ofStream, 65_535 + widened(0) - total);
  }

  reset(id: number, code = 8): void {
    this.send(frame(RST_STREAM, 0, id, uint32(code)));
  }

  windowUpdate(id: number, increment: number): void {
    this.send(frame(WINDOW_UPDATE, 0, id, uint32(increment)));
  }

  stream(id: number): StreamState {
    let state = this.#streams.get(id);
    if (state === undefined) {
      const none = { status: 0, fields: [], interim: [], trailers: [], body: '', isEnded: false, resetCode: undefined };
      state = none;
      this.#streams.set(id, state);
    }
    return state;
  }

  /** Waits until a stream has ended in a proper way. */
  response(id: number): Promise<StreamState> {
    return this.until(`the response of stream ${id}`, () => {
      const state = this.stream(id);
      if (state.isEnded) return state;
      if (state.resetCode !== undefined) throw new AssertionError({ message: `reset with ${state.resetCode}` });
      return undefined;
    });
  }

  /** A request on a stream of its own, and its response. */
  exchange(fields: Fields, body = ''): Promise<StreamState> {
    return this.response(this.request(fields, body));
  }

  /** Waits for RST_STREAM. @returns its code */
  resetOf(id: number): Promise<number> {
    return this.until(`RST_STREAM of stream ${id}`, () => this.stream(id).resetCode);
  }

  // The connection.

  /** Waits for a GOAWAY that ends the connection with an error. @returns its code */
  goaway(): Promise<number> {
    return this.until('GOAWAY', () => this.goawayCode);
  }

  closed(): Promise<'fin' | 'reset'> {
    return this.until('the end of the connection', () => this.end);
  }

  /** Returns when the server has answered all that was sent before, as far as it answers at once. */
  async settled(): Promise<void> {
    const seen = this.frames.length;
    const payload = Buffer.alloc(8, 'ping');
    this.send(frame(PING, 0, 0, payload));
    await this.until('the answer to PING', () => {
      const isAnswer = ({ type, flags, payload: came }: Frame): boolean =>
        type === PING && flags === ACK && came.equals(payload);
      return this.end !== undefined || this.frames.slice(seen).some(isAnswer) ? true : undefined;
    });
  }

  /** Frames of a type that have come. */
  ofType(type: number): Frame[] {
    return this.frames.filter(each => each.type === type);
  }

  /** Waits until something is there. */
  until<T>(what: string, probe: () => T | undefined): Promise<T> {
    return this.changes.until(
      () => `${what}; of ${this.frames.length} frames the last are ${this.frames.slice(-8).map(shown).join(', ')}`,
      probe,
    );
  }

  #take(bytes: Buffer): void {
    this.#received.push(bytes);
    while (this.#received.length >= 9) {
      const head = this.#received.peek();
      const size = head.readUIntBE(0, 3);
      if (this.#received.length < 9 + size) break;
      const whole = this.#received.take(9 + size);
      const [type, flags, streamId] = [whole.readUInt8(3), whole.readUInt8(4), whole.readUInt32BE(5)];
      const one = { type, flags, streamId, payload: Buffer.from(whole.subarray(9)) };
      this.frames.push(one);
      this.#read(one);
    }
    this.changes.announce();
  }

  #read(one: Frame): void {
    const { type, flags, streamId, payload } = one;
    const hasEnd = (flags & END_STREAM) !== 0;
    if (type === SETTINGS && flags !== ACK) {
      for (let at = 0; at < payload.length; at += 6)
        this.settings.set(payload.readUInt16BE(at), payload.readUInt32BE(at + 2));
      if (!this.#isSilent) this.send(frame(SETTINGS, ACK, 0));
    } else if (type === DATA) {
      this.stream(streamId).body += payload.toString('latin1');
      if (hasEnd) this.stream(streamId).isEnded = true;
      if (!this.#keepsWindows && payload.length > 0) {
        this.windowUpdate(0, payload.length);
        if (!hasEnd) this.windowUpdate(streamId, payload.length);
      }
    } else if (type === HEADERS || type === CONTINUATION) {
      this.#block.push(payload);
      if (type === HEADERS && hasEnd) this.stream(streamId).isEnded = true;
      if ((flags & END_HEADERS) !== 0) this.#readBlock(this.stream(streamId));
    } else if (type === RST_STREAM) {
      this.stream(streamId).resetCode = payload.readUInt32BE(0);
    } else if (type === GOAWAY) {
      this.goawayCode = payload.readUInt32BE(4);
      this.lastIds.push(payload.readUInt32BE(0));
    } else if (type === PING && flags !== ACK) {
      this.send(frame(PING, ACK, 0, payload));
    }
  }

  #readBlock(state: StreamState): void {
    const block = Buffer.concat(this.#block);
    this.#block = [];
    const fields: [string, string][] = [];
    this.#decoder.decode(block, 0, block.length, { field: ({ name, value }) => fields.push([name, value]) });
    const [first] = fields;
    const status = first?.[0] === ':status' ? Number(first[1]) : 0;
    if (status === 0) state.trailers = fields;
    else if (status < 200) state.interim.push({ status, fields: fields.slice(1) });
    else Object.assign(state, { status, fields: fields.slice(1) });
  }

  #ended(end: 'fin' | 'reset'): void {
    this.end ??= end;
    this.changes.announce();
  }
}

/** A header block as HEADERS, and CONTINUATION where it is long. */
export function headersFrame(id: number, fields: Fields, endsStream = false): Buffer {
  const block = literals(fields);
  const frames: Buffer[] = [];
  for (let at = 0; at === 0 || at < block.length; at += MOST_BYTES) {
    const isLast = at + MOST_BYTES >= block.length;
    const flags = (isLast ? END_HEADERS : 0) | (at === 0 && endsStream ? END_STREAM : 0);
    frames.push(frame(at === 0 ? HEADERS : CONTINUATION, flags, id, block.subarray(at, at + MOST_BYTES)));
  }
  return Buffer.concat(frames);
}

/** The value of a field; undefined without it. */
export function fieldOf(fields: Fields, name: string): string | undefined {
  return fields.find(([each]) => each === name)?.[1];
}

async function connected(address: ListenAddress): Promise<Socket> {
  const socket = connect({ ...address, allowHalfOpen: true });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return socket;
}

function shown({ type, flags, streamId, payload }: Frame): string {
  return `type ${type} flags ${flags} stream ${streamId} size ${payload.length}`;
}
