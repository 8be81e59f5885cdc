import type { Diagnostic } from '../../model/diagnostic.ts';

/** Where a remark comes from. `routes`: a warning that does not keep them from being served. */
export type Topic = 'refusal' | 'bug' | 'routes' | 'endpoints';

/** By Service or pushed backend; none where all is well now. */
export type RemarksByOwner = ReadonlyMap<string, readonly Diagnostic[]>;

/** What people have to be told about Services and pushed backends. Few have remarks: no question walks all Services. */
export class Remarks {
  /** By owner. */
  readonly #topics: Readonly<Record<Topic, Map<string, readonly Diagnostic[]>>> = {
    refusal: new Map(),
    bug: new Map(),
    routes: new Map(),
    endpoints: new Map(),
  };
  /** Owners whose remarks may have changed since {@link takeNews}. */
  readonly #news = new Set<string>();

  /** Replaces what the owner has on a topic. */
  set(owner: string, topic: Topic, remarks: readonly Diagnostic[]): void {
    const known = this.#topics[topic];
    if (remarks.length > 0) known.set(owner, remarks);
    else if (!known.delete(owner)) return;
    this.#news.add(owner);
  }

  forget(owner: string): void {
    for (const known of Object.values(this.#topics)) known.delete(owner);
    this.#news.add(owner);
  }

  /** What keeps Services from being served. */
  refusals(): Diagnostic[] {
    return [...this.#topics.refusal.values(), ...this.#topics.bug.values()].flat();
  }

  warnings(): Diagnostic[] {
    return [...this.#topics.routes.values(), ...this.#topics.endpoints.values()].flat();
  }

  /** All remarks of each owner that may have others since this was asked last. */
  takeNews(): { readonly refusals: RemarksByOwner; readonly warnings: RemarksByOwner } {
    const owners = [...this.#news];
    this.#news.clear();
    const of = (...topics: Topic[]): RemarksByOwner =>
      new Map(owners.map(owner => [owner, topics.flatMap(topic => this.#topics[topic].get(owner) ?? [])]));
    return { refusals: of('refusal', 'bug'), warnings: of('routes', 'endpoints') };
  }
}
