import type { Place } from '../../model/route.ts';
import { ShardedMap } from '../sharded-map.ts';
import type { AskedRequest } from './asked-request.ts';
import { PathChangesOfHost, PathRoutes } from './path-routes.ts';
import { listenerOf, type RankedChanges } from './ranked-routes.ts';

/** Routes for the same host whose own hostnames fit it equally well. */
interface Tier<R extends Place> {
  readonly hostRank: number;
  readonly paths: PathRoutes<R>;
}

/** The routes for one host at one listener. Those with the closer hostnames come first, whatever their paths. Immutable. */
export class HostRoutes<R extends Place> {
  static readonly #EMPTY = new HostRoutes<never>(ShardedMap.empty(), []);

  /** By the names of their matches: an edit may move a route to another path. */
  readonly #routes: ShardedMap<R>;
  /** The closest first; nearly always there is one. */
  readonly #tiers: readonly Tier<R>[];

  private constructor(routes: ShardedMap<R>, tiers: readonly Tier<R>[]) {
    this.#routes = routes;
    this.#tiers = tiers;
  }

  static empty<R extends Place>(): HostRoutes<R> {
    return HostRoutes.#EMPTY;
  }

  get size(): number {
    return this.#routes.size;
  }

  routes(): Generator<R> {
    return this.#routes.values();
  }

  /** @param match name of the match */
  get(match: string): R | undefined {
    return this.#routes.get(match);
  }

  /** @param path normalised, with escapes in upper case @throws {PatternCostError} */
  match(path: string, request: AskedRequest): R | undefined {
    for (const { paths } of this.#tiers) {
      const route = paths.match(path, request);
      if (route !== undefined) return route;
    }
    return undefined;
  }

  /** @throws {FormatError} as {@link PathRoutes.with} */
  with(changes: RankedChanges<R>): HostRoutes<R> {
    const byTier = new Map<number, PathChangesOfHost<R>>();
    const change = (place: Place, match: string, route: R | undefined): void => {
      const { hostRank } = listenerOf(place);
      const ofTier = byTier.get(hostRank) ?? new PathChangesOfHost<R>();
      byTier.set(hostRank, ofTier);
      ofTier.set(place, match, route);
    };
    for (const [match, route] of changes) {
      const before = this.#routes.get(match);
      if (before !== undefined) change(before, match, undefined);
      if (route !== undefined) change(route, match, route);
    }
    const tiers = new Map(this.#tiers.map(({ hostRank, paths }) => [hostRank, paths]));
    for (const [hostRank, ofTier] of byTier) {
      const paths = (tiers.get(hostRank) ?? PathRoutes.empty<R>()).with(ofTier);
      if (paths.isEmpty) tiers.delete(hostRank);
      else tiers.set(hostRank, paths);
    }
    const sorted = [...tiers].sort(([one], [two]) => two - one);
    return new HostRoutes(
      this.#routes.with(changes),
      sorted.map(([hostRank, paths]) => ({ hostRank, paths })),
    );
  }
}
