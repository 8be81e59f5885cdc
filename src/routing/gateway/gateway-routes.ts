import { type ListenerPlace, listenerKey, type Place } from '../../model/route.ts';
import { resolveSegments, upperCaseEscapes } from '../path.ts';
import { ShardedMap } from '../sharded-map.ts';
import { AmbiguousPathError } from './ambiguous-path-error.ts';
import type { AskedRequest } from './asked-request.ts';
import { type ListenerChanges, ListenerRoutes } from './listener-routes.ts';

const ENCODED_SLASH = '%2F';

/** Changes by the key of the listener. */
export type GatewayChanges<R> = ReadonlyMap<string, ListenerChanges<R>>;

/**
 * The routes of Gateways by listener: who asks has found the listener that takes the host, and no other one's routes count.
 *
 * What is compared is the normal form of the path (RFC 3986 section 6.2.2: normalisePath()), which upstreams get, too: no other
 * writing of a path, such as `/%61dmin`, `/x/../admin` or `//admin`, leads around the rules for it. An encoded slash is a character of
 * its segment; some upstreams read it as a slash, so a request is refused where that reading leads to another route.
 */
export class GatewayRoutes<R extends Place> {
  static readonly #EMPTY = new GatewayRoutes<never>(ShardedMap.empty());

  readonly #listeners: ShardedMap<ListenerRoutes<R>>;

  private constructor(listeners: ShardedMap<ListenerRoutes<R>>) {
    this.#listeners = listeners;
  }

  static empty<R extends Place>(): GatewayRoutes<R> {
    return GatewayRoutes.#EMPTY;
  }

  get isEmpty(): boolean {
    return this.#listeners.size === 0;
  }

  get size(): number {
    let size = 0;
    for (const listener of this.#listeners.values()) for (const host of listener.hosts()) size += host.size;
    return size;
  }

  *routes(): Generator<R> {
    for (const listener of this.#listeners.values()) for (const host of listener.hosts()) yield* host.routes();
  }

  get({ host }: Place, { port, hostname, match }: ListenerPlace): R | undefined {
    return this.#listeners.get(listenerKey(port, hostname))?.get(host)?.get(match);
  }

  /**
   * @param key of the listener, as listenerKey() makes it
   * @param host as parseHost() gives it; empty where the request names none
   * @param path as normalisePath() gives it
   * @throws {PatternCostError}
   * @throws {AmbiguousPathError}
   */
  match(key: string, host: string, path: string, request: AskedRequest): R | undefined {
    const listener = this.#listeners.get(key);
    if (listener === undefined) return undefined;
    if (!path.includes('%')) return listener.match(host, path, request);
    const compared = upperCaseEscapes(path);
    const route = listener.match(host, compared, request);
    if (compared.includes(ENCODED_SLASH)) {
      const other = resolveSegments(compared.replaceAll(ENCODED_SLASH, '/'), true);
      if (other === undefined || listener.match(host, other, request) !== route) throw new AmbiguousPathError();
    }
    return route;
  }

  /** @throws {FormatError} as {@link ListenerRoutes.with} */
  with(changes: GatewayChanges<R>): GatewayRoutes<R> {
    if (changes.size === 0) return this;
    const listeners = new Map<string, ListenerRoutes<R> | undefined>();
    for (const [key, ofListener] of changes) {
      const after = (this.#listeners.get(key) ?? ListenerRoutes.empty<R>()).with(ofListener);
      listeners.set(key, after.isEmpty ? undefined : after);
    }
    return new GatewayRoutes(this.#listeners.with(listeners));
  }
}
