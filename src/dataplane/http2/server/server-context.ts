import type { WorkerCounters } from '../../../observe/counters.ts';
import type { Settings } from '../../../settings/schema.ts';
import type { ConnectionLimits, Downstream, DownstreamHandler } from '../../pipeline/ports.ts';
import type { Indexed } from '../../runtime/indexed-set.ts';
import type { TimerWheel } from '../../runtime/timer-wheel.ts';
import type { ClientMemory } from '../../transport/client-memory.ts';
import type { ReadBuffers } from '../../transport/read-buffers.ts';
import type { Stashes } from '../../transport/stash.ts';
import type { HpackEncoder } from '../hpack/encoder.ts';
import type { OutboxBuffers } from '../outbox.ts';
import type { ClientStreams } from './client-streams.ts';
import type { RequestRules } from './request-rules.ts';

/** A client's connection, as the engine ends it. */
export interface EndingConnection extends Indexed {
  /** The next response is the last. */
  drain(): void;
  destroy(): void;
}

/** What the HTTP/2 connections of a worker share. Every request reads it many times: its fields must stay plain ones. */
export interface Http2Context {
  readonly counters: WorkerCounters;
  /** Of this moment: an update replaces them as a whole. */
  readonly settings: Settings;
  readonly limits: ConnectionLimits;
  readonly wheel: Pick<TimerWheel, 'coarseNow'>;
  readonly memory: ClientMemory;
  readonly buffers: ReadBuffers;
  readonly stashes: Stashes;
  readonly http2: Http2Parts;
  /** The engine ends: no further requests are asked for. */
  readonly isDraining: boolean;
  exchangeOf(downstream: Downstream): DownstreamHandler;
  /** A bug that is no request's. */
  reportBug(error: unknown): void;
  clientGone(client: EndingConnection): void;
}

/** Used by one connection after the other. */
export interface Http2Parts {
  readonly outboxBuffers: OutboxBuffers;
  readonly encoder: HpackEncoder;
  readonly rules: RequestRules;
  readonly streams: ClientStreams;
}
