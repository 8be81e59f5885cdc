import type { FailureReason } from '../../failures/failures.ts';
import { MAX_HEAD_BYTES, MAX_LINE_BYTES } from '../http1/limits.ts';

const LF = 0x0a;
const CR = 0x0d;

/** Measures a request head while it comes in, whatever pieces it comes in: llhttp only knows one limit for all of it. */
export class HeadMeter {
  #lineBytes = 0;
  #headerBytes = 0;
  #lines = 0;
  #isDone = false;

  reset(): void {
    this.#lineBytes = 0;
    this.#headerBytes = 0;
    this.#lines = 0;
    this.#isDone = false;
  }

  /** @returns what is too long, as soon as it is */
  measure(chunk: Buffer): FailureReason | undefined {
    let start = 0;
    while (!this.#isDone) {
      const end = chunk.indexOf(LF, start);
      const length = (end < 0 ? chunk.length : end) - start;
      this.#lineBytes += length;
      if (this.#lines > 0) this.#headerBytes += length;
      if (this.#lineBytes > MAX_LINE_BYTES + 1)
        return this.#lines === 0 ? 'request_line_too_long' : 'request_header_too_large';
      if (this.#headerBytes > MAX_HEAD_BYTES) return 'request_header_too_large';
      if (end < 0) return undefined;
      const isEmpty = this.#lineBytes === 0 || (this.#lineBytes === 1 && chunk[end - 1] === CR);
      // Empty lines before a request line do not count (RFC 9112 section 2.2).
      if (isEmpty && this.#lines > 0) this.#isDone = true;
      else if (!isEmpty) this.#lines += 1;
      this.#lineBytes = 0;
      start = end + 1;
    }
    return undefined;
  }
}
