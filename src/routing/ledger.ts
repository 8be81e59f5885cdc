import { isDeepStrictEqual } from 'node:util';
import type { TableDelta } from '../model/delta.ts';
import { type Place, placeOf, type Route, routeKey, type ServiceRef, serviceKey } from '../model/route.ts';
import { RouteTable } from './table.ts';

/** Two Services want the same host and path: one has it, the other waits. */
export interface Conflict {
  readonly host: string;
  readonly path: string;
  readonly winner: ServiceRef;
  readonly loser: ServiceRef;
}

/**
 * Who claims which host and path, and who gets it: the older Service, then namespace/name order, then that of owners. A loser takes over by
 * itself when the winner goes. Collects changes until {@link commit} makes one new table of them.
 */
export class RouteLedger {
  /** Owner (`namespace/name` or any other key) to the routes it claims. */
  readonly #owned = new Map<string, readonly Route[]>();
  /** Route key to what each owner claims there. In no order: thousands may claim the same, and come and go one by one. */
  readonly #claims = new Map<string, Map<string, Route>>();
  /** By route key, the places whose claims changed since the last commit. */
  readonly #dirty = new Map<string, Place>();
  readonly #contested = new Set<string>();
  /** Keys whose claims changed since {@link takeConflictNews}. */
  readonly #news = new Set<string>();
  readonly #onBug: (error: unknown, route: Route) => void;
  #table = RouteTable.EMPTY;

  /** @param onBug hears of a route that cannot be served because of a bug in this program */
  constructor(onBug: (error: unknown, route: Route) => void = rethrow) {
    this.#onBug = onBug;
  }

  get table(): RouteTable {
    return this.#table;
  }

  /** Replaces what an owner claims; no routes at all takes it out. */
  set(owner: string, routes: readonly Route[]): void {
    for (const route of this.#owned.get(owner) ?? []) this.#withdraw(owner, route);
    if (routes.length === 0) this.#owned.delete(owner);
    else this.#owned.set(owner, routes);
    for (const route of routes) {
      const key = routeKey(route);
      const claims = this.#claims.get(key);
      if (claims === undefined) this.#claims.set(key, new Map([[owner, route]]));
      else claims.set(owner, route);
      this.#touch(key, route);
    }
  }

  owners(): IterableIterator<string> {
    return this.#owned.keys();
  }

  conflicts(): Conflict[] {
    return [...this.#contested].flatMap(key => this.#conflictsAt(key));
  }

  /** By route key, the conflicts of each place where claims changed since this was asked last; none where it is settled. */
  takeConflictNews(): Map<string, Conflict[]> {
    const news = new Map([...this.#news].map(key => [key, this.#conflictsAt(key)]));
    this.#news.clear();
    return news;
  }

  #conflictsAt(key: string): Conflict[] {
    if (!this.#contested.has(key)) return [];
    const [winner, ...losers] = [...(this.#claims.get(key) ?? [])].sort(byPrecedence);
    if (winner === undefined) return [];
    return losers.map(([, { host, path, service }]) => ({ host, path, winner: winner[1].service, loser: service }));
  }

  /**
   * Makes the next table of what changed. A route for which this throws, which takes a bug, stays as it is; all others go on.
   * @returns undefined when nothing that is served changed
   */
  commit(): TableDelta | undefined {
    const places = [...this.#dirty];
    this.#dirty.clear();
    const version = this.#table.version + 1;
    const delta = this.#tryToServe(places, version);
    return delta.upserts.length + delta.removals.length === 0 ? undefined : delta;
  }

  #tryToServe(places: readonly DirtyPlace[], version: number): TableDelta {
    try {
      return this.#serve(places, version);
    } catch (error) {
      const [only] = places;
      if (places.length > 1 || only === undefined) {
        const parts = places.map(one => this.#tryToServe([one], version));
        return {
          version,
          upserts: parts.flatMap(({ upserts }) => upserts),
          removals: parts.flatMap(({ removals }) => removals),
        };
      }
      const route = winnerOf(this.#claims.get(only[0]));
      if (route === undefined) throw error;
      this.#onBug(error, route);
      return { version, upserts: [], removals: [] };
    }
  }

  #serve(places: readonly DirtyPlace[], version: number): TableDelta {
    const upserts: Route[] = [];
    const removals: Place[] = [];
    for (const [key, place] of places) {
      const served = this.#table.get(place);
      const winner = winnerOf(this.#claims.get(key));
      if (winner === undefined) {
        if (served !== undefined) removals.push(place);
      } else if (!isDeepStrictEqual(winner, served)) {
        upserts.push(winner);
      }
    }
    const delta: TableDelta = { version, upserts, removals };
    if (upserts.length + removals.length > 0) this.#table = this.#table.apply(delta);
    return delta;
  }

  #withdraw(owner: string, place: Place): void {
    const key = routeKey(place);
    const claims = this.#claims.get(key);
    claims?.delete(owner);
    if (claims?.size === 0) this.#claims.delete(key);
    this.#touch(key, place);
  }

  #touch(key: string, place: Place): void {
    this.#dirty.set(key, placeOf(place));
    this.#news.add(key);
    if ((this.#claims.get(key)?.size ?? 0) > 1) this.#contested.add(key);
    else this.#contested.delete(key);
  }
}

/** A route key, and what it stands for. */
type DirtyPlace = readonly [key: string, place: Place];

type Claim = readonly [owner: string, route: Route];

function winnerOf(claims: Iterable<Claim> = []): Route | undefined {
  let winner: Claim | undefined;
  for (const claim of claims) {
    if (winner === undefined || byPrecedence(claim, winner) < 0) winner = claim;
  }
  return winner?.[1];
}

function byPrecedence([owner, route]: Claim, [otherOwner, otherRoute]: Claim): number {
  return bySeniority(route, otherRoute) || (owner < otherOwner ? -1 : 1);
}

function rethrow(error: unknown): never {
  throw error;
}

/** What decides between two that ask for the same. */
type Seniority = Pick<Route, 'createdAt' | 'service'>;

/** Older first; a Service without a timestamp (a manifest) counts as newest. */
export function bySeniority(a: Seniority, b: Seniority): number {
  const left = a.createdAt || '~';
  const right = b.createdAt || '~';
  if (left !== right) return left < right ? -1 : 1;
  const leftKey = serviceKey(a.service);
  const rightKey = serviceKey(b.service);
  return leftKey < rightKey ? -1 : leftKey > rightKey ? 1 : 0;
}
