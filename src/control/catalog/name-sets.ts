/** Sets of names, by key. Nearly all hold one name alone, for which a set of its own would take ten times as much memory. */
export class NameSets {
  readonly #sets = new Map<string, string | Set<string>>();

  /** @returns whether it was not there */
  add(key: string, name: string): boolean {
    const before = this.#sets.get(key);
    if (before === undefined) this.#sets.set(key, name);
    else if (typeof before === 'object') {
      if (before.has(name)) return false;
      before.add(name);
    } else if (before === name) return false;
    else this.#sets.set(key, new Set([before, name]));
    return true;
  }

  /** @returns whether it was there */
  delete(key: string, name: string): boolean {
    const before = this.#sets.get(key);
    if (typeof before !== 'object') return before === name && this.#sets.delete(key);
    const wasThere = before.delete(name);
    if (before.size === 0) this.#sets.delete(key);
    return wasThere;
  }

  has(key: string): boolean {
    return this.#sets.has(key);
  }

  /** In the order in which they were added. */
  of(key: string): readonly string[] {
    const names = this.#sets.get(key);
    if (names === undefined) return [];
    return typeof names === 'string' ? [names] : [...names];
  }
}
