import type { BodyPiece, KeptBody } from '../pipeline/ports.ts';
import type { ClientMemory } from '../transport/client-memory.ts';
import type { ReadBuffers } from '../transport/read-buffers.ts';
import type { Stashes } from '../transport/stash.ts';
import { DataPiece } from './data-piece.ts';
import { KeptData } from './kept-data.ts';

/** A longer body is not kept: its request is sent once. */
const MOST_BYTES = 64 * 1024;

/** What all of them share. */
export interface ReplayContext {
  readonly memory: Pick<ClientMemory, 'isHalfFull'>;
  readonly buffers: ReadBuffers;
  readonly stashes: Stashes;
}

/** A copy of a request's body, for upstreams that may get the request after the first one. */
export class ReplayBody {
  /** All of it has come, and is kept. */
  isWhole = false;
  readonly #context: ReplayContext;
  readonly #kept: KeptData;
  #isTooLong = false;
  #trailers = '';

  constructor(context: ReplayContext) {
    this.#context = context;
    this.#kept = new KeptData(context.stashes);
  }

  add(piece: BodyPiece): void {
    if (this.#isTooLong) return;
    if (this.#kept.size + piece.size > MOST_BYTES || this.#context.memory.isHalfFull) {
      this.#isTooLong = true;
      this.clear();
      return;
    }
    this.#kept.addPiece(piece, 0);
    this.isWhole = piece.isLast;
    this.#trailers = piece.trailers;
  }

  /** The whole body, as one piece. It may be asked for again. */
  piece(): KeptBody {
    const { bytes, start, size } = this.#kept;
    const piece = new DataPiece(this.#context.buffers);
    piece.set(bytes, start, start + size, true, this.#trailers);
    return Object.assign(piece, { release: () => undefined });
  }

  clear(): void {
    this.isWhole = false;
    this.#kept.clear();
  }
}
