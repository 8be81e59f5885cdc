import { AddressRanges } from '../../formats/address-ranges.ts';
import type { EngineContext } from '../engine.ts';
import { RoundRobin } from '../round-robin.ts';
import type { ClientConnection } from './client-connection.ts';
import { Deadlines } from './deadlines.ts';
import { ReadBuffers } from './read-buffers.ts';
import type { RequestHead } from './request-head.ts';
import { ResponseHead } from './response-head.ts';
import { TimerWheel } from './timer-wheel.ts';
import { UpstreamPools } from './upstream-pools.ts';

/** What the connections of one engine share. Every request reads it many times: its fields must stay plain ones. */
export class Wire {
  readonly context: EngineContext;
  readonly wheel: TimerWheel;
  readonly deadlines: Deadlines;
  readonly pools: UpstreamPools;
  readonly roundRobin = new RoundRobin();
  readonly clients = new Set<ClientConnection>();
  /** Request heads that no connection uses: one is some 10 KiB, too much for each idle connection. */
  readonly spareHeads: RequestHead[] = [];
  /** A response head is read and passed on at once: one serves all upstreams. */
  readonly responseHead = new ResponseHead();
  readonly buffers = new ReadBuffers();
  trustedProxies: AddressRanges;
  isDraining = false;
  /** Every connection is being ended, whatever is under way. */
  isClosed = false;
  /** Called when the last client connection is gone. */
  onLastGone: (() => void) | undefined;

  constructor(context: EngineContext) {
    this.context = context;
    this.wheel = new TimerWheel(context.now);
    this.deadlines = new Deadlines(this.wheel, context.state);
    this.trustedProxies = new AddressRanges(context.state.settings.trustedProxies);
    this.pools = new UpstreamPools(this);
  }

  clientGone(client: ClientConnection): void {
    this.clients.delete(client);
    if (this.clients.size === 0) this.onLastGone?.();
  }
}
