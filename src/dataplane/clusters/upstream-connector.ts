import type { FailureReason } from '../failures/failures.ts';
import { NameResolver } from '../names/name-resolver.ts';
import type { Upstream } from '../pipeline/ports.ts';
import type { Guarded } from '../runtime/guard.ts';
import type { ClientMemory } from '../transport/client-memory.ts';
import { type ConnectAttempt, type ConnectListener, connectTransport } from '../transport/connect.ts';
import type { UpstreamPool } from './upstream-pool.ts';

/** Who waits for a connection that is being made. */
export interface ConnectionSeeker extends Guarded {
  connected(upstream: Upstream): void;
  /** @param error its code, as Node gives it; empty for a timeout */
  connectFailed(reason: FailureReason, error: string): void;
}

/** Makes the connections of a worker to its upstreams, each as the protocol of its pool asks. */
export class UpstreamConnector {
  readonly #names = new NameResolver();
  readonly #memory: Pick<ClientMemory, 'kept'>;

  constructor(memory: Pick<ClientMemory, 'kept'>) {
    this.#memory = memory;
  }

  connect({ endpoint: { address: host, port } }: UpstreamPool, listener: ConnectListener): ConnectAttempt {
    return connectTransport({ host, port, lookup: this.#names.lookup }, this.#memory, listener);
  }
}
