/** Upserts and removals of things by id, several as one: of each the newest. */
export class Newest<T> {
  readonly #idOf: (value: T) => string;
  /** Undefined: it goes. */
  readonly #values = new Map<string, T | undefined>();

  constructor(idOf: (value: T) => string) {
    this.#idOf = idOf;
  }

  add({ upserts, removals }: Changes<T>): void {
    for (const value of upserts) this.#values.set(this.#idOf(value), value);
    for (const id of removals) this.#values.set(id, undefined);
  }

  toChanges(): Changes<T> {
    const entries = [...this.#values];
    return {
      upserts: entries.flatMap(([, value]) => value ?? []),
      removals: entries.flatMap(([id, value]) => (value === undefined ? id : [])),
    };
  }
}

interface Changes<T> {
  readonly upserts: readonly T[];
  readonly removals: readonly string[];
}
