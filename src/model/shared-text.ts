/** Where a text stands in memory that all threads see. Plain data: it can be sent to another thread. */
export interface SharedPlace {
  readonly memory: SharedArrayBuffer;
  readonly start: number;
  readonly length: number;
}

/**
 * Texts stand one behind the other in pieces of so many bytes. A piece of memory that three threads share takes more than a kilobyte
 * beside what it holds, and is given back when none of its texts is kept any more.
 */
const PIECE = 32 * 1024;

let piece: SharedArrayBuffer | undefined;
let used = 0;

/** A text that is in memory once, however many threads keep it. Reading it makes a string of the reader's own. */
export class SharedText {
  readonly #memory: SharedArrayBuffer;
  readonly #start: number;
  readonly #length: number;

  constructor({ memory, start, length }: SharedPlace) {
    this.#memory = memory;
    this.#start = start;
    this.#length = length;
  }

  static of(text: string): SharedText {
    const length = Buffer.byteLength(text);
    if (piece === undefined || piece.byteLength - used < length) {
      piece = new SharedArrayBuffer(Math.max(PIECE, length));
      used = 0;
    }
    const place = { memory: piece, start: used, length };
    Buffer.from(piece, used, length).write(text);
    used += length;
    return new SharedText(place);
  }

  get place(): SharedPlace {
    return { memory: this.#memory, start: this.#start, length: this.#length };
  }

  toString(): string {
    return Buffer.from(this.#memory, this.#start, this.#length).toString();
  }
}
