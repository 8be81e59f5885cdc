import type { TableDelta } from './delta.ts';
import { upperCaseEscapes } from './path.ts';
import type { Route } from './route.ts';

/** The routes of one host. */
interface PathTable {
  readonly routes: ReadonlyMap<string, Route>;
  /** Segments of the deepest route: no look-up goes further. */
  readonly depth: number;
}

/**
 * An immutable, versioned route table. A request costs one Map look-up per path segment, up to the deepest route of
 * its host, whatever the number of routes. A delta makes a new table that shares the hosts it does not touch.
 */
export class RouteTable {
  static readonly EMPTY: RouteTable = new RouteTable(0, new Map(), false);

  readonly version: number;
  readonly #hosts: ReadonlyMap<string, PathTable>;
  readonly #anyHost: PathTable | undefined;
  readonly #hasExactHosts: boolean;
  readonly #hasWildcards: boolean;
  readonly #hasEscapes: boolean;

  private constructor(version: number, hosts: ReadonlyMap<string, PathTable>, hasEscapes: boolean) {
    this.version = version;
    this.#hosts = hosts;
    this.#anyHost = hosts.get('');
    this.#hasExactHosts = hosts.size > (this.#anyHost === undefined ? 0 : 1);
    this.#hasWildcards = [...hosts.keys()].some(host => host.startsWith('*'));
    this.#hasEscapes = hasEscapes;
  }

  static of(routes: Iterable<Route>, version = 1): RouteTable {
    return RouteTable.EMPTY.apply({ version, upserts: [...routes], removals: [] });
  }

  get size(): number {
    let size = 0;
    for (const { routes } of this.#hosts.values()) size += routes.size;
    return size;
  }

  *routes(): Generator<Route> {
    for (const { routes } of this.#hosts.values()) yield* routes.values();
  }

  apply(delta: TableDelta): RouteTable {
    const changed = new Map<string, Map<string, Route>>();
    const edit = (host: string): Map<string, Route> => {
      let routes = changed.get(host);
      if (routes === undefined) {
        routes = new Map(this.#hosts.get(host)?.routes);
        changed.set(host, routes);
      }
      return routes;
    };
    for (const key of delta.removals) {
      const space = key.indexOf(' ');
      edit(key.slice(0, space)).delete(key.slice(space + 1));
    }
    let hasEscapes = this.#hasEscapes;
    for (const route of delta.upserts) {
      hasEscapes ||= route.path.includes('%');
      edit(route.host).set(route.path, route);
    }
    const hosts = new Map(this.#hosts);
    for (const [host, routes] of changed) {
      if (routes.size === 0) hosts.delete(host);
      else hosts.set(host, { routes, depth: deepest(routes.keys()) });
    }
    return new RouteTable(delta.version, hosts, hasEscapes);
  }

  /**
   * The route that takes a request: exact host, then the longest `*.` suffix, then any host; within the first of these
   * that has one, the longest path.
   * @param host as parseHost gives it; empty for an HTTP/1.0 request without Host
   * @param path as normalisePath gives it
   */
  match(host: string, path: string): Route | undefined {
    const key = this.#hasEscapes ? upperCaseEscapes(path) : path;
    if (this.#hasExactHosts) {
      for (const candidate of this.#specificHosts(host)) {
        const table = this.#hosts.get(candidate);
        const route = table && longestPrefix(table, key);
        if (route !== undefined) return route;
      }
    }
    return this.#anyHost && longestPrefix(this.#anyHost, key);
  }

  get(host: string, path: string): Route | undefined {
    return this.#hosts.get(host)?.routes.get(path);
  }

  #specificHosts(host: string): readonly string[] {
    return this.#hasWildcards ? hostCandidates(host) : [host];
  }
}

/** `a.b.c`, `*.b.c`, `*.c`: the hosts a request for `a.b.c` may match, best first. An empty label is none for a `*`. */
export function hostCandidates(host: string): string[] {
  const candidates = [host];
  for (let dot = host.indexOf('.', 1); dot >= 0; dot = host.indexOf('.', dot + 1))
    candidates.push(`*${host.slice(dot)}`);
  return candidates;
}

function longestPrefix({ routes, depth }: PathTable, path: string): Route | undefined {
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

function deepest(paths: Iterable<string>): number {
  let depth = 0;
  for (const path of paths) {
    let segments = 0;
    for (let index = path.indexOf('/'); index >= 0; index = path.indexOf('/', index + 1)) segments += 1;
    if (segments > depth) depth = segments;
  }
  return depth;
}

/** What a table holds, for a worker that starts with nothing. */
export function snapshotOf(table: RouteTable): TableDelta {
  return { version: table.version, upserts: [...table.routes()], removals: [] };
}
