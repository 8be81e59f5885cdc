import type { TableDelta } from '../model/delta.ts';
import type { Place, Route } from '../model/route.ts';
import { DecodedPath } from './decoded-path.ts';
import type { AskedRequest } from './gateway/asked-request.ts';
import { GatewayRoutes } from './gateway/gateway-routes.ts';
import { IngressHosts, isWildcard } from './ingress-hosts.ts';
import type { Locations } from './locations.ts';
import { upperCaseEscapes } from './path.ts';
import { changed, longestPrefix, NO_ROUTES, type PathTable } from './path-table.ts';
import { ShardedMap } from './sharded-map.ts';
import { TableChanges } from './table-changes.ts';

/** By exact host, with the routes of any host under the empty one; and by what follows the `*` of a wildcard host. */
interface HostTables<R extends Place> {
  readonly exact: ShardedMap<PathTable<R>>;
  readonly wildcards: ShardedMap<PathTable<R>>;
  /** Those of Ingresses, which are matched in their own way. */
  readonly ingress: IngressHosts<R>;
  /** Those of Gateways, each at a listener. */
  readonly gateway: GatewayRoutes<R>;
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
  /** Undefined while there are no routes of Ingresses. */
  readonly #ingress: IngressHosts<R> | undefined;
  readonly #gateway: GatewayRoutes<R>;
  readonly #anyHost: PathTable<R> | undefined;
  readonly #hasExactHosts: boolean;
  readonly #hasEscapes: boolean;

  private constructor(version: number, { exact, wildcards, ingress, gateway }: HostTables<R>, hasEscapes: boolean) {
    this.version = version;
    this.#exact = exact;
    this.#wildcards = wildcards;
    this.#ingress = ingress.isEmpty ? undefined : ingress;
    this.#gateway = gateway;
    this.#anyHost = exact.get('');
    this.#hasExactHosts = exact.size > (this.#anyHost === undefined ? 0 : 1);
    this.#hasEscapes = hasEscapes;
  }

  static of<R extends Place>(routes: Iterable<R>, version = 1): RouteTable<R> {
    const hosts: HostTables<R> = {
      exact: ShardedMap.empty(),
      wildcards: ShardedMap.empty(),
      ingress: IngressHosts.empty(),
      gateway: GatewayRoutes.empty(),
    };
    return new RouteTable(0, hosts, false).apply({ version, upserts: [...routes], removals: [] });
  }

