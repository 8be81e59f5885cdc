import { OversizedLineError } from './errors.ts';

/** etcd takes objects up to 1.5 MiB, and JSON is at most a few times as long as what is stored. */
export const LONGEST_LINE = 16 * 1024 * 1024;

const NEWLINE = 0x0a;

/**
 * Puts the lines of a watch together from chunks that end anywhere, within a character too: what is not complete is
 * kept as bytes.
 */
export class LineSplitter {
  readonly #longest: number;
  #rest: Buffer[] = [];
  #restBytes = 0;

  constructor(longest = LONGEST_LINE) {
    this.#longest = longest;
  }

  /** The lines that this chunk completes, without empty ones. @throws OversizedLineError */
  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.#keep(chunk.subarray(start, end));
      const line = (this.#rest.length === 1 ? this.#rest[0] : Buffer.concat(this.#rest))?.toString('utf8') ?? '';
      if (line !== '') lines.push(line);
      this.#rest = [];
      this.#restBytes = 0;
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
    return lines;
  }

  #keep(bytes: Buffer): void {
    this.#restBytes += bytes.length;
    if (this.#restBytes > this.#longest) {
      throw new OversizedLineError(`the API server sent a watch event of more than ${this.#longest} bytes`);
    }
    this.#rest.push(bytes);
  }
}
