/** Both sides have said that they end it. */
export const ENDED = 0;
export const RESET_BY_CLIENT = 1;
/** Frames that were on their way must be ignored (RFC 9113 section 5.1). */
export const RESET_BY_US = 2;

/** As many as a client may have open, and some more. */
const REMEMBERED = 128;
const FACTOR = 4;

/** How the streams of a connection that ended last have ended. */
export class ClosedStreams {
  /** A ring of id * 4 + how; it grows with the streams. */
  readonly #ring: number[] = [];
  #next = 0;

  add(id: number, how: number): void {
    this.#ring[this.#next] = id * FACTOR + how;
    this.#next = (this.#next + 1) % REMEMBERED;
  }

  /** @returns undefined for a stream that is not known, or too old */
  how(id: number): number | undefined {
    const entry = this.#ring.find(each => Math.floor(each / FACTOR) === id);
    return entry === undefined ? undefined : entry % FACTOR;
  }
}
