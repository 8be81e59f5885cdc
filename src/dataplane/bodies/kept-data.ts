import type { BodyPiece } from '../pipeline/ports.ts';
import type { Stashes } from '../transport/stash.ts';

const NOTHING = Buffer.alloc(0);

/** Bytes of a stream that wait, in as little memory as they need: no memory while there are none. */
export class KeptData {
  readonly #stashes: Stashes;
  #buffer: Buffer = NOTHING;
  #start = 0;
  #end = 0;

  constructor(stashes: Stashes) {
    this.#stashes = stashes;
  }

  get size(): number {
    return this.#end - this.#start;
  }

  /** What is kept lies from {@link start} on; valid until the next change. */
  get bytes(): Buffer {
    return this.#buffer;
  }

  get start(): number {
    return this.#start;
  }

  /** @param size of what is put behind what is kept @returns where it has room in {@link bytes} */
  #reserve(size: number): number {
    if (this.#end + size > this.#buffer.length) {
      const kept = this.size;
      const buffer = this.#stashes.take(kept + size);
      this.#buffer.copy(buffer, 0, this.#start, this.#end);
      this.clear();
      this.#buffer = buffer;
      this.#end = kept;
    }
    const at = this.#end;
    this.#end += size;
    return at;
  }

  /** Keeps the rest of a piece. @param start the place of its first byte */
  addPiece(piece: BodyPiece, start: number): void {
    if (start === piece.size) return;
    const at = this.#reserve(piece.size - start);
    piece.copy(this.#buffer, at, start, piece.size);
  }

  add(bytes: Buffer, start: number, end: number): void {
    if (start === end) return;
    const at = this.#reserve(end - start);
    bytes.copy(this.#buffer, at, start, end);
  }

  /** The first bytes are no longer needed. */
  drop(size: number): void {
    this.#start += size;
    if (this.#start === this.#end) this.clear();
  }

  clear(): void {
    if (this.#buffer !== NOTHING) this.#stashes.giveBack(this.#buffer);
    this.#buffer = NOTHING;
    this.#start = 0;
    this.#end = 0;
  }
}
