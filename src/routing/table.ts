import type { TableDelta } from '../model/delta.ts';
import type { Place, Route } from '../model/route.ts';
import { upperCaseEscapes } from './path.ts';
import { ShardedMap } from './sharded-map.ts';

/** The routes of one host. */
interface PathTable<R> {
  readonly routes: ShardedMap<R>;
  /** How many routes have so many segments. */
  readonly depths: ReadonlyMap<number, number>;
  /** Segments of the deepest route: no look-up goes further. */
  readonly depth: number;
}

const NO_ROUTES: PathTable<never> = { routes: ShardedMap.empty(), depths: new Map(), depth: 0 };

/** By exact host, with the routes of any host under the empty one; and by what follows the `*` of a wildcard host. */
interface HostTables<R> {
  readonly exact: ShardedMap<PathTable<R>>;
  readonly wildcards: ShardedMap<PathTable<R>>;
}

/**
 * An immutable, versioned route table. A request costs one Map look-up per path segment, up to the deepest route of
 * its host, whatever the number of routes; with wildcard hosts in the table, one more per label of its host. A delta
 * makes a new table that shares with the former what it does not touch: what a change costs does not grow with the
 * table either.
 */
export class RouteTable<R extends Place = Route> {
  static readonly EMPTY: RouteTable = RouteTable.of([], 0);

  readonly version: number;
  readonly #exact: ShardedMap<PathTable<R>>;
  readonly #wildcards: ShardedMap<PathTable<R>>;
  readonly #anyHost: PathTable<R> | undefined;
  readonly #hasExactHosts: boolean;
  readonly #hasEscapes: boolean;

  private constructor(version: number, { exact, wildcards }: HostTables<R>, hasEscapes: boolean) {
    this.version = version;
    this.#exact = exact;
    this.#wildcards = wildcards;
    this.#anyHost = exact.get('');
    this.#hasExactHosts = exact.size > (this.#anyHost === undefined ? 0 : 1);
    this.#hasEscapes = hasEscapes;
  }

  static of<R extends Place>(routes: Iterable<R>, version = 1): RouteTable<R> {
    const hosts: HostTables<R> = { exact: ShardedMap.empty(), wildcards: ShardedMap.empty() };
    return new RouteTable(0, hosts, false).apply({ version, upserts: [...routes], removals: [] });
  }

  get size(): number {
    let size = 0;
    for (const { routes } of this.#pathTables()) size += routes.size;
    return size;
  }

  *routes(): Generator<R> {
    for (const { routes } of this.#pathTables()) yield* routes.values();
  }

  apply(delta: TableDelta<R>): RouteTable<R> {
    const changes = new Map<string, Map<string, R | undefined>>();
    const change = (host: string, path: string, route: R | undefined): void => {
      const ofHost = changes.get(host);
      if (ofHost === undefined) changes.set(host, new Map([[path, route]]));
      else ofHost.set(path, route);
    };
    for (const { host, path } of delta.removals) change(host, path, undefined);
    let hasEscapes = this.#hasEscapes;
    for (const route of delta.upserts) {
      hasEscapes ||= route.path.includes('%');
      change(route.host, route.path, route);
    }
    const exact = new Map<string, PathTable<R> | undefined>();
    const wildcards = new Map<string, PathTable<R> | undefined>();
    for (const [host, paths] of changes) {
      const after = changed<R>(this.#pathTable(host) ?? NO_ROUTES, paths);
      const entry = after.routes.size === 0 ? undefined : after;
      if (isWildcard(host)) wildcards.set(host.slice(1), entry);
      else exact.set(host, entry);
    }
    const hosts = { exact: this.#exact.with(exact), wildcards: this.#wildcards.with(wildcards) };
    return new RouteTable(delta.version, hosts, hasEscapes);
  }

  /**
   * The route that takes a request: exact host, then the longest `*.` suffix, then any host; within the first of these
   * that has one, the longest path.
   * @param host as parseHost gives it; empty for an HTTP/1.0 request without Host
   * @param path as normalisePath gives it
   */
  match(host: string, path: string): R | undefined {
    const key = this.#hasEscapes ? upperCaseEscapes(path) : path;
    if (this.#hasExactHosts) {
      const table = this.#exact.get(host);
      const route = table && longestPrefix(table, key);
      if (route !== undefined) return route;
    }
    if (this.#wildcards.size > 0) {
      // An empty first label does not stand for the `*`.
      for (let dot = host.indexOf('.', 1); dot >= 0; dot = host.indexOf('.', dot + 1)) {
        const table = this.#wildcards.get(host.slice(dot));
        const route = table && longestPrefix(table, key);
        if (route !== undefined) return route;
      }
    }
    return this.#anyHost && longestPrefix(this.#anyHost, key);
  }

  /** The route that is served at a place. */
  get({ host, path }: Place): R | undefined {
    return this.#pathTable(host)?.routes.get(path);
  }

  #pathTable(host: string): PathTable<R> | undefined {
    return isWildcard(host) ? this.#wildcards.get(host.slice(1)) : this.#exact.get(host);
  }

  *#pathTables(): Generator<PathTable<R>> {
    yield* this.#exact.values();
    yield* this.#wildcards.values();
  }
}

function isWildcard(host: string): boolean {
  return host.startsWith('*.');
}

/** `a.b.c`, `*.b.c`, `*.c`: the hosts a request for `a.b.c` may match, best first. A `*` matches no empty label. */
export function hostCandidates(host: string): string[] {
  const candidates = [host];
  for (let dot = host.indexOf('.', 1); dot >= 0; dot = host.indexOf('.', dot + 1))
    candidates.push(`*${host.slice(dot)}`);
  return candidates;
}

function longestPrefix<R>({ routes, depth }: PathTable<R>, path: string): R | undefined {
  let best = routes.get('/');
  let end = 0;
  for (let level = 0; level < depth; level += 1) {
    end = path.indexOf('/', end + 1);
    const found = routes.get(end < 0 ? path : path.slice(0, end));
    if (found !== undefined) best = found;
    if (end < 0) break;
  }
  return best;
}

/** @param changes by path; undefined takes one out */
function changed<R>(before: PathTable<R>, changes: ReadonlyMap<string, R | undefined>): PathTable<R> {
  const depths = new Map(before.depths);
  for (const [path, route] of changes) {
    const difference = Number(route !== undefined) - Number(before.routes.get(path) !== undefined);
    if (difference === 0) continue;
    const depth = segments(path);
    const count = (depths.get(depth) ?? 0) + difference;
    if (count === 0) depths.delete(depth);
    else depths.set(depth, count);
  }
  let deepest = 0;
  for (const depth of depths.keys()) deepest = Math.max(deepest, depth);
  return { routes: before.routes.with(changes), depths, depth: deepest };
}

function segments(path: string): number {
  let count = 0;
  for (let index = path.indexOf('/'); index >= 0; index = path.indexOf('/', index + 1)) count += 1;
  return count;
}
