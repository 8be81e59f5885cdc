/**
 * Whose turn it is to write where several threads write: in shared memory, taken without waiting. A pipe takes more than
 * PIPE_BUF bytes in parts when it is nearly full (pipe(7)); what another thread wrote in between would tear a long line.
 */
export class WriteTurn {
  /** Makes the memory for {@link constructor}, in which no thread has the turn yet. */
  static shared(): SharedArrayBuffer {
    return new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  }

  readonly #owner: Int32Array;
  readonly #id: number;

  /** @param id of this thread, above zero */
  constructor(shared: SharedArrayBuffer, id: number) {
    this.#owner = new Int32Array(shared);
    this.#id = id;
  }

  /** @returns whether it is this thread's now */
  take(): boolean {
    const owner = Atomics.compareExchange(this.#owner, 0, 0, this.#id);
    return owner === 0 || owner === this.#id;
  }

  /** Does nothing when it is another one's. */
  give(): void {
    Atomics.compareExchange(this.#owner, 0, this.#id, 0);
  }
}
