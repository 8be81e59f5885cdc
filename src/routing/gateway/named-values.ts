/** Names that are searched for before all values are read: more searches would cost more than that. */
const MAX_SEARCHES = 8;

/**
 * Values by name, which belong to one request after the other. The few names that most rules ask for are searched for; where there are
 * more, all values are read once: what a long request costs does not grow with the names that the rules of a host have.
 */
export class NamedValues {
  readonly #search: (name: string) => string;
  readonly #readAll: () => ReadonlyMap<string, string>;
  readonly #names = new Array<string>(MAX_SEARCHES).fill('');
  /** Of the names at the same places, as far as they have been searched for. */
  readonly #values = new Array<string>(MAX_SEARCHES).fill('');
  #searched = 0;
  #all: ReadonlyMap<string, string> | undefined;

  constructor(search: (name: string) => string, readAll: () => ReadonlyMap<string, string>) {
    this.#search = search;
    this.#readAll = readAll;
  }

  /** Those of another request come. */
  clear(): void {
    this.#searched = 0;
    this.#all = undefined;
  }

  /** Drops texts that are parts of the request: each would keep all of it in memory. */
  forget(): void {
    this.clear();
    this.#values.fill('');
  }

  /** @returns empty for a name without a value */
  get(name: string): string {
    for (let index = 0; index < this.#searched; index += 1) {
      if (this.#names[index] === name) return this.#values[index] as string;
    }
    if (this.#searched === MAX_SEARCHES) {
      this.#all ??= this.#readAll();
      return this.#all.get(name) ?? '';
    }
    const value = this.#search(name);
    this.#names[this.#searched] = name;
    this.#values[this.#searched] = value;
    this.#searched += 1;
    return value;
  }
}
