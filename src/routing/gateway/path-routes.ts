import type { Place } from '../../model/route.ts';
import { changed, deepestPrefixEnd, NO_ROUTES, type PathTable } from '../path-table.ts';
import { ShardedMap } from '../sharded-map.ts';
import { entryOf, matchOf } from '../table-changes.ts';
import type { AskedRequest } from './asked-request.ts';
import { PatternRoutes } from './pattern-routes.ts';
import { type RankedChanges, RankedRoutes } from './ranked-routes.ts';

/** Changes by path, then by the name of the match. */
type PathRouteChanges<R> = Map<string, Map<string, R | undefined>>;

/** Changes by the way in which routes take paths. */
export class PathChangesOfHost<R> {
  readonly exact: PathRouteChanges<R> = new Map();
  readonly regex: PathRouteChanges<R> = new Map();
  readonly prefix: PathRouteChanges<R> = new Map();

  /** @param match its name @param route undefined takes out what is there */
  set(place: Place, match: string, route: R | undefined): void {
    entryOf(this[matchOf(place)], place.path, () => new Map<string, R | undefined>()).set(match, route);
  }
}

/**
 * Routes for the same host by their paths: the exact path comes first, then patterns, then prefixes, the longest first. Where no route
 * for a path takes the request, the next path is tried. Immutable; a change shares what it does not touch.
 */
export class PathRoutes<R extends Place> {
  static readonly #EMPTY = new PathRoutes<never>(ShardedMap.empty(), PatternRoutes.empty(), NO_ROUTES);

  readonly #exact: ShardedMap<RankedRoutes<R>>;
  readonly #patterns: PatternRoutes<R>;
  readonly #prefixes: PathTable<RankedRoutes<R>>;

  private constructor(
    exact: ShardedMap<RankedRoutes<R>>,
    patterns: PatternRoutes<R>,
    prefixes: PathTable<RankedRoutes<R>>,
  ) {
    this.#exact = exact;
    this.#patterns = patterns;
    this.#prefixes = prefixes;
  }

  static empty<R extends Place>(): PathRoutes<R> {
    return PathRoutes.#EMPTY;
  }

  get isEmpty(): boolean {
    return this.#exact.size === 0 && this.#patterns.isEmpty && this.#prefixes.routes.size === 0;
  }

  /** @param path normalised, with escapes in upper case @throws {PatternCostError} */
  match(path: string, request: AskedRequest): R | undefined {
    if (this.#exact.size > 0) {
      const exact = this.#exact.get(path)?.match(request);
      if (exact !== undefined) return exact;
    }
    if (!this.#patterns.isEmpty) {
      const matched = this.#patterns.match(path, request);
      if (matched !== undefined) return matched;
    }
    return this.#matchPrefix(path, request);
  }

  #matchPrefix(path: string, request: AskedRequest): R | undefined {
    const { routes } = this.#prefixes;
    for (let end = deepestPrefixEnd(this.#prefixes, path); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const route = routes.get(path.slice(0, end))?.match(request);
      if (route !== undefined) return route;
    }
    return routes.get('/')?.match(request);
  }

  /** @throws {FormatError} for a path or a condition that is no pattern where it has to be one */
  with({ exact, regex, prefix }: PathChangesOfHost<R>): PathRoutes<R> {
    return new PathRoutes(
      this.#exact.with(listsOf(exact, path => this.#exact.get(path))),
      this.#patterns.with(listsOf(regex, path => this.#patterns.get(path))),
      changed(
        this.#prefixes,
        listsOf(prefix, path => this.#prefixes.routes.get(path)),
      ),
    );
  }
}

/** The lists of the paths that change; undefined for one that gets empty. */
function listsOf<R extends Place>(
  changes: ReadonlyMap<string, RankedChanges<R>>,
  before: (path: string) => RankedRoutes<R> | undefined,
): Map<string, RankedRoutes<R> | undefined> {
  const lists = new Map<string, RankedRoutes<R> | undefined>();
  for (const [path, ofPath] of changes) {
    const after = (before(path) ?? RankedRoutes.empty<R>()).with(ofPath);
    lists.set(path, after.size === 0 ? undefined : after);
  }
  return lists;
}
