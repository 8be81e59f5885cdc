import { readLatin1 } from '../../formats/http/bytes.ts';
import type { BodyPiece } from '../pipeline/ports.ts';
import type { ReadBuffer, ReadBuffers } from '../transport/read-buffers.ts';

const NOTHING = Buffer.alloc(0);

/** A piece of a body out of DATA frames; used again for each piece of a stream. */
export class DataPiece implements BodyPiece {
  size = 0;
  isLast = false;
  trailers = '';
  readonly #buffers: ReadBuffers;
  #bytes: Buffer = NOTHING;
  #start = 0;

  constructor(buffers: ReadBuffers) {
    this.#buffers = buffers;
  }

  set(bytes: Buffer, start: number, end: number, isLast: boolean, trailers = ''): void {
    this.#bytes = bytes;
    this.#start = start;
    this.size = end - start;
    this.isLast = isLast;
    this.trailers = trailers;
  }

  /** Lets go of the bytes. */
  clear(): void {
    this.set(NOTHING, 0, 0, false);
  }

  text(): string {
    return this.size === 0 ? '' : readLatin1(this.#bytes, this.#start, this.#start + this.size);
  }

  copy(target: Buffer, at: number, start: number, end: number): void {
    this.#bytes.copy(target, at, this.#start + start, this.#start + end);
  }

  keep(): ReadBuffer {
    return this.#buffers.copy(this.#bytes, [this.#start, this.#start + this.size], this.size);
  }
}
