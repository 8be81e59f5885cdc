import { isDeepStrictEqual } from 'node:util';
import type { TableDelta } from './delta.ts';
import { type Route, routeKey, type ServiceRef, serviceKey } from './route.ts';
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
  /** Route key to its claims, the winner first. */
  readonly #claims = new Map<string, { owner: string; route: Route }[]>();
  readonly #dirty = new Set<string>();
  readonly #contested = new Set<string>();
  #table = RouteTable.EMPTY;

  get table(): RouteTable {
    return this.#table;
  }

  /** Replaces what an owner claims; no routes at all takes it out. */
  set(owner: string, routes: readonly Route[]): void {
    for (const route of this.#owned.get(owner) ?? []) this.#withdraw(owner, routeKey(route));
    if (routes.length === 0) this.#owned.delete(owner);
    else this.#owned.set(owner, routes);
    for (const route of routes) {
      const key = routeKey(route);
      const claims = this.#claims.get(key) ?? [];
      claims.push({ owner, route });
      claims.sort((a, b) => bySeniority(a.route, b.route) || (a.owner < b.owner ? -1 : 1));
      this.#claims.set(key, claims);
      this.#touch(key);
    }
  }

  owners(): IterableIterator<string> {
    return this.#owned.keys();
  }

  conflicts(): Conflict[] {
    const conflicts: Conflict[] = [];
    for (const key of this.#contested) {
      const [winner, ...losers] = this.#claims.get(key) ?? [];
      for (const { route } of losers) {
        const { host, path } = route;
        if (winner) conflicts.push({ host, path, winner: winner.route.service, loser: route.service });
      }
    }
    return conflicts;
  }

  /** Makes the next table of what changed. @returns undefined when nothing that is served did */
  commit(): TableDelta | undefined {
    const upserts: Route[] = [];
    const removals: string[] = [];
    for (const key of this.#dirty) {
      const space = key.indexOf(' ');
      const served = this.#table.get(key.slice(0, space), key.slice(space + 1));
      const winner = this.#claims.get(key)?.[0]?.route;
      if (winner === undefined) {
        if (served !== undefined) removals.push(key);
      } else if (!isDeepStrictEqual(winner, served)) {
        upserts.push(winner);
      }
    }
    this.#dirty.clear();
    if (upserts.length === 0 && removals.length === 0) return undefined;
    const delta: TableDelta = { version: this.#table.version + 1, upserts, removals };
    this.#table = this.#table.apply(delta);
    return delta;
  }

  #withdraw(owner: string, key: string): void {
    const claims = (this.#claims.get(key) ?? []).filter(claim => claim.owner !== owner);
    if (claims.length === 0) this.#claims.delete(key);
    else this.#claims.set(key, claims);
    this.#touch(key);
  }

  #touch(key: string): void {
    this.#dirty.add(key);
    if ((this.#claims.get(key)?.length ?? 0) > 1) this.#contested.add(key);
    else this.#contested.delete(key);
  }
}

/** Older first; a Service without a timestamp (a manifest) counts as newest. */
export function bySeniority(a: Route, b: Route): number {
  const left = a.createdAt || '~';
  const right = b.createdAt || '~';
  if (left !== right) return left < right ? -1 : 1;
  const leftKey = serviceKey(a.service);
  const rightKey = serviceKey(b.service);
  return leftKey < rightKey ? -1 : leftKey > rightKey ? 1 : 0;
}
