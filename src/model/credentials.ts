import { Hidden } from './hidden.ts';

/** Who may log in: users with the hashes of their passwords. */
export class Credentials extends Hidden {
  /** Names one version of them: whatever differs in a user or a hash has another. */
  readonly id: string;
  readonly #hashes: ReadonlyMap<string, string>;
  readonly #users: readonly string[];

  /** @param hashes by user */
  constructor(id: string, hashes: Iterable<readonly [user: string, hash: string]>) {
    super();
    this.id = id;
    this.#hashes = new Map(hashes);
    this.#users = [...this.#hashes.keys()];
  }

  get size(): number {
    return this.#hashes.size;
  }

  /** Undefined for a user that there is not. */
  hashOf(user: string): string | undefined {
    return this.#hashes.get(user);
  }

  /** The hash of some user, always the same for one number. @param number a whole one, from 0 on */
  anyHash(number: number): string {
    const user = this.#users[number % this.#users.length] ?? '';
    return this.#hashes.get(user) ?? '';
  }

  /** For the way from one thread to another, and nothing else. */
  reveal(): readonly (readonly [user: string, hash: string])[] {
    return [...this.#hashes];
  }
}
