/** An object that can be in an {@link IndexedSet}, of which it is in one at most. */
export interface Indexed {
  /** Where its set has it. Only the set writes it. */
  index: number;
}

/**
 * A set of objects that come and go with every connection. V8 replaces the table of a `Set` each time that it is full, also by
 * one of the same size. A replaced table in the old generation still refers to the next one and to what it held, so that the
 * young generation could not free it: with a connection for each request, a quarter of all that was allocated grew old.
 */
export class IndexedSet<Member extends Indexed> implements Iterable<Member> {
  readonly #members: Member[] = [];

  get size(): number {
    return this.#members.length;
  }

  /** The member must not be in the set. */
  add(member: Member): void {
    member.index = this.#members.length;
    this.#members.push(member);
  }

  /** Does nothing for an object that is not in the set. @returns whether it was */
  delete(member: Member): boolean {
    const members = this.#members;
    const { index } = member;
    const last = members[members.length - 1];
    if (members[index] !== member || last === undefined) return false;
    members[index] = last;
    last.index = index;
    members.pop();
    return true;
  }

  /** In no particular order. */
  [Symbol.iterator](): Iterator<Member> {
    return this.#members[Symbol.iterator]();
  }
}
