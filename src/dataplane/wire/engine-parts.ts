import type { Clock } from '../../clock.ts';
import { AddressRanges } from '../../formats/address-ranges.ts';
import type { WorkerCounters } from '../../observe/counters.ts';
import type { Settings } from '../../settings/schema.ts';
import type { PooledConnection, UpstreamPool } from '../clusters/upstream-pool.ts';
import { type PoolsContext, UpstreamPools } from '../clusters/upstream-pools.ts';
import type { EngineContext } from '../engine.ts';
import type { ClientContext, EndingConnection } from '../http1/client-context.ts';
import { RequestHeads } from '../http1/request-heads.ts';
import { ResponseHead } from '../http1/response-head.ts';
import { UpstreamConnection, type UpstreamContext } from '../http1/upstream-connection.ts';
import { Deadlines } from '../pipeline/deadlines.ts';
import { Exchanges } from '../pipeline/exchanges.ts';
import type { PipelineContext } from '../pipeline/pipeline-context.ts';
import type { Downstream, DownstreamHandler } from '../pipeline/ports.ts';
import { TimerWheel } from '../runtime/timer-wheel.ts';
import { ClientMemory } from '../transport/client-memory.ts';
import { ReadBuffers } from '../transport/read-buffers.ts';
import { Stashes } from '../transport/stash.ts';

/**
 * The parts of one engine, put together: each class takes from here what its own context interface names. Every request reads
 * them many times, so that fields must stay plain ones.
 */
export class EngineParts implements PipelineContext, ClientContext, UpstreamContext, PoolsContext {
  readonly engine: EngineContext;
  readonly clock: Clock;
  readonly counters: WorkerCounters;
  readonly wheel: TimerWheel;
  readonly deadlines: Deadlines;
  readonly limits: Deadlines;
  readonly pools: UpstreamPools;
  readonly exchanges = new Exchanges(this);
  readonly clients = new Set<EndingConnection>();
  readonly heads: RequestHeads;
  /** A response head is read and passed on at once: one serves all upstreams. */
  responseHead = new ResponseHead();
  readonly memory: ClientMemory;
  readonly buffers: ReadBuffers;
  readonly stashes: Stashes;
  trustedProxies: AddressRanges;
  /** Whose connections begin with a header of the PROXY protocol. */
  readonly proxyPeers: AddressRanges;
  isDraining = false;
  /** Every connection is being ended, whatever is under way. */
  isClosed = false;
  /** Called when the last client connection is gone. */
  onLastGone: (() => void) | undefined;

  constructor(engine: EngineContext) {
    this.engine = engine;
    this.clock = engine.clock;
    this.counters = engine.counters;
    this.wheel = new TimerWheel(engine.clock);
    this.deadlines = new Deadlines(this.wheel, engine.state);
    this.limits = this.deadlines;
    this.trustedProxies = new AddressRanges(engine.state.settings.trustedProxies);
    this.proxyPeers = new AddressRanges(engine.state.settings.proxyProtocol);
    this.pools = new UpstreamPools(this);
    this.memory = new ClientMemory(engine.clientBytes, () => this.clients.size + this.pools.size);
    this.buffers = new ReadBuffers(this.memory);
    this.heads = new RequestHeads(this.memory);
    this.stashes = new Stashes(this.memory);
  }

  get settings(): Settings {
    return this.engine.state.settings;
  }

  exchangeOf(downstream: Downstream): DownstreamHandler {
    return this.exchanges.take(downstream);
  }

  createConnection(pool: UpstreamPool, retireAt: number): PooledConnection {
    return new UpstreamConnection(this, pool, retireAt);
  }

  reportBug(error: unknown): void {
    this.engine.failures.reportBug(error);
  }

  clientGone(client: EndingConnection): void {
    this.clients.delete(client);
    if (this.clients.size === 0) this.onLastGone?.();
  }
}
