import type { Endpoint } from '../../model/cluster.ts';
import type { Upstream } from '../pipeline/ports.ts';
import type { OpenTransport, TransportOwner } from '../transport/transport.ts';

/** What a pool is made for. */
export interface PooledEndpoint extends Endpoint {
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
  /** The one used last is used next, so that the others can grow old. */
  readonly idle: PooledConnection[] = [];
  /** Connections that serve one client alone, wherever they wait while they are idle; undefined without any, as nearly always. */
  ofClients: Set<PooledConnection> | undefined;
  /** Connections of any kind, those that are being made among them. */
  size = 0;
  readonly users = new Set<PoolUser>();
  /** Connections in use finish, and none is kept: it had none any more, or no endpoint uses it. Another takes its place. */
  isRetired = false;

  constructor(endpoint: PooledEndpoint) {
    this.key = poolKey(endpoint);
    this.endpoint = { address: endpoint.address, port: endpoint.port };
  }

  /** An endpoint uses it no more. With the last one, idle connections end. */
  leave(user: PoolUser): void {
    this.users.delete(user);
    if (this.users.size > 0 || this.isRetired) return;
    const idle = [...this.idle, ...(this.ofClients ?? [])].filter(({ isReusable }) => isReusable);
    this.isRetired = true;
    for (const upstream of idle) upstream.destroy();
  }
}

export function poolKey({ scope, address, port }: PooledEndpoint): string {
  return `${scope} ${address} ${port}`;
}

export function keyOf({ address, port }: Endpoint): string {
  return `${address} ${port}`;
}

/** A connection to an upstream, as its pool sees it. */
export interface PooledConnection extends Upstream, TransportOwner {
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

/** What a connection tells its pool. */
export interface ConnectionKeeper {
  /** Takes a connection back after a complete exchange, and keeps it if it is still good. */
  release(connection: PooledConnection): void;
  /** The upstream closes a connection that is idle. */
  closedIdle(connection: PooledConnection): void;
  /** A connection is gone. */
  forget(connection: PooledConnection, wasIdle: boolean): void;
}
