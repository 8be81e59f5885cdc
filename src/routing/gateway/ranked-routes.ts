import type { ListenerPlace, Place } from '../../model/route.ts';
import type { AskedRequest } from './asked-request.ts';
import { Conditions } from './conditions.ts';
import { RankedIndex, type RankedRoute } from './ranked-index.ts';

/** As many routes are asked one after the other; of more, an index finds those that may take a request. */
const MAX_SCANNED = 8;

/** Changes by the name of the match: undefined takes a route out. */
export type RankedChanges<R> = ReadonlyMap<string, R | undefined>;

/** Routes with the same host and path, in the order of their ranks: the first whose conditions a request meets takes it. Immutable. */
export class RankedRoutes<R extends Place> {
  static readonly #EMPTY = new RankedRoutes<never>([]);

  readonly #ranked: readonly RankedRoute<R>[];
  /** Of the routes that can take requests: none behind one that takes all. */
  readonly #reached: number;
  readonly #index: RankedIndex<R> | undefined;

  private constructor(ranked: readonly RankedRoute<R>[]) {
    this.#ranked = ranked;
    const taker = ranked.findIndex(({ conditions }) => conditions === undefined);
    this.#reached = taker < 0 ? ranked.length : taker + 1;
    this.#index = this.#reached > MAX_SCANNED ? new RankedIndex(ranked.slice(0, this.#reached)) : undefined;
  }

  static empty<R extends Place>(): RankedRoutes<R> {
    return RankedRoutes.#EMPTY;
  }

  get size(): number {
    return this.#ranked.length;
  }

  *routes(): Generator<R> {
    for (const { route } of this.#ranked) yield route;
  }

  /** @throws {PatternCostError} */
  match(request: AskedRequest): R | undefined {
    if (this.#index !== undefined) return this.#index.match(request);
    for (let index = 0; index < this.#reached; index += 1) {
      const { route, conditions } = this.#ranked[index] as RankedRoute<R>;
      if (conditions === undefined) return route;
      if (conditions.areMet(request)) return route;
    }
    return undefined;
  }

  /** @throws {FormatError} for a condition that is no pattern where it has to be one */
  with(changes: RankedChanges<R>): RankedRoutes<R> {
    const kept = this.#ranked.filter(({ route }) => !changes.has(listenerOf(route).match));
    const come = [...changes.values()].filter(route => route !== undefined).map(rankedRoute);
    return new RankedRoutes([...kept, ...come].sort(byRank));
  }
}

/** Of a route of a Gateway. */
export function listenerOf({ listener }: Place): ListenerPlace {
  return listener as ListenerPlace;
}

function rankedRoute<R extends Place>(route: R): RankedRoute<R> {
  const { conditions } = listenerOf(route);
  return { route, conditions: conditions && new Conditions(conditions) };
}

/** The names of the matches decide between equal ranks, so that the order does not depend on what came first. */
function byRank<R extends Place>({ route }: RankedRoute<R>, { route: other }: RankedRoute<R>): number {
  const [one, two] = [listenerOf(route), listenerOf(other)];
  return compare(one.rank, two.rank) || compare(one.match, two.match);
}

function compare(one: string, two: string): number {
  if (one === two) return 0;
  return one < two ? -1 : 1;
}
