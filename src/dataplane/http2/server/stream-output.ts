import { KeptData } from '../../bodies/kept-data.ts';
import type { BodyPiece } from '../../pipeline/ports.ts';
import type { Stashes } from '../../transport/stash.ts';
import { FRAME_HEAD_BYTES } from '../frames.ts';
import type { HpackEncoder } from '../hpack/encoder.ts';
import type { Outbox } from '../outbox.ts';

/**
 * Less than this in one send-timeout is no progress: a client that opens its window byte by byte would hold what waits for ever
 * (CVE-2016-1546 and its kin).
 */
const LEAST_PROGRESS_BYTES = 4 * 1024;

/** What all streams of a connection send through. */
export interface Sending {
  readonly outbox: Outbox;
  readonly encoder: HpackEncoder;
  readonly stashes: Stashes;
  /** Bytes that the client takes of all streams together. */
  sendWindow: number;
  /** The connection counts what goes out. */
  sent(size: number, isHead: boolean): void;
}

/** The response's side of a stream: what the windows do not take yet waits here (RFC 9113 section 5.2). */
export class StreamOutput {
  /** Bytes that the client takes of this stream. */
  window = 0;
  /** END_STREAM is sent. */
  isEnded = false;
  /** Bytes of frames. */
  sentBytes = 0;
  readonly #kept: KeptData;
  #sending: Sending;
  #id = 0;
  #isLast = false;
  #trailers = '';
  /** Of what waited, sent since takesSome() was asked last. */
  #progress = 0;

  constructor(sending: Sending) {
    this.#sending = sending;
    this.#kept = new KeptData(sending.stashes);
  }

  begin(sending: Sending, id: number, window: number): void {
    this.#sending = sending;
    this.#id = id;
    this.window = window;
    this.isEnded = false;
    this.sentBytes = 0;
    this.#isLast = false;
    this.#trailers = '';
    this.#progress = 0;
  }

  /** Bytes wait, or the end does. */
  get isWaiting(): boolean {
    return this.#kept.size > 0 || (this.#isLast && !this.isEnded);
  }

  /** What could be sent at once, as far as the windows go. */
  get room(): number {
    return Math.min(this.window, this.#sending.sendWindow);
  }

  /** What waits needs no window: only the end does, or trailers. */
  get awaitsNoWindow(): boolean {
    return this.#kept.size === 0;
  }

  takesSome(): boolean {
    const takes = this.#progress >= LEAST_PROGRESS_BYTES;
    this.#progress = 0;
    return takes;
  }

  /** The head of a response, or a 1xx one. @param lines of its headers */
  sendHead(status: number, lines: string, endsStream: boolean): void {
    const { encoder } = this.#sending;
    encoder.begin();
    encoder.status(status);
    encoder.lines(lines);
    this.#sendEncoded(endsStream);
  }

  /** Sends a piece of the body as far as the windows and the connection take it, and keeps the rest. */
  write(piece: BodyPiece): void {
    const { outbox } = this.#sending;
    const { size, isLast, trailers } = piece;
    const sent = this.isWaiting || outbox.isBlocked ? 0 : Math.max(0, Math.min(size, this.room));
    const isWhole = sent === size && !this.isWaiting && !outbox.isBlocked;
    const endsStream = isWhole && isLast && trailers === '';
    if (sent > 0 || endsStream) {
      outbox.data(this.#id, piece, 0, sent, endsStream);
      this.#count(sent, endsStream);
    }
    if (isLast && isWhole && trailers !== '') this.#sendTrailers(trailers);
    if (isWhole) return;
    this.#kept.addPiece(piece, sent);
    this.#isLast = isLast;
    this.#trailers = trailers;
  }

  /** @param most bytes of what waits @returns whether more waits for the connection alone */
  sendWaiting(most: number): boolean {
    const { outbox } = this.#sending;
    const kept = this.#kept;
    const waiting = kept.size;
    const sent = Math.max(0, Math.min(waiting, this.room, most));
    const isWhole = sent === waiting;
    const endsStream = isWhole && this.#isLast && this.#trailers === '';
    if (sent > 0 || endsStream) {
      outbox.data(this.#id, kept.bytes, kept.start, kept.start + sent, endsStream);
      this.#count(sent, endsStream);
      this.#progress += sent;
      if (sent > 0) kept.drop(sent);
    }
    if (isWhole && this.#isLast && !this.isEnded) this.#sendTrailers(this.#trailers);
    return this.isWaiting && this.window > 0;
  }

  /** Nothing follows what was written. */
  end(): void {
    this.#isLast = true;
    if (this.#kept.size === 0) this.sendWaiting(0);
  }

  /** Drops what waits. */
  clear(): void {
    this.#kept.clear();
    this.#isLast = false;
  }

  #sendTrailers(lines: string): void {
    const { encoder } = this.#sending;
    encoder.begin();
    encoder.lines(lines);
    this.#sendEncoded(true);
  }

  #count(size: number, endsStream: boolean): void {
    this.window -= size;
    this.#sending.sendWindow -= size;
    this.#sending.sent(size, false);
    this.sentBytes += FRAME_HEAD_BYTES + size;
    if (endsStream) this.isEnded = true;
  }

  /** Sends the header block that the encoder holds. */
  #sendEncoded(endsStream: boolean): void {
    const { outbox, encoder } = this.#sending;
    this.sentBytes += FRAME_HEAD_BYTES + encoder.size;
    if (endsStream) this.isEnded = true;
    outbox.headers(this.#id, encoder, endsStream);
    this.#sending.sent(encoder.size, true);
  }
}
