import type { BodyPiece } from '../pipeline/ports.ts';
import type { Inlet, ReadBuffer } from '../transport/read-buffers.ts';
import { joinedText } from './framing.ts';

const NOTHING = Buffer.alloc(0);

/** A piece of a body that a connection has read; one for each connection, used again for each piece. */
export class ReadPiece implements BodyPiece {
  size = 0;
  isLast = false;
  trailers = '';
  readonly #inlet: Inlet;
  #bytes: Buffer = NOTHING;
  /** Where the data lies in the bytes: start, end, start, end… */
  #ranges: readonly number[] = [];
  /** The end of what was read: bytes behind the data are still to be looked at. */
  #end = 0;
  readonly #range = [0, 0];

  /** @param inlet through which the bytes come */
  constructor(inlet: Inlet) {
    this.#inlet = inlet;
  }

  /** @param end of all that was read */
  set(bytes: Buffer, start: number, stop: number, end: number, isLast: boolean): void {
    this.#range[0] = start;
    this.#range[1] = stop;
    this.setRanges(bytes, this.#range, stop - start, end);
    this.isLast = isLast;
    this.trailers = '';
  }

  /** @param size of all ranges together @param end of all that was read */
  setRanges(bytes: Buffer, ranges: readonly number[], size: number, end: number): void {
    this.#bytes = bytes;
    this.#ranges = ranges;
    this.#end = end;
    this.size = size;
  }

  /** The end of a body, without data. */
  setEnd(): void {
    this.set(NOTHING, 0, 0, 0, true);
  }

  text(): string {
    return this.size === 0 ? '' : joinedText(this.#bytes, this.#ranges);
  }

  copy(target: Buffer, at: number, start: number, end: number): void {
    // The ranges lie one behind the other in the data.
    let before = 0;
    for (let index = 0; index < this.#ranges.length; index += 2) {
      const from = this.#ranges[index] as number;
      const size = (this.#ranges[index + 1] as number) - from;
      const first = Math.max(0, start - before);
      const behind = Math.min(size, end - before);
      if (first < behind) this.#bytes.copy(target, at + before + first - start, from + first, from + behind);
      before += size;
    }
  }

  keep(): ReadBuffer {
    return this.#inlet.keep(this.#bytes, this.#ranges, this.size, this.#end);
  }
}
