import type { Diagnostic } from '../../model/diagnostic.ts';

/**
 * Where a remark comes from. `tls`: a protection that it cannot have. `host`: a host that belongs to an object of another
 * kind. `routes`: a warning that does not keep them from being served.
 */
export type Topic = 'refusal' | 'bug' | 'tls' | 'host' | 'routes' | 'endpoints' | 'certificate' | 'canary';

const REFUSALS: readonly Topic[] = ['refusal', 'bug', 'tls', 'host'];
const WARNINGS: readonly Topic[] = ['routes', 'endpoints', 'certificate', 'canary'];

/** By Service or pushed backend; none where all is well now. */
export type RemarksByOwner = ReadonlyMap<string, readonly Diagnostic[]>;

/** What people have to be told about Services and pushed backends. Few have remarks: no question walks all Services. */
export class Remarks {
  /** By owner. */
  readonly #topics: Readonly<Record<Topic, Map<string, readonly Diagnostic[]>>> = {
    refusal: new Map(),
    bug: new Map(),
    tls: new Map(),
    host: new Map(),
    routes: new Map(),
    endpoints: new Map(),
    certificate: new Map(),
    canary: new Map(),
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
    return this.#all(REFUSALS);
  }

  warnings(): Diagnostic[] {
    return this.#all(WARNINGS);
  }

  /** All remarks of each owner that may have others since this was asked last. */
  takeNews(): { readonly refusals: RemarksByOwner; readonly warnings: RemarksByOwner } {
    const owners = [...this.#news];
    this.#news.clear();
    const of = (topics: readonly Topic[]): RemarksByOwner =>
      new Map(owners.map(owner => [owner, topics.flatMap(topic => this.#topics[topic].get(owner) ?? [])]));
    return { refusals: of(REFUSALS), warnings: of(WARNINGS) };
  }

  #all(topics: readonly Topic[]): Diagnostic[] {
    return topics.flatMap(topic => [...this.#topics[topic].values()].flat());
  }
}
