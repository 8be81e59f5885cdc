import type { Place } from '../model/route.ts';
import { changed, longestPrefix, NO_ROUTES, type PathTable } from './path-table.ts';
import { RegexLocations } from './regex-locations.ts';
import { ShardedMap } from './sharded-map.ts';
import { type LocationChanges, matchOf } from './table-changes.ts';

/**
 * The routes of one host of Ingresses. They are asked as nginx asks its locations: those for the exact path, then regular expressions
 * in their order, then the longest prefix. Immutable; a change shares what it does not touch.
 */
export class Locations<R extends Place> {
  static readonly #EMPTY = new Locations<never>(ShardedMap.empty(), RegexLocations.empty(), NO_ROUTES);

  readonly #exact: ShardedMap<R>;
  readonly #regexes: RegexLocations<R>;
  readonly #prefixes: PathTable<R>;

  private constructor(exact: ShardedMap<R>, regexes: RegexLocations<R>, prefixes: PathTable<R>) {
    this.#exact = exact;
    this.#regexes = regexes;
    this.#prefixes = prefixes;
  }

  static empty<R extends Place>(): Locations<R> {
    return Locations.#EMPTY;
  }

  get size(): number {
    return this.#exact.size + this.#regexes.size + this.#prefixes.routes.size;
  }

  *routes(): Generator<R> {
    yield* this.#exact.values();
    yield* this.#regexes.routes();
    yield* this.#prefixes.routes.values();
  }

  get(place: Place): R | undefined {
    const match = matchOf(place);
    if (match === 'regex') return this.#regexes.get(place.path);
    return (match === 'exact' ? this.#exact : this.#prefixes.routes).get(place.path);
  }

  /** @param path decoded: see decoded-path.ts @throws {PatternCostError} */
  match(path: string): R | undefined {
    const exact = this.#exact.size > 0 ? this.#exact.get(path) : undefined;
    if (exact !== undefined) return exact;
    const matched = this.#regexes.size > 0 ? this.#regexes.match(path) : undefined;
    return matched ?? longestPrefix(this.#prefixes, path);
  }

  /** @throws {FormatError} for a path that is no pattern where it has to be one */
  with({ exact, regex, prefix }: LocationChanges<R>): Locations<R> {
    return new Locations(this.#exact.with(exact), this.#regexes.with(regex), changed(this.#prefixes, prefix));
  }
}
