import type { Place } from '../../model/route.ts';
import { isWildcard } from '../ingress-hosts.ts';
import { ShardedMap } from '../sharded-map.ts';
import type { AskedRequest } from './asked-request.ts';
import { HostRoutes } from './host-routes.ts';
import type { RankedChanges } from './ranked-routes.ts';

/** Changes to the routes of one listener: by host, then by the name of the match. */
export type ListenerChanges<R> = ReadonlyMap<string, RankedChanges<R>>;

/**
 * The routes of one listener by their hosts. A request is offered to those for its host, then to those of the longest wildcard that takes
 * it, and so on; last to those for any host. Immutable.
 */
export class ListenerRoutes<R extends Place> {
  static readonly #EMPTY = new ListenerRoutes<never>(ShardedMap.empty(), ShardedMap.empty());

  /** With the routes for any host under the empty one. */
  readonly #exact: ShardedMap<HostRoutes<R>>;
  /** By what follows the star. */
  readonly #wildcards: ShardedMap<HostRoutes<R>>;
  readonly #anyHost: HostRoutes<R> | undefined;

  private constructor(exact: ShardedMap<HostRoutes<R>>, wildcards: ShardedMap<HostRoutes<R>>) {
    this.#exact = exact;
    this.#wildcards = wildcards;
    this.#anyHost = exact.get('');
  }

  static empty<R extends Place>(): ListenerRoutes<R> {
    return ListenerRoutes.#EMPTY;
  }

  get isEmpty(): boolean {
    return this.#exact.size === 0 && this.#wildcards.size === 0;
  }

  *hosts(): Generator<HostRoutes<R>> {
    yield* this.#exact.values();
    yield* this.#wildcards.values();
  }

  /** @param host of a place, with its star */
  get(host: string): HostRoutes<R> | undefined {
    return isWildcard(host) ? this.#wildcards.get(host.slice(1)) : this.#exact.get(host);
  }

  /** @param path normalised, with escapes in upper case @throws {PatternCostError} */
  match(host: string, path: string, request: AskedRequest): R | undefined {
    if (host !== '') {
      const exact = this.#exact.get(host)?.match(path, request);
      if (exact !== undefined) return exact;
    }
    if (this.#wildcards.size > 0) {
      // An empty first label does not stand for the star.
      for (let dot = host.indexOf('.', 1); dot >= 0; dot = host.indexOf('.', dot + 1)) {
        const wildcard = this.#wildcards.get(host.slice(dot))?.match(path, request);
        if (wildcard !== undefined) return wildcard;
      }
    }
    return this.#anyHost?.match(path, request);
  }

  /** @throws {FormatError} as {@link HostRoutes.with} */
  with(changes: ListenerChanges<R>): ListenerRoutes<R> {
    const exact = new Map<string, HostRoutes<R> | undefined>();
    const wildcards = new Map<string, HostRoutes<R> | undefined>();
    for (const [host, ofHost] of changes) {
      const after = (this.get(host) ?? HostRoutes.empty<R>()).with(ofHost);
      const entry = after.size === 0 ? undefined : after;
      if (isWildcard(host)) wildcards.set(host.slice(1), entry);
      else exact.set(host, entry);
    }
    return new ListenerRoutes(this.#exact.with(exact), this.#wildcards.with(wildcards));
  }
}
