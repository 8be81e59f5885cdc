import { codeOf } from '../../errors.ts';
import { connectFailure, type FailureReason, handshakeFailure } from '../../failures/failures.ts';
import type { Endpoint } from '../../model/cluster.ts';
import { NameResolver } from '../names/name-resolver.ts';
import type { Upstream } from '../pipeline/ports.ts';
import type { Guarded } from '../runtime/guard.ts';
import type { ClientMemory } from '../transport/client-memory.ts';
import { type ConnectAttempt, connectTransport } from '../transport/connect.ts';
import {
  connectTls,
  type TlsClientSession,
  type TlsConnectListener,
  tlsClientSession,
} from '../transport/tls/connect-tls.ts';
import type { RecordFloods } from '../transport/tls/record-floods.ts';
import type { OpenTransport } from '../transport/transport.ts';
import type { PoolProtocol, UpstreamPool } from './upstream-pool.ts';

/** Who waits for a connection that is being made. */
export interface ConnectionSeeker extends Guarded {
  connected(upstream: Upstream): void;
  /** @param error its code, as Node gives it; empty for a timeout */
  connectFailed(reason: FailureReason, error: string): void;
}

/** What becomes of a connection to an upstream. */
export interface UpstreamConnectListener extends Guarded {
  /** It is there. Must be opened within this call. */
  connected(open: OpenTransport): void;
  /** @param error its code, as Node gives it */
  connectFailed(reason: FailureReason, error: string): void;
}

/** What the connections to upstreams share. */
export interface ConnectorContext {
  readonly memory: Pick<ClientMemory, 'kept'>;
  readonly floods: RecordFloods;
}

/** Makes the connections of a worker to its upstreams, each as the protocol of its pool asks. */
export class UpstreamConnector {
  readonly #names = new NameResolver();
  readonly #context: ConnectorContext;
  /** A cluster that changes has another protocol, and so another session. */
  readonly #sessions = new WeakMap<PoolProtocol, TlsClientSession>();

  constructor(context: ConnectorContext) {
    this.#context = context;
  }

  connect({ endpoint, protocol }: UpstreamPool, listener: UpstreamConnectListener): ConnectAttempt {
    return this.#connect(endpoint, protocol, protocol.isHttp2 ? 'h2' : 'http/1.1', listener);
  }

  /** For bytes of whatever protocol: with TLS where the endpoints of the cluster speak it. */
  connectStream(endpoint: Endpoint, protocol: PoolProtocol, listener: UpstreamConnectListener): ConnectAttempt {
    return this.#connect(endpoint, protocol, undefined, listener);
  }

  #connect(
    endpoint: Endpoint,
    protocol: PoolProtocol,
    alpn: 'h2' | 'http/1.1' | undefined,
    listener: UpstreamConnectListener,
  ): ConnectAttempt {
    const target = { host: endpoint.address, port: endpoint.port, lookup: this.#names.lookup };
    const outcome: TlsConnectListener = {
      connected: open => listener.connected(open),
      connectFailed: error => listener.connectFailed(connectFailure(error), codeOf(error) ?? ''),
      handshakeFailed: error => {
        const code = codeOf(error) ?? '';
        listener.connectFailed(handshakeFailure(code), code);
      },
      crashed: error => listener.crashed(error),
    };
    if (protocol.tls === undefined) return connectTransport(target, this.#context.memory, outcome);
    let session = this.#sessions.get(protocol);
    if (session === undefined) {
      session = tlsClientSession(protocol.tls);
      this.#sessions.set(protocol, session);
    }
    return connectTls(target, protocol.tls, alpn, session, this.#context.floods, outcome);
  }
}
