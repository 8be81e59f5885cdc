import { takesTrailers, upstreamLines } from '../../fields/upstream-fields.ts';
import type { BodyPiece, OutgoingRequest } from '../../pipeline/ports.ts';
import type { Transport } from '../../transport/transport.ts';
import {
  CLIENT_PREFACE,
  DEFAULT_FRAME_BYTES,
  DEFAULT_WINDOW,
  FLOW_CONTROL_ERROR,
  Http2Error,
  MAX_INT31,
  SETTINGS_ENABLE_PUSH,
  SETTINGS_INITIAL_WINDOW_SIZE,
  SETTINGS_MAX_HEADER_LIST_SIZE,
} from '../frames.ts';
import type { HpackEncoder } from '../hpack/encoder.ts';
import type { Outbox } from '../outbox.ts';
import { CONNECTION_WINDOW, MAX_HEAD_BYTES, STREAM_WINDOW } from './limits.ts';
import type { RequestBody } from './request-body.ts';

const NOTHING = Buffer.alloc(0);

const SETTINGS = [
  [SETTINGS_ENABLE_PUSH, 0],
  [SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW],
  [SETTINGS_MAX_HEADER_LIST_SIZE, MAX_HEAD_BYTES],
] as const;

/** A stream, as the sender of its request sees it. */
export interface SendingStream {
  id: number;
  /** Bytes of DATA that the upstream takes; below 0 when it has taken some back (RFC 9113 section 6.9.2). */
  sendWindow: number;
  readonly body: RequestBody;
  /** Some of what waited has been sent. */
  drained(): void;
}

/** What goes out on one connection to an upstream, within the windows of flow control (RFC 9113 section 5.2). */
export class StreamSender {
  readonly #transport: Transport;
  readonly #outbox: Outbox;
  readonly #encoder: HpackEncoder;
  readonly #scheme: 'http' | 'https';
  #nextId = 1;
  /** Grows with each head and each byte of DATA that goes out. */
  progress = 0;
  /** Bytes of DATA that the upstream takes on all streams. */
  #window = DEFAULT_WINDOW;
  /** Of a new stream. */
  #initialWindow = DEFAULT_WINDOW;
  /** Streams whose bytes wait, in the order of their turns. */
  readonly #waiting = new Set<SendingStream>();

  constructor(transport: Transport, outbox: Outbox, encoder: HpackEncoder, scheme: 'http' | 'https') {
    this.#transport = transport;
    this.#outbox = outbox;
    this.#encoder = encoder;
    this.#scheme = scheme;
  }

  /** Bytes that were written to the connection. */
  get sentBytes(): number {
    return this.#transport.sentBytes;
  }

  /** Whether a stream has had this number, or has it. */
  hasUsed(streamId: number): boolean {
    return streamId < this.#nextId && streamId % 2 === 1;
  }

  begin(): void {
    this.#transport.writeSoon(CLIENT_PREFACE.toString('latin1'));
    this.#outbox.settings(SETTINGS);
    this.#outbox.windowUpdate(0, CONNECTION_WINDOW - DEFAULT_WINDOW);
  }

  sendHead(stream: SendingStream, request: OutgoingRequest, endsStream: boolean): void {
    const { head } = request;
    const encoder = this.#encoder;
    encoder.begin();
    encoder.pseudo(':method', head.method);
    encoder.pseudo(':scheme', this.#scheme);
    encoder.pseudo(':authority', request.host);
    encoder.pseudo(':path', request.target);
    let framing = takesTrailers(head) ? 'te: trailers\r\n' : '';
    if (!head.isChunked && head.contentLength >= 0) framing += `content-length: ${head.contentLength}\r\n`;
    encoder.lines(upstreamLines(request, framing));
    stream.id = this.#nextId;
    stream.sendWindow = this.#initialWindow;
    this.#nextId += 2;
    this.progress += 1;
    this.#outbox.headers(stream.id, encoder, endsStream);
  }

  /** Sends as much of a piece as may go out now. @param mayEnd the request ends with it @returns how many bytes went out */
  sendData(stream: SendingStream, piece: BodyPiece, mayEnd: boolean): number {
    const size = Math.min(piece.size, this.#roomOf(stream));
    const endsStream = mayEnd && size === piece.size;
    if (size > 0 || endsStream) this.#data(stream, piece, 0, size, endsStream);
    if (size < piece.size) this.#waiting.add(stream);
    return size;
  }

  /** The end of a request whose body has gone out. @param trailers lines, each with its line end */
  sendEnd(stream: SendingStream, trailers: string): void {
    if (trailers === '') {
      this.#outbox.data(stream.id, NOTHING, 0, 0, true);
      return;
    }
    this.#encoder.begin();
    this.#encoder.lines(trailers);
    this.#outbox.headers(stream.id, this.#encoder, true);
  }

  reset(streamId: number, code: number): void {
    this.#outbox.reset(streamId, code);
  }

  giveWindow(streamId: number, increment: number): void {
    this.#outbox.windowUpdate(streamId, increment);
  }

  /** A stream is over. */
  forget(stream: SendingStream): void {
    this.#waiting.delete(stream);
  }

  /** WINDOW_UPDATE for the connection. */
  windowGrew(increment: number): void {
    this.#window += increment;
    if (this.#window > MAX_INT31) throw new Http2Error(FLOW_CONTROL_ERROR, 'a window beyond 2^31-1');
    this.sendWaiting();
  }

  /** The windows of new streams, and by how much those of others change with them (RFC 9113 section 6.9.2). */
  initialWindowChanged(initialWindow: number, streams: Iterable<SendingStream>): void {
    const change = initialWindow - this.#initialWindow;
    if (change === 0) return;
    this.#initialWindow = initialWindow;
    for (const stream of streams) {
      stream.sendWindow += change;
      if (stream.sendWindow > MAX_INT31) throw new Http2Error(FLOW_CONTROL_ERROR, 'a window beyond 2^31-1');
    }
    this.sendWaiting();
  }

  /** There may be room: each stream that waits gets a frame in turn. */
  sendWaiting(): void {
    const moved = new Set<SendingStream>();
    for (const stream of this.#waiting) {
      const room = Math.min(this.#roomOf(stream), DEFAULT_FRAME_BYTES);
      if (room <= 0) continue;
      stream.body.send(room, (bytes, start, end) => this.#data(stream, bytes, start, end, false));
      moved.add(stream);
      this.#waiting.delete(stream);
      // Behind the others, so that it gets its next turn in this very loop.
      if (stream.body.waiting > 0) this.#waiting.add(stream);
    }
    for (const stream of moved) stream.drained();
  }

  #roomOf({ sendWindow }: SendingStream): number {
    return this.#outbox.isBlocked ? 0 : Math.max(0, Math.min(sendWindow, this.#window));
  }

  #data(stream: SendingStream, bytes: Pick<BodyPiece, 'copy'>, start: number, end: number, ends: boolean): void {
    stream.sendWindow -= end - start;
    this.#window -= end - start;
    this.progress += end - start;
    this.#outbox.data(stream.id, bytes, start, end, ends);
  }
}
