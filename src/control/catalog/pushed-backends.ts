import type { PushedBackend } from '../../sources/pushed.ts';
import type { Translation } from '../../translate/service.ts';
import { PushedSet } from './pushed-set.ts';

/** The pushed set of backends, and what became of each. */
export class PushedBackends {
  #set = PushedSet.EMPTY;
  /** Of those whose annotations ask for routes, by name. */
  readonly #translations = new Map<string, Translation>();

  /**
   * @param translate what an annotated one asks for
   * @returns by name, for those that came, changed or went, what they asked for before
   */
  replace(
    set: PushedSet,
    translate: (backend: PushedBackend) => Translation | undefined,
  ): Map<string, Translation | undefined> {
    const changed = new Map<string, Translation | undefined>();
    const names = set.changedSince(this.#set);
    this.#set = set;
    for (const name of names) {
      changed.set(name, this.#translations.get(name));
      const backend = set.get(name);
      const translation = backend && translate(backend);
      if (translation === undefined) this.#translations.delete(name);
      else this.#translations.set(name, translation);
    }
    return changed;
  }

  get set(): PushedSet {
    return this.#set;
  }

  translationOf(name: string): Translation | undefined {
    return this.#translations.get(name);
  }
}
