import type { Clock } from '../../clock.ts';
import type { BodyPiece } from '../pipeline/ports.ts';
import type { Guarded } from '../runtime/guard.ts';
import type { Stashes } from '../transport/stash.ts';
import type { BodySink, BodyTransform } from './body-transform.ts';
import type { DataPiece } from './data-piece.ts';
import type { Encoder, EncoderOutput, EncoderStep } from './encoder.ts';
import { KeptData } from './kept-data.ts';

/** How long after a flush bytes wait for others, before they are flushed too. */
export const FLUSH_MS = 10;

/** What the compressions of a worker share. */
export interface SharedByCompressions {
  readonly clock: Clock;
  readonly stashes: Stashes;
  /** Where encoders write: what is there is passed on before another one has its turn. */
  readonly output: Buffer;
  /** For what is passed on. */
  readonly piece: DataPiece;
  /** Takes a share of this turn. @returns bytes of it: none where it is used up */
  share(most: number): number;
  /** Some of its bytes wait for another turn. */
  waits(compression: Compression): void;
  /** Some of its bytes have come too soon after others, and have to go out all the same. */
  flushSoon(compression: Compression): void;
  /** The body of a compression is over. */
  ended(compression: Compression, encoder: Encoder): void;
}

/** So much is encoded as soon as it has come. Less than that waits for more, or for {@link FLUSH_MS}. */
const GATHERED_BYTES = 16 * 1024;
/**
 * What one body gets before another one has its turn. The memory of an encoder does not stay in the processor's caches beside that
 * of many others: with 16 KiB at a time, sixteen bodies took twice the CPU time.
 */
const SHARE_BYTES = 64 * 1024;
/** A piece is copied here before it is encoded: it may lie in several places. */
const input = Buffer.allocUnsafeSlow(SHARE_BYTES);

/**
 * Compresses one body. What the client does not take is not compressed: it waits, and no more than had been read before.
 *
 * What has come goes out at once, unless that was done less than {@link FLUSH_MS} before: then it goes out when this time has passed,
 * or as soon as it is {@link GATHERED_BYTES}. A body that comes in pieces of that size and more goes out as the encoder fills its
 * blocks, and is flushed when no such piece has come for {@link FLUSH_MS}: a flush costs time, and ends a block too soon. A page that the upstream sends bit by bit is thus seen bit by bit, and a flood of tiny pieces costs
 * a hundred flushes a second, and compresses well: brotli at this level looks for what is alike in each piece alone.
 */
export class Compression implements BodyTransform, EncoderOutput, Guarded {
  used = 0;
  readonly #shared: SharedByCompressions;
  readonly #sink: BodySink;
  readonly #waiting: KeptData;
  /** Undefined when the body is over. */
  #encoder: Encoder | undefined;
  /** The last piece has come. */
  #isLast = false;
  #trailers = '';
  /** The encoder has bytes that have not come out. */
  #isUnflushed = false;
  /** A large piece has come, and {@link FLUSH_MS} have not passed since: more is probably on its way. */
  #isFlowing = false;
  #flushedAt = Number.NEGATIVE_INFINITY;

  constructor(shared: SharedByCompressions, encoder: Encoder, sink: BodySink) {
    this.#shared = shared;
    this.#encoder = encoder;
    this.#sink = sink;
    this.#waiting = new KeptData(shared.stashes);
  }

  get bytes(): Buffer {
    return this.#shared.output;
  }

  get isBlocked(): boolean {
    return this.#waiting.size >= GATHERED_BYTES;
  }

  write(piece: BodyPiece): void {
    if (this.#encoder === undefined) return;
    this.#isLast = piece.isLast;
    this.#trailers = piece.trailers;
    const isDue = this.#isDue;
    let at = 0;
    while (this.#waiting.size === 0) {
      const share = this.#share(piece.size - at, isDue);
      if (share === 0) break;
      piece.copy(input, 0, at, at + share);
      this.#encode(input, 0, share, 'process');
      at += share;
    }
    this.#waiting.addPiece(piece, at);
    this.#goOn(isDue);
  }

  /** The client takes bytes again, or it is its turn. */
  resume(): void {
    if (this.#encoder === undefined) return;
    const wasBlocked = this.isBlocked;
    const isDue = this.#isDue;
    const share = this.#share(this.#waiting.size, isDue);
    if (share > 0) {
      const { bytes, start } = this.#waiting;
      this.#encode(bytes, start, start + share, 'process');
      this.#waiting.drop(share);
    }
    this.#goOn(isDue);
    if (wasBlocked && !this.isBlocked && !this.#isLast) this.#sink.transformDrained();
  }

  /** Some of it has waited for {@link FLUSH_MS}. */
  flush(): void {
    if (this.#encoder === undefined) return;
    if (this.#isFlowing) {
      this.#isFlowing = false;
      this.#shared.flushSoon(this);
      return;
    }
    this.#flushedAt = Number.NEGATIVE_INFINITY;
    this.resume();
  }

  destroy(): void {
    const encoder = this.#encoder;
    if (encoder === undefined) return;
    this.#encoder = undefined;
    this.#waiting.clear();
    this.#shared.ended(this, encoder);
  }

  crashed(error: unknown): void {
    this.#sink.crashed(error);
  }

  advance(size: number): void {
    this.used += size;
    if (this.used === this.bytes.length) this.#pass(false);
  }

  /** What has come has to go out, however little it is. */
  get #isDue(): boolean {
    return this.#isLast || this.#shared.clock.monotonic() - this.#flushedAt >= FLUSH_MS;
  }

  /** How much of so many bytes is to be encoded now. */
  #share(size: number, isDue: boolean): number {
    if (this.#sink.isBlocked || (size < GATHERED_BYTES && !isDue)) return 0;
    return this.#shared.share(Math.min(size, SHARE_BYTES));
  }

  /** Passes on what has been encoded, and sees to the rest. */
  #goOn(isDue: boolean): void {
    const { isBlocked } = this.#sink;
    const rest = this.#waiting.size;
    if (rest >= GATHERED_BYTES || (rest > 0 && isDue)) {
      this.#pass(false);
      if (!isBlocked) this.#shared.waits(this);
    } else if (this.#isLast) {
      this.#end();
    } else if (!isDue || this.#isFlowing) {
      this.#pass(false);
      if (rest > 0 || this.#isUnflushed) this.#shared.flushSoon(this);
    } else {
      if (this.#isUnflushed && !isBlocked) this.#flush();
      this.#pass(false);
    }
  }

  #flush(): void {
    this.#isUnflushed = false;
    this.#flushedAt = this.#shared.clock.monotonic();
    this.#encode(input, 0, 0, 'flush');
  }

  #end(): void {
    this.#encode(input, 0, 0, 'finish');
    this.#pass(true);
    this.destroy();
  }

  #encode(bytes: Buffer, start: number, end: number, step: EncoderStep): void {
    if (end > start) this.#isUnflushed = true;
    if (end - start >= GATHERED_BYTES) this.#isFlowing = true;
    this.#encoder?.encode(bytes, start, end, step, this);
  }

  #pass(isLast: boolean): void {
    const { used } = this;
    if (this.#encoder === undefined || (used === 0 && !isLast)) return;
    this.used = 0;
    const { piece } = this.#shared;
    piece.set(this.bytes, 0, used, isLast, isLast ? this.#trailers : '');
    this.#sink.write(piece);
  }
}
