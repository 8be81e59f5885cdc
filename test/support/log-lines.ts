import type { LineBuffer } from '../../src/dataplane/log/line-buffer.ts';

/** Takes lines of the access log as texts. */
export class LogLines implements LineBuffer {
  readonly end = 0;
  bytes: Buffer = Buffer.alloc(0);
  readonly #take: (line: string) => void;

  constructor(take: (line: string) => void) {
    this.#take = take;
  }

  reserve(mostBytes: number): void {
    this.bytes = Buffer.alloc(mostBytes);
  }

  add(end: number): void {
    this.#take(this.bytes.toString('latin1', 0, end));
  }
}
