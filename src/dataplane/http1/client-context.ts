import type { WorkerCounters } from '../../observe/counters.ts';
import type { Settings } from '../../settings/schema.ts';
import type { ClientPort, KnownClient } from '../pipeline/known-client.ts';
import type { ConnectionLimits, Downstream, DownstreamHandler } from '../pipeline/ports.ts';
import type { Indexed } from '../runtime/indexed-set.ts';
import type { ClientMemory } from '../transport/client-memory.ts';
import type { ReadBuffers } from '../transport/read-buffers.ts';
import type { Stashes } from '../transport/stash.ts';
import type { OpenTransport } from '../transport/transport.ts';
import type { RequestHeads } from './request-heads.ts';

/** A client's connection, as the engine ends it. */
export interface EndingConnection extends Indexed {
  /** As {@link KnownClient.port}; absent, too, before it is known. */
  readonly port?: ClientPort | undefined;
  /** The next response is the last. */
  drain(): void;
  destroy(): void;
}

/** What the client connections of a worker share. Every request reads it many times: its fields must stay plain ones. */
export interface ClientContext {
  readonly counters: WorkerCounters;
  /** Of this moment: an update replaces them as a whole. */
  readonly settings: Settings;
  readonly limits: ConnectionLimits;
  readonly heads: RequestHeads;
  readonly memory: ClientMemory;
  readonly buffers: ReadBuffers;
  readonly stashes: Stashes;
  /** The engine ends: answers are the last of their connections. */
  readonly isDraining: boolean;
  exchangeOf(downstream: Downstream): DownstreamHandler;
  /** A bug that is no request's. */
  reportBug(error: unknown): void;
  clientGone(client: EndingConnection): void;
  /** The client speaks HTTP/2. Another connection goes on in the place of this one, with the bytes that have come. */
  speaksHttp2(client: EndingConnection, open: OpenTransport, known: KnownClient, bytes: Buffer): void;
}
