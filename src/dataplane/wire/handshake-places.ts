import type { Clock } from '../../clock.ts';
import type { ServerHandshake } from '../transport/tls/server-handshake.ts';

/**
 * Where a worker has as many handshakes under way as it may, one that has waited for its client for so long makes place for another:
 * connections that say nothing must not keep out those that do.
 */
const PATIENCE_MS = 1_000;

/**
 * The handshakes of one port and when each began, the oldest first. Arrays hold them, because in a Map those that are over would stay in
 * memory for long: see runtime/indexed-set.ts.
 */
export class HandshakeLine {
  readonly #handshakes: ServerHandshake[] = [];
  readonly #since: number[] = [];

  get size(): number {
    return this.#handshakes.length;
  }

  get oldest(): { readonly handshake: ServerHandshake; readonly since: number } | undefined {
    const [handshake] = this.#handshakes;
    return handshake && { handshake, since: this.#since[0] as number };
  }

  add(handshake: ServerHandshake, now: number): void {
    this.#handshakes.push(handshake);
    this.#since.push(now);
  }

  /** @returns whether it was there */
  remove(handshake: ServerHandshake): boolean {
    // Most end in the order in which they began.
    const index = this.#handshakes.indexOf(handshake);
    if (index < 0) return false;
    this.#handshakes.splice(index, 1);
    this.#since.splice(index, 1);
    return true;
  }
}

/** The handshakes under way in a worker, of which there may be so many. A flood on one port takes no place from the others. */
export class HandshakePlaces {
  readonly #clock: Clock;
  readonly #limit: () => number;
  /** Those that are not empty. */
  readonly #lines = new Set<HandshakeLine>();
  #taken = 0;

  constructor(clock: Clock, limit: () => number) {
    this.#clock = clock;
    this.#limit = limit;
  }

  get areTaken(): boolean {
    return this.#taken >= this.#limit();
  }

  /**
   * Ends the oldest handshake of the longest line, where that one has waited for long or its line has more than its share.
   * @param line that a place is sought for @returns whether there is one now
   */
  makePlace(line: HandshakeLine): boolean {
    let longest = line;
    for (const other of this.#lines) if (other.size > longest.size) longest = other;
    const { oldest } = longest;
    if (oldest === undefined) return false;
    const { handshake, since } = oldest;
    const hasMoreThanItsShare = longest.size > line.size + 1;
    if (!hasMoreThanItsShare && this.#clock.monotonic() - since < PATIENCE_MS) return false;
    handshake.destroy();
    return true;
  }

  take(line: HandshakeLine, handshake: ServerHandshake): void {
    line.add(handshake, this.#clock.monotonic());
    this.#lines.add(line);
    this.#taken += 1;
  }

  giveBack(line: HandshakeLine, handshake: ServerHandshake): void {
    if (!line.remove(handshake)) return;
    if (line.size === 0) this.#lines.delete(line);
    this.#taken -= 1;
  }
}
