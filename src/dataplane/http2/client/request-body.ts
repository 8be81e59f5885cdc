import { DataPiece } from '../../bodies/data-piece.ts';
import type { BodyPiece, KeptBody } from '../../pipeline/ports.ts';
import type { ClientMemory } from '../../transport/client-memory.ts';
import type { ReadBuffers } from '../../transport/read-buffers.ts';
import type { Stashes } from '../../transport/stash.ts';

const NOTHING = Buffer.alloc(0);

/** Of each body so much is kept for an upstream that gets the request next. */
const MAX_KEPT_BYTES = 64 * 1024;

export interface RequestBodyContext {
  readonly memory: ClientMemory;
  readonly stashes: Stashes;
  readonly buffers: ReadBuffers;
}

/**
 * The body of a request on its way: what may not be sent yet, and what was sent, until it is certain that no other upstream
 * will need it.
 */
export class RequestBody {
  /** The last piece has come. */
  isComplete = false;
  /** Trailer lines that go on behind the last piece. */
  trailers = '';
  readonly #context: RequestBodyContext;
  #keepsSent = true;
  #buffer: Buffer | undefined;
  // Places in the body: of the first byte in the buffer, behind the last one sent, and behind the last one that came.
  #start = 0;
  #sent = 0;
  #end = 0;

  constructor(context: RequestBodyContext) {
    this.#context = context;
  }

  /** Bytes that wait to be sent. */
  get waiting(): number {
    return this.#end - this.#sent;
  }

  /** Takes a piece. @param sent so many of its first bytes have been sent: none where others wait */
  add(piece: BodyPiece, sent: number): void {
    if (piece.isLast) {
      this.isComplete = true;
      this.trailers = piece.trailers;
    }
    if (this.#keepsSent && (this.#end + piece.size > MAX_KEPT_BYTES || !this.#context.memory.isPlentiful))
      this.forgetSent();
    const first = this.#keepsSent ? 0 : sent;
    const size = piece.size - first;
    if (this.#buffer === undefined) this.#start = this.#end + first;
    if (size > 0) piece.copy(this.#roomFor(size), this.#end + first - this.#start, first, piece.size);
    this.#end += piece.size;
    this.#sent += sent;
  }

  /** Sends what waits, up to so many bytes. @param send gets the bytes, from `start` to `end` */
  send(most: number, send: (bytes: Buffer, start: number, end: number) => void): void {
    const size = Math.min(most, this.waiting);
    const start = this.#sent - this.#start;
    send(this.#buffer as Buffer, start, start + size);
    this.#sent += size;
    if (!this.#keepsSent && this.waiting === 0) this.#giveBack();
  }

  /** No other upstream will get the request. */
  forgetSent(): void {
    this.#keepsSent = false;
    if (this.waiting === 0) this.#giveBack();
  }

  /** The request is over. */
  clear(): void {
    this.#sent = this.#end;
    this.forgetSent();
  }

  /** Everything that has come of it, for another upstream; undefined where it is no longer kept. */
  handOver(): KeptBody | undefined {
    const buffer = this.#buffer;
    if (!this.#keepsSent || (buffer === undefined && !this.isComplete)) {
      this.clear();
      return undefined;
    }
    this.#buffer = undefined;
    this.#keepsSent = false;
    return new KeptRequestBody(this.#context, buffer, this.#end, this);
  }

  #giveBack(): void {
    if (this.#buffer !== undefined) this.#context.stashes.giveBack(this.#buffer);
    this.#buffer = undefined;
  }

  /** The buffer, with room for more bytes behind those in it. */
  #roomFor(size: number): Buffer {
    const old = this.#buffer;
    if (old !== undefined && this.#end - this.#start + size <= old.length) return old;
    const { stashes } = this.#context;
    if (old === undefined) {
      this.#buffer = stashes.take(size);
    } else {
      const start = this.#keepsSent ? this.#start : this.#sent;
      this.#buffer = stashes.take(this.#end - start + size);
      old.copy(this.#buffer, 0, start - this.#start, this.#end - this.#start);
      stashes.giveBack(old);
      this.#start = start;
    }
    return this.#buffer;
  }
}

class KeptRequestBody extends DataPiece implements KeptBody {
  readonly #stashes: Stashes;
  #buffer: Buffer | undefined;

  constructor({ buffers, stashes }: RequestBodyContext, buffer: Buffer | undefined, size: number, body: RequestBody) {
    super(buffers);
    this.#stashes = stashes;
    this.#buffer = buffer;
    this.set(buffer ?? NOTHING, 0, size, body.isComplete, body.trailers);
  }

  release(): void {
    if (this.#buffer !== undefined) this.#stashes.giveBack(this.#buffer);
    this.#buffer = undefined;
  }
}