  get size(): number {
    let size = 0;
    for (const { routes } of this.#pathTables()) size += routes.size;
    for (const locations of this.#ingress?.locations() ?? []) size += locations.size;
    return size + this.#gateway.size;
  }

  *routes(): Generator<R> {
    for (const { routes } of this.#pathTables()) yield* routes.values();
    for (const locations of this.#ingress?.locations() ?? []) yield* locations.routes();
    yield* this.#gateway.routes();
  }

  /** @throws {FormatError} for a place that is matched by a pattern, or has a condition of one, and has none */
  apply(delta: TableDelta<R>): RouteTable<R> {
    // As with each change of endpoints.
    if (delta.version === this.version && delta.upserts.length + delta.removals.length === 0) return this;
    const changes = new TableChanges<R>();
    for (const place of delta.removals) changes.set(place, undefined);
    let hasEscapes = this.#hasEscapes;
    for (const route of delta.upserts) {
      hasEscapes ||= route.listener === undefined && route.path.includes('%');
      changes.set(route, route);
    }
    const exact = new Map<string, PathTable<R> | undefined>();
    const wildcards = new Map<string, PathTable<R> | undefined>();
    for (const [host, { prefix }] of changes.services) {
      const after = changed<R>(this.#pathTable(host) ?? NO_ROUTES, prefix);
      const entry = after.routes.size === 0 ? undefined : after;
      if (isWildcard(host)) wildcards.set(host.slice(1), entry);
      else exact.set(host, entry);
    }
    const ingress = (this.#ingress ?? IngressHosts.empty<R>()).with(changes.ingresses);
    const gateway = this.#gateway.with(changes.gateways);
    const hosts = { exact: this.#exact.with(exact), wildcards: this.#wildcards.with(wildcards), ingress, gateway };
    return new RouteTable(delta.version, hosts, hasEscapes);
  }

  /**
   * The route that takes a request: exact host, then the longest `*.` suffix, then any host; within the first of these
   * that has one, the longest path. A host of Ingresses that the request comes to answers alone.
   * @param host as parseHost gives it; empty for an HTTP/1.0 request without Host
   * @param path as normalisePath gives it
   * @param decoded the form of the path that hosts of Ingresses look at
   * @throws {PatternCostError}
   */
  match(host: string, path: string, decoded = DecodedPath.of(path)): R | undefined {
    const ingress = this.#ingress;
    if (ingress === undefined) return this.#matchExact(host, path) ?? this.#matchOthers(host, path);
    const named = ingress.exact(host);
    if (named !== undefined) return matchIn(named, decoded);
    const exact = this.#matchExact(host, path);
    if (exact !== undefined) return exact;
    const wildcard = ingress.wildcard(host);
    if (wildcard !== undefined) return matchIn(wildcard, decoded);
    return this.#matchOthers(host, path) ?? (ingress.catchAll && matchIn(ingress.catchAll, decoded));
  }

  /**
   * The route that takes a request at a listener of a Gateway. Parameters and errors are those of {@link GatewayRoutes.match}.
   * Routes of Gateways are found by no other method but {@link get}.
   */
  matchListener(listener: string, host: string, path: string, request: AskedRequest): R | undefined {
    return this.#gateway.match(listener, host, path, request);
  }

  /**
   * Whether Services or Ingresses name a host as closely as a hostname of listeners that takes it: by its own name, by a wildcard that is
   * as long, or with a route for hosts that nobody names. Services without a host are asked with {@link matchAnyHost}.
   * @param hostname empty: all hosts
   */
  namesAsClosely(host: string, hostname: string): boolean {
    const ingress = this.#ingress;
    if (host !== '') {
      if ((this.#hasExactHosts && this.#exact.get(host) !== undefined) || ingress?.exact(host) !== undefined)
        return true;
      if (hostname === host) return false;
      // Its star is one label, so that no wildcard is longer.
      if (ingress?.wildcard(host) !== undefined || this.#hasWildcard(host, hostname.length - 1)) return true;
    }
    return hostname === '' && ingress?.catchAll !== undefined;
  }

  /** The route of a Service without a host that takes a path. */
  matchAnyHost(path: string): R | undefined {
    return this.#anyHost && longestPrefix(this.#anyHost, this.#keyOf(path));
  }

  /** @param least characters behind its star */
  #hasWildcard(host: string, least: number): boolean {
    if (this.#wildcards.size === 0) return false;
    for (let dot = host.indexOf('.', 1); dot >= 0 && host.length - dot >= least; dot = host.indexOf('.', dot + 1))
      if (this.#wildcards.get(host.slice(dot)) !== undefined) return true;
    return false;
  }

  #matchExact(host: string, path: string): R | undefined {
    const table = this.#hasExactHosts ? this.#exact.get(host) : undefined;
    return table && longestPrefix(table, this.#keyOf(path));
  }

  #matchOthers(host: string, path: string): R | undefined {
    const key = this.#keyOf(path);
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

  #keyOf(path: string): string {
    return this.#hasEscapes ? upperCaseEscapes(path) : path;
  }

  /** The route that is served at a place. */
  get(place: Place): R | undefined {
    if (place.listener !== undefined) return this.#gateway.get(place, place.listener);
    if (place.profile === 'ingress') return this.#ingress?.get(place.host)?.get(place);
    return this.#pathTable(place.host)?.routes.get(place.path);
  }

  #pathTable(host: string): PathTable<R> | undefined {
    return isWildcard(host) ? this.#wildcards.get(host.slice(1)) : this.#exact.get(host);
  }

  *#pathTables(): Generator<PathTable<R>> {
    yield* this.#exact.values();
    yield* this.#wildcards.values();
  }
}

/** A path that dot segments lead above the root of is refused: see DecodedPath.isRefused. */
function matchIn<R extends Place>(locations: Locations<R>, { value }: DecodedPath): R | undefined {
  return value === undefined ? undefined : locations.match(value);
}

/** `a.b.c`, `*.b.c`, `*.c`: the hosts a request for `a.b.c` may match, best first. A `*` matches no empty label. */
export function hostCandidates(host: string): string[] {
  const candidates = [host];
  for (let dot = host.indexOf('.', 1); dot >= 0; dot = host.indexOf('.', dot + 1))
    candidates.push(`*${host.slice(dot)}`);
  return candidates;
}
