import type { Clock } from '../../clock.ts';
import type { WorkerCounters } from '../../observe/counters.ts';
import type { EngineContext } from '../engine.ts';
import type { NameResolver } from '../names/name-resolver.ts';
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
  readonly names: NameResolver;
}
