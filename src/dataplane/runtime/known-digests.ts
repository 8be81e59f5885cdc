import { hash, randomBytes } from 'node:crypto';
import type { Clock } from '../../clock.ts';

/** Each is some 150 bytes. */
const MOST = 10_000;

/**
 * What has been found right, for a while. It keeps digests with a salt of its own, which does not leave this thread: nothing can be
 * read of them, and when two of them are compared, the time of it says nothing.
 */
export class KnownDigests {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #salt = randomBytes(32).toString('base64');
  /** By digest, when it is forgotten, by the monotonic clock. The oldest first. */
  readonly #until = new Map<string, number>();

  constructor(clock: Clock, most = MOST) {
    this.#clock = clock;
    this.#most = most;
  }

  /** The digest of some texts. */
  of(...texts: readonly string[]): string {
    // Lengths, so that no two lists of texts are one text.
    const text = texts.map(part => `${part.length}:${part}`).join('');
    return hash('sha256', this.#salt + text, 'base64');
  }

  has(digest: string): boolean {
    const until = this.#until.get(digest);
    if (until === undefined) return false;
    if (until > this.#clock.monotonic()) return true;
    this.#until.delete(digest);
    return false;
  }

  add(digest: string, forMs: number): void {
    this.#until.delete(digest);
    this.#until.set(digest, this.#clock.monotonic() + forMs);
    if (this.#until.size <= this.#most) return;
    for (const oldest of this.#until.keys()) {
      this.#until.delete(oldest);
      break;
    }
  }
}
