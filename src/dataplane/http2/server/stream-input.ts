import { DataPiece } from '../../bodies/data-piece.ts';
import { KeptData } from '../../bodies/kept-data.ts';
import type { DownstreamHandler } from '../../pipeline/ports.ts';
import type { ReadBuffers } from '../../transport/read-buffers.ts';
import type { Stashes } from '../../transport/stash.ts';
import type { Outbox } from '../outbox.ts';
import { STREAM_WINDOW } from './limits.ts';

/** What all streams of a connection receive through. */
export interface Receiving {
  readonly outbox: Outbox;
  readonly stashes: Stashes;
  readonly buffers: ReadBuffers;
  /** Bytes of all streams that wait. */
  keptBytes: number;
}

/** A request is read to its end, and no tunnel follows. */
const BODY = 0;
/** What comes is for a tunnel that the upstream has not opened yet. */
const TUNNEL_ASKED = 1;
const TUNNEL = 2;

/**
 * The request's side of a stream. Data that is not taken yet waits here; only what was taken opens the window again, so that no
 * more can wait than the window has (RFC 9113 section 5.2).
 */
export class StreamInput {
  /** The client has said that nothing more comes. */
  isEnded = false;
  /** All of it was handed on. */
  isComplete = true;
  /** Bytes that the client may send; below 0 it has broken its promise. */
  window = 0;
  /** Bytes of data that have come. */
  size = 0;
  trailers = '';
  #receiving: Receiving;
  readonly #kept: KeptData;
  readonly #piece: DataPiece;
  #id = 0;
  #state = BODY;
  #isPaused = false;
  #isHandingOn = false;
  /** The end waits, too. */
  #isEndKept = false;
  /** Taken, and not yet said to the client. */
  #credit = 0;

  constructor(receiving: Receiving) {
    this.#receiving = receiving;
    this.#kept = new KeptData(receiving.stashes);
    this.#piece = new DataPiece(receiving.buffers);
  }

  /** @param isTunnel the stream asks for one */
  begin(receiving: Receiving, id: number, isEnded: boolean, isTunnel: boolean): void {
    this.#receiving = receiving;
    this.#id = id;
    this.isEnded = isEnded;
    this.isComplete = isEnded || isTunnel;
    this.window = STREAM_WINDOW;
    this.size = 0;
    this.trailers = '';
    this.#state = isTunnel ? TUNNEL_ASKED : BODY;
    this.#isPaused = false;
    this.#isHandingOn = false;
    this.#isEndKept = false;
    this.#credit = 0;
  }

  get isTunnel(): boolean {
    return this.#state === TUNNEL;
  }

  get hasKept(): boolean {
    return this.#kept.size > 0 || this.#isEndKept;
  }

  /** Takes data, or the end. */
  take(handler: DownstreamHandler, bytes: Buffer, start: number, end: number, endsStream: boolean): void {
    this.size += end - start;
    if (endsStream) this.isEnded = true;
    if (this.#isOpenFor(handler) && !this.hasKept) {
      this.#handOn(handler, bytes, start, end, endsStream);
    } else {
      this.#kept.add(bytes, start, end);
      this.#receiving.keptBytes += end - start;
      this.#isEndKept = endsStream;
    }
  }

  /** Padding, which counts for the windows alone. */
  takePadding(size: number): void {
    this.#credit += size;
  }

  pause(): void {
    this.#isPaused = true;
  }

  /** Hands on what waits, and lets the client send on. */
  resume(handler: DownstreamHandler): void {
    this.#isPaused = false;
    if (this.#isHandingOn) return;
    if (this.hasKept && this.#isOpenFor(handler)) {
      const kept = this.#kept;
      const endsStream = this.#isEndKept;
      this.#isEndKept = false;
      try {
        this.#handOn(handler, kept.bytes, kept.start, kept.start + kept.size, endsStream);
      } finally {
        this.#dropKept();
      }
    } else {
      this.#giveCredit();
    }
  }

  /** The upstream has opened the tunnel that the stream asks for. */
  becomeTunnel(handler: DownstreamHandler): void {
    this.#state = TUNNEL;
    this.resume(handler);
  }

  /** Drops what waits. */
  clear(): void {
    this.#dropKept();
    this.#isEndKept = false;
    this.#credit = 0;
    this.#piece.clear();
  }

  #dropKept(): void {
    this.#receiving.keptBytes -= this.#kept.size;
    this.#kept.clear();
  }

  #isOpenFor(handler: DownstreamHandler): boolean {
    if (this.#isPaused || this.#isHandingOn) return false;
    return this.#state === TUNNEL || (this.#state === BODY && handler.takesBody);
  }

  #handOn(handler: DownstreamHandler, bytes: Buffer, start: number, end: number, isLast: boolean): void {
    const piece = this.#piece;
    piece.set(bytes, start, end, isLast, this.trailers);
    this.#credit += end - start;
    // A request may end in here, and what it ends must not be handed on from inside.
    this.#isHandingOn = true;
    try {
      if (this.#state === TUNNEL) {
        if (end > start) handler.tunnelFromClient(piece);
        // A browser ends its side with the last message of a WebSocket, and waits for the answer to it.
        if (isLast) handler.clientEndedTunnel(true);
      } else {
        this.isComplete = isLast;
        handler.data(piece);
      }
    } finally {
      this.#isHandingOn = false;
    }
    if (!this.#isPaused) this.#giveCredit();
  }

  /** Says what was taken when it is worth a frame. */
  #giveCredit(): void {
    const credit = this.#credit;
    if (this.isEnded || credit < STREAM_WINDOW / 2) return;
    this.#credit = 0;
    this.window += credit;
    this.#receiving.outbox.windowUpdate(this.#id, credit);
  }
}
