import { CATCH_ALL_HOST, type Place } from '../model/route.ts';
import { Locations } from './locations.ts';
import { ShardedMap } from './sharded-map.ts';
import type { LocationChanges } from './table-changes.ts';

/** What the star of a wildcard host stands for: nginx's `[\w-]+`. */
const LABEL = /^[\w-]+$/;

/** The hosts of Ingresses, each with its routes: a host that is known answers alone, whatever others would take the path. Immutable. */
export class IngressHosts<R extends Place> {
  static readonly #EMPTY = new IngressHosts<never>(ShardedMap.empty(), ShardedMap.empty());

  readonly #exact: ShardedMap<Locations<R>>;
  /** By what follows the star. */
  readonly #wildcards: ShardedMap<Locations<R>>;
  /** The host of requests that no other host takes; undefined where there is none. */
  readonly catchAll: Locations<R> | undefined;

  private constructor(exact: ShardedMap<Locations<R>>, wildcards: ShardedMap<Locations<R>>) {
    this.#exact = exact;
    this.#wildcards = wildcards;
    this.catchAll = exact.get(CATCH_ALL_HOST);
  }

  static empty<R extends Place>(): IngressHosts<R> {
    return IngressHosts.#EMPTY;
  }

  get isEmpty(): boolean {
    return this.#exact.size === 0 && this.#wildcards.size === 0;
  }

  *locations(): Generator<Locations<R>> {
    yield* this.#exact.values();
    yield* this.#wildcards.values();
  }

  /** @param host of a place, with its star */
  get(host: string): Locations<R> | undefined {
    return isWildcard(host) ? this.#wildcards.get(host.slice(1)) : this.#exact.get(host);
  }

  /** The host of a request, where it has that very name. */
  exact(host: string): Locations<R> | undefined {
    const locations = this.#exact.get(host);
    return locations === this.catchAll ? undefined : locations;
  }

  /** The wildcard host that takes a request: its star is one label. */
  wildcard(host: string): Locations<R> | undefined {
    if (this.#wildcards.size === 0) return undefined;
    const dot = host.indexOf('.');
    const locations = dot < 0 ? undefined : this.#wildcards.get(host.slice(dot));
    return locations !== undefined && LABEL.test(host.slice(0, dot)) ? locations : undefined;
  }

  /** @throws {FormatError} as {@link Locations.with} */
  with(changes: ReadonlyMap<string, LocationChanges<R>>): IngressHosts<R> {
    const exact = new Map<string, Locations<R> | undefined>();
    const wildcards = new Map<string, Locations<R> | undefined>();
    for (const [host, ofHost] of changes) {
      const after = (this.get(host) ?? Locations.empty<R>()).with(ofHost);
      const entry = after.size === 0 ? undefined : after;
      if (isWildcard(host)) wildcards.set(host.slice(1), entry);
      else exact.set(host, entry);
    }
    return new IngressHosts(this.#exact.with(exact), this.#wildcards.with(wildcards));
  }
}

export function isWildcard(host: string): boolean {
  return host.startsWith('*.');
}
