/** Members by any number of names each. */
export class IndexBy<T> {
  readonly #members = new Map<string, Set<T>>();

  of(name: string): ReadonlySet<T> | undefined {
    return this.#members.get(name);
  }

  get isEmpty(): boolean {
    return this.#members.size === 0;
  }

  add(names: Iterable<string>, member: T): void {
    for (const name of names) {
      const members = this.#members.get(name);
      if (members === undefined) this.#members.set(name, new Set([member]));
      else members.add(member);
    }
  }

  delete(names: Iterable<string>, member: T): void {
    for (const name of names) {
      const members = this.#members.get(name);
      members?.delete(member);
      if (members?.size === 0) this.#members.delete(name);
    }
  }
}
