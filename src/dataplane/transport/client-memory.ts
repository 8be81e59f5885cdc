/** What a connection takes at most when none of its bytes are kept: its transport, an exchange and a short head. */
const CONNECTION_BYTES = 4 * 1024;

/** What a read brings at most: the less of the memory is left, the more clients share it. */
const PIECE_BYTES = 64 * 1024;
const HALF_FULL_PIECE_BYTES = 8 * 1024;

/** Of the memory, taken at most while there is plenty. */
const PLENTIFUL_SHARE = 0.125;

/** What any connection may keep, however little is left. */
export const SMALL_BYTES = 1024;

/** A connection whose head is not complete. */
export interface PartialHead {
  /** Ends it, so that what it keeps is free. */
  giveWay(): void;
}

/**
 * The memory that all connections of a worker take together. Bodies never fill it: the fuller it is, the smaller are the pieces
 * that are read, and what is not read waits in the kernel. Heads must be read whole. Where there is no room for one, the
 * oldest incomplete ones give way: those of honest clients are complete within moments.
 */
export class ClientMemory {
  /** Bytes beyond what every connection takes. */
  kept = 0;
  readonly #limit: number;
  readonly #connections: () => number;
  readonly #partial = new Set<PartialHead>();

  /** @param limit in bytes @param connections how many there are, on both sides */
  constructor(limit: number, connections: () => number) {
    this.#limit = limit;
    this.#connections = connections;
  }

  /** The most that should be read at once. */
  get pieceBytes(): number {
    if (!this.isHalfFull) return PIECE_BYTES;
    return this.#taken / this.#limit < 0.75 ? HALF_FULL_PIECE_BYTES : SMALL_BYTES;
  }

  get isHalfFull(): boolean {
    return this.#taken / this.#limit >= 0.5;
  }

  /** So little is taken that large bodies may be read in larger pieces. */
  get isPlentiful(): boolean {
    return this.#taken / this.#limit < PLENTIFUL_SHARE;
  }

  /** Part of a head is kept. */
  headBegan(client: PartialHead): void {
    this.#partial.add(client);
    this.hasRoom();
  }

  headEnded(client: PartialHead): void {
    this.#partial.delete(client);
  }

  /** Whether a head may be kept, if need be in the place of incomplete ones. */
  hasRoom(): boolean {
    for (const client of this.#partial) {
      if (this.#taken < this.#limit) return true;
      this.#partial.delete(client);
      client.giveWay();
    }
    return this.#taken < this.#limit;
  }

  get #taken(): number {
    return this.kept + this.#connections() * CONNECTION_BYTES;
  }
}
