import type { AddressRanges } from '../../formats/address-ranges.ts';
import type { EngineContext } from '../engine.ts';
import type { RoundRobin } from '../round-robin.ts';
import type { ClientConnection } from './client-connection.ts';
import type { ReadBuffers } from './read-buffers.ts';
import type { RequestHead } from './request-head.ts';
import type { ResponseHead } from './response-head.ts';
import type { TimerWheel } from './timer-wheel.ts';
import type { UpstreamPools } from './upstream-pools.ts';

/** What the connections of one engine share. */
export interface Wire {
  readonly context: EngineContext;
  readonly wheel: TimerWheel;
  readonly pools: UpstreamPools;
  readonly roundRobin: RoundRobin;
  readonly clients: Set<ClientConnection>;
  /** Request heads that no connection uses: one is some 10 KiB, too much for each idle connection. */
  readonly spareHeads: RequestHead[];
  /** A response head is read and passed on at once: one serves all upstreams. */
  readonly responseHead: ResponseHead;
  readonly buffers: ReadBuffers;
  trustedProxies: AddressRanges;
  isDraining: boolean;
  /** Called with each client connection that is gone. */
  clientGone(client: ClientConnection): void;
}
