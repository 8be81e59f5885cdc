import { CopiedPiece } from '../copied-piece.ts';
import type { BodyPiece, Upstream } from '../ports.ts';
import type { OwnBody } from './question.ts';

/** So much of one body waits for its upstream at most. */
export const MOST_WAITING_BYTES = 1024 * 1024;

/** And of all bodies of a worker together. */
const MOST_BYTES = 32 * 1024 * 1024;

/** The memory that copies of bodies take in a worker. */
export class CopyMemory {
  /** Bytes that are taken. */
  taken = 0;

  take(bytes: number): boolean {
    if (this.taken + bytes > MOST_BYTES) return false;
    this.taken += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.taken -= bytes;
  }
}

/** A copy of a body on its way to an upstream of our own. What the upstream does not take waits here, up to a bound. */
export class BodyCopy implements OwnBody {
  sentBytes = 0;
  readonly #memory: CopyMemory;
  #upstream: Upstream | undefined;
  #waiting: CopiedPiece[] = [];
  /** Of the pieces that wait, and of the one that the upstream has not taken yet. */
  #bytes = 0;

  constructor(memory: CopyMemory) {
    this.#memory = memory;
  }

  /** Copies a piece. @returns false where there is no room for it */
  add(piece: BodyPiece): boolean {
    const { size, isLast } = piece;
    if (this.#bytes + size > MOST_WAITING_BYTES || !this.#memory.take(size)) return false;
    const bytes = Buffer.allocUnsafe(size);
    piece.copy(bytes, 0, 0, size);
    this.#bytes += size;
    this.#waiting.push(new CopiedPiece(bytes, isLast));
    if (this.#upstream !== undefined && !this.#upstream.isBlocked) this.flowTo(this.#upstream);
    return true;
  }

  flowTo(upstream: Upstream): void {
    this.#upstream = upstream;
    const waiting = this.#waiting.splice(0);
    // The upstream has taken what it was given before.
    this.#keep(waiting.reduce((sum, { size }) => sum + size, 0));
    while (waiting.length > 0) {
      const piece = waiting.shift() as CopiedPiece;
      this.sentBytes += piece.size;
      if (!upstream.write(piece)) break;
      this.#keep(this.#bytes - piece.size);
    }
    this.#waiting = waiting;
  }

  /** Lets go of all that waits. */
  clear(): void {
    this.#upstream = undefined;
    this.#waiting = [];
    this.#keep(0);
  }

  /** @param bytes that stay */
  #keep(bytes: number): void {
    this.#memory.giveBack(this.#bytes - bytes);
    this.#bytes = bytes;
  }
}
