import type { Endpoint, UpstreamTls } from '../../model/cluster.ts';
import type { Upstream } from '../pipeline/ports.ts';
import type { Indexed } from '../runtime/indexed-set.ts';
import type { TimeLimit } from '../runtime/timer-wheel.ts';
import type { OpenTransport, TransportOwner } from '../transport/transport.ts';

/** How the endpoints of a cluster are spoken to. */
export interface PoolProtocol {
  /** Connections are shared only where it is the same. Empty for HTTP/1.1 in clear. */
  readonly key: string;
  /** One connection carries many requests at once. */
  readonly isHttp2: boolean;
  /** Undefined in clear. */
  readonly tls: UpstreamTls | undefined;
}

/** On one connection at once; the upstream may allow fewer. */
export const MOST_STREAMS = 100;

/** What a pool is made for. */
export interface PooledEndpoint extends Endpoint {
  readonly protocol: PoolProtocol;
  /** Only endpoints with the same scope may share connections. */
  readonly scope: string;
}

/** An endpoint of a cluster that uses a pool. */
export interface PoolUser {
  /** It closed a connection soon after a request, as a server does that ends. @param now by the monotonic clock */
  closedKept(now: number): void;
}

/** The connections of one `address:port`. */
export class UpstreamPool {
  readonly key: string;
  readonly endpoint: Endpoint;
  readonly protocol: PoolProtocol;
  /** The one used last is used next, so that the others can grow old. */
  readonly idle: PooledConnection[] = [];
  /** Connections that carry many requests at once, idle or not; none where the protocol is HTTP/1.1. */
  readonly shared: SharedConnection[] = [];
  /** Connections that serve one client alone, wherever they wait while they are idle; undefined without any, as nearly always. */
  ofClients: Set<PooledConnection> | undefined;
  /** Connections of any kind, those that are being made among them. */
  size = 0;
  /** Requests that one connection carries at once: what the upstream said last, as far as we go. */
  streamLimit = MOST_STREAMS;
  readonly users = new Set<PoolUser>();
  /** Connections in use finish, and none is kept: the pool had no connection, or no endpoint uses it. Another pool takes its place. */
  isRetired = false;

  constructor(endpoint: PooledEndpoint) {
    this.key = poolKey(endpoint);
    this.endpoint = { address: endpoint.address, port: endpoint.port };
    this.protocol = endpoint.protocol;
  }

  /** An endpoint uses it no more. With the last one, idle connections end. */
  leave(user: PoolUser): void {
    this.users.delete(user);
    if (this.users.size > 0 || this.isRetired) return;
    const idle = [...this.idle, ...(this.ofClients ?? [])].filter(({ isReusable }) => isReusable);
    this.isRetired = true;
    for (const upstream of idle) upstream.destroy();
    for (const connection of [...this.shared]) connection.retire();
  }
}

export function poolKey({ scope, address, port }: PooledEndpoint): string {
  return `${scope} ${address} ${port}`;
}

export function keyOf({ address, port }: Endpoint): string {
  return `${address} ${port}`;
}

/** A connection to an upstream, as its pool sees it. */
export interface PooledConnection extends Upstream, TransportOwner, Indexed {
  readonly pool: UpstreamPool;
  /**
   * Where it waits while it is idle: in its pool, or with the one client that it serves because a login on it counts for all
   * that is sent on it (NTLM, Negotiate: RFC 4559 section 6).
   */
  readonly home: Upstream[];
  /** By the wheel's coarse clock; after it no further request is sent. */
  readonly retireAt: number;
  /** The upstream's own limit for idle connections; -1 when it does not say. */
  readonly keepAliveMs: number;
  /** When its last request was over, by the wheel's coarse clock. */
  idleSince: number;
  /** It is connected. */
  attach(open: OpenTransport): void;
  becomeIdle(): void;
}

/** A connection that carries many requests at once, as its pool sees it. */
export interface SharedConnection extends TransportOwner {
  readonly pool: UpstreamPool;
  /** How long it may be idle: its pool sets it. It is the connection's own while requests are under way. */
  readonly limit: TimeLimit;
  /** By the wheel's coarse clock; after it no further request is sent. */
  readonly retireAt: number;
  /** Requests that were begun on it. */
  readonly served: number;
  /** No request is under way on it. */
  readonly isIdle: boolean;
  /** So many more requests may begin on it now. */
  readonly room: number;
  /** It is connected. */
  attach(open: OpenTransport): void;
  /** Begins one more request: there must be room. */
  begin(): Upstream;
  /** Takes no further request, and ends with the last one that is under way. */
  retire(): void;
  destroy(): void;
}

/** What a connection that carries many requests tells its pool. */
export interface SharedKeeper {
  /** The last request that was under way on it is over. */
  becameIdle(connection: SharedConnection): void;
  /** A connection is gone. */
  forgetShared(connection: SharedConnection): void;
}

/** What a connection tells its pool. */
export interface ConnectionKeeper {
  /** Takes a connection back after a complete exchange, and keeps it if it is still good. */
  release(connection: PooledConnection): void;
  /** The upstream closes a connection that is idle. */
  closedIdle(connection: PooledConnection): void;
  /** A connection is gone. */
  forget(connection: PooledConnection, wasIdle: boolean): void;
}
