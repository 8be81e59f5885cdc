/** What a client may do at once: a browser that leaves a page resets dozens of streams. */
const BURST = 1_000;
const PER_SECOND = 33;

/** Bytes of frames beside a body and a head, beyond eight times theirs, that a connection may take: nginx's measure of a flood. */
const OVERHEAD_ALLOWANCE = 1024 * 1024;
const OVERHEAD_FACTOR = 8;

/**
 * What a client costs without being served: streams that end early, whichever side resets them (CVE-2023-44487, CVE-2025-8671),
 * refused requests, and frames that carry nothing (CVE-2019-9512 and others).
 */
export class Misbehaviour {
  #tokens = BURST;
  #countedAt = 0;
  #bytes = 0;
  #useful = 0;

  /** @param now in milliseconds @returns whether the client goes too far */
  ended(now: number): boolean {
    this.#tokens = Math.min(BURST, this.#tokens + ((now - this.#countedAt) * PER_SECOND) / 1_000);
    this.#countedAt = now;
    this.#tokens -= 1;
    return this.#tokens < 0;
  }

  /** Something of use, in either direction. */
  served(bytes: number): void {
    this.#bytes += bytes;
    this.#useful += bytes;
  }

  /** Data came, without its padding, in a frame that {@link received} has counted. */
  carried(bytes: number): void {
    this.#useful += bytes;
  }

  /** @param bytes of frames that came, without those of {@link served} @returns whether it is a flood */
  received(bytes: number): boolean {
    this.#bytes += bytes;
    return this.#bytes / OVERHEAD_FACTOR > this.#useful + OVERHEAD_ALLOWANCE;
  }
}
