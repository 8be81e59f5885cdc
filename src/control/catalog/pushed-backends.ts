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
   * @returns names of those that came, changed or went
   */
  replace(set: PushedSet, translate: (backend: PushedBackend) => Translation | undefined): Set<string> {
    const names = set.changedSince(this.#set);
    this.#set = set;
    for (const name of names) {
      const backend = set.get(name);
      const translation = backend && translate(backend);
      if (translation === undefined) this.#translations.delete(name);
      else this.#translations.set(name, translation);
    }
    return names;
  }

  get set(): PushedSet {
    return this.#set;
  }

  translationOf(name: string): Translation | undefined {
    return this.#translations.get(name);
  }
}
