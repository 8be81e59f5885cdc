import { IndexBy } from '../index-by.ts';

/** Which translations have asked for what beyond their own object, such as the labels of a Namespace: it is named by a text. */
export class Dependencies {
  readonly #askers = new IndexBy<string>();
  /** By asker. */
  readonly #asked = new Map<string, Set<string>>();

  /** An asker is translated anew: what it has asked for before no longer counts. @returns says what it asks for */
  begin(asker: string): (what: string) => void {
    this.forget(asker);
    const asked = new Set<string>();
    this.#asked.set(asker, asked);
    return what => {
      asked.add(what);
      this.#askers.add([what], asker);
    };
  }

  forget(asker: string): void {
    this.#askers.delete(this.#asked.get(asker) ?? [], asker);
    this.#asked.delete(asker);
  }

  askersOf(what: string): Iterable<string> {
    return this.#askers.of(what) ?? [];
  }
}
