import type { Endpoint } from '../../model/cluster.ts';
import type { Upstream } from '../pipeline/ports.ts';
import type { OpenTransport, TransportOwner } from '../transport/transport.ts';

/** The connections of one `address:port`. */
export class UpstreamPool {
  readonly key: string;
  readonly endpoint: Endpoint;
  /** The one used last is used next, so that the others can grow old. */
  readonly idle: PooledConnection[] = [];
  /** Connections of any kind, those that are being made among them. */
  size = 0;
  /** It had no connection any more, and another takes its place when the address is asked for again. */
  isRetired = false;

  constructor(endpoint: Endpoint) {
    this.key = keyOf(endpoint);
    this.endpoint = { address: endpoint.address, port: endpoint.port };
  }
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
  /** It is connected. */
  attach(open: OpenTransport): void;
  becomeIdle(): void;
}

/** What a connection tells its pool. */
export interface ConnectionKeeper {
  /** Takes a connection back after a complete exchange, and keeps it if it is still good. */
  release(connection: PooledConnection): void;
  /** A connection is gone. */
  forget(connection: PooledConnection, wasIdle: boolean): void;
}
