import type { Inlet } from '../transport/read-buffers.ts';
import { ChunkedBody } from './chunked-body.ts';
import { asChunk, joinedText, MAX_JOINED_BYTES } from './framing.ts';
import type { UpstreamConnection } from './upstream-connection.ts';

/** A request's body on its way through: as long as was declared, or chunked; never kept. */
export class RequestBody {
  /** Bytes of it that were taken from the client. */
  bytes = 0;
  /** Most bytes it may have; 0 is no limit. */
  limit = 0;
  /** Bytes still to come of a declared length. */
  #remaining = 0;
  #isChunked = false;
  #chunked: ChunkedBody | undefined;
  /** Where the bytes taken last lie, and how many they are. */
  #ranges: readonly number[] = [];
  #size = 0;
  isComplete = true;

  /** @param contentLength -1 without one @param options what the Connection header names */
  begin(isChunked: boolean, contentLength: number, options: ReadonlySet<string>): void {
    this.bytes = 0;
    this.limit = 0;
    this.#isChunked = isChunked;
    this.#remaining = contentLength;
    this.isComplete = !isChunked && contentLength <= 0;
    if (isChunked) {
      this.#chunked ??= new ChunkedBody();
      this.#chunked.reset(options);
    }
  }

  get isOverLimit(): boolean {
    return this.limit > 0 && this.bytes > this.limit;
  }

  /** @returns the place after the body's bytes, or -1 for bytes that break the rules of chunks */
  take(bytes: Buffer, start: number, end: number): number {
    if (this.#chunked !== undefined && this.#isChunked) {
      const stop = this.#chunked.feed(bytes, start, end);
      this.#ranges = this.#chunked.ranges;
      this.#size = this.#chunked.rangeBytes;
      this.isComplete = this.#chunked.isComplete;
      this.bytes += this.#size;
      return stop;
    }
    this.#size = Math.min(this.#remaining, end - start);
    this.#ranges = [start, start + this.#size];
    this.#remaining -= this.#size;
    this.isComplete = this.#remaining === 0;
    this.bytes += this.#size;
    return start + this.#size;
  }

  /**
   * Writes what was taken last.
   * @param end of all that was read
   * @param head what has to go before it
   * @returns false when the upstream takes no more for now
   */
  passOn(upstream: UpstreamConnection, inlet: Inlet, bytes: Buffer, end: number, head: string): boolean {
    const isFramed = this.#isChunked && this.#size > 0;
    const tail = this.#isChunked && this.isComplete ? `0\r\n${this.#chunked?.trailers ?? ''}\r\n` : '';
    if (this.#size <= MAX_JOINED_BYTES) {
      const data = joinedText(bytes, this.#ranges);
      const text = head + (isFramed ? asChunk(data) : data) + tail;
      return text === '' || upstream.writeText(text);
    }
    if (head !== '') upstream.writeText(head);
    const buffer = inlet.keep(bytes, this.#ranges, this.#size, end);
    const flows = upstream.writeBytes(buffer.view(this.#size, isFramed), buffer.giveBack);
    return tail === '' ? flows : upstream.writeText(tail);
  }
}
