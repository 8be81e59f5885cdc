import type { Clock } from '../../clock.ts';
import type { WorkerCounters } from '../../observe/counters.ts';
import type { ClusterState } from '../clusters/cluster-state.ts';
import type { UpstreamConnector } from '../clusters/upstream-connector.ts';
import type { EngineContext } from '../engine.ts';
import type { TimerWheel } from '../runtime/timer-wheel.ts';
import type { ClientMemory } from '../transport/client-memory.ts';
import type { ReadBuffers } from '../transport/read-buffers.ts';

/** What the connections of a worker share whose bytes are passed through. */
export interface PassthroughContext {
  readonly engine: EngineContext;
  readonly clock: Clock;
  readonly counters: WorkerCounters;
  readonly wheel: TimerWheel;
  readonly memory: ClientMemory;
  readonly buffers: ReadBuffers;
  readonly streams: Pick<UpstreamConnector, 'connectStream'>;
}

/** A client whose bytes go to a cluster. */
export interface PassthroughClient {
  /** The address that the PROXY protocol gives; undefined where the peer is the client. */
  readonly peer: string | undefined;
  /** The name in its ClientHello. */
  readonly serverName: string;
  /** They are TLS that a pod ends; else TLS has ended here. */
  readonly isSealed: boolean;
  /** What has come of them. */
  readonly bytes: Buffer | undefined;
  readonly cluster: ClusterState;
}
