import type { Inlet } from '../transport/read-buffers.ts';
import { ChunkedBody } from './chunked-body.ts';
import { ReadPiece } from './read-piece.ts';

/** Decodes the body of a request, as long as was declared or chunked, into pieces. */
export class RequestBody {
  /** What was taken last. */
  readonly piece: ReadPiece;
  isComplete = true;
  /** Bytes still to come of a declared length. */
  #remaining = 0;
  #isChunked = false;
  #chunked: ChunkedBody | undefined;

  /** @param inlet through which the bytes come */
  constructor(inlet: Inlet) {
    this.piece = new ReadPiece(inlet);
  }

  /** @param contentLength -1 without one @param options what the Connection header names */
  begin(isChunked: boolean, contentLength: number, options: ReadonlySet<string>): void {
    this.#isChunked = isChunked;
    this.#remaining = contentLength;
    this.isComplete = !isChunked && contentLength <= 0;
    if (isChunked) {
      this.#chunked ??= new ChunkedBody();
      this.#chunked.reset(options);
    }
  }

  /**
   * Takes a piece.
   * @param end of all that was read
   * @returns the place after the body's bytes, or -1 for bytes that break the rules of chunks
   */
  take(bytes: Buffer, start: number, end: number): number {
    const { piece } = this;
    if (this.#chunked !== undefined && this.#isChunked) {
      const stop = this.#chunked.feed(bytes, start, end);
      const { ranges, rangeBytes, isComplete, trailers } = this.#chunked;
      piece.setRanges(bytes, ranges, rangeBytes, end);
      piece.isLast = isComplete;
      piece.trailers = trailers;
      this.isComplete = isComplete;
      return stop;
    }
    const stop = start + Math.min(this.#remaining, end - start);
    this.#remaining -= stop - start;
    this.isComplete = this.#remaining === 0;
    piece.set(bytes, start, stop, end, this.isComplete);
    return stop;
  }
}
