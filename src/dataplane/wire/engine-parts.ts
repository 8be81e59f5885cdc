import type { Clock } from '../../clock.ts';
import { AddressRanges } from '../../formats/address-ranges.ts';
import type { WorkerCounters } from '../../observe/counters.ts';
import type { Settings } from '../../settings/schema.ts';
import { Compressions, type CompressionsContext } from '../bodies/compressions.ts';
import { UpstreamConnector } from '../clusters/upstream-connector.ts';
import type { PooledConnection, SharedConnection, UpstreamPool } from '../clusters/upstream-pool.ts';
import { type PoolsContext, UpstreamPools } from '../clusters/upstream-pools.ts';
import type { EngineContext } from '../engine.ts';
import type { ClientContext, EndingConnection } from '../http1/client-context.ts';
import { RequestHeads } from '../http1/request-heads.ts';
import { ResponseHead } from '../http1/response-head.ts';
import { UpstreamConnection, type UpstreamContext } from '../http1/upstream-connection.ts';
import type { Http2UpstreamContext } from '../http2/client/context.ts';
import { Http2ResponseHead } from '../http2/client/response-head.ts';
import { Http2UpstreamConnection } from '../http2/client/upstream-connection.ts';
import { HpackEncoder } from '../http2/hpack/encoder.ts';
import { OutboxBuffers } from '../http2/outbox.ts';
import { ClientStreams } from '../http2/server/client-streams.ts';
import { Http2Connection } from '../http2/server/http2-connection.ts';
import { RequestRules } from '../http2/server/request-rules.ts';
import type { Http2Context, Http2Parts } from '../http2/server/server-context.ts';
import type { PassthroughContext } from '../passthrough/passthrough-context.ts';
import { Deadlines } from '../pipeline/deadlines.ts';
import { Exchanges } from '../pipeline/exchanges.ts';
import type { KnownClient } from '../pipeline/known-client.ts';
import type { PipelineContext } from '../pipeline/pipeline-context.ts';
import type { Downstream, DownstreamHandler } from '../pipeline/ports.ts';
import { Subrequests } from '../pipeline/subrequests/subrequests.ts';
import { IndexedSet } from '../runtime/indexed-set.ts';
import { TimerWheel } from '../runtime/timer-wheel.ts';
import { ClientMemory } from '../transport/client-memory.ts';
import { ReadBuffers } from '../transport/read-buffers.ts';
import { Stashes } from '../transport/stash.ts';
import { RecordFloods } from '../transport/tls/record-floods.ts';
import type { OpenTransport } from '../transport/transport.ts';

/**
 * The parts of one engine, put together: each class takes from here what its own context interface names. Every request reads
 * them many times, so that fields must stay plain ones.
 */
export class EngineParts
  implements
    PipelineContext,
    ClientContext,
    Http2Context,
    UpstreamContext,
    Http2UpstreamContext,
    PoolsContext,
    CompressionsContext,
    PassthroughContext
{
  readonly engine: EngineContext;
  readonly clock: Clock;
  readonly counters: WorkerCounters;
  readonly wheel: TimerWheel;
  readonly deadlines: Deadlines;
  readonly limits: Deadlines;
  readonly pools: UpstreamPools;
  readonly subrequests: Subrequests;
  readonly exchanges = new Exchanges(this);
  readonly clients = new IndexedSet<EndingConnection>();
  readonly heads: RequestHeads;
  /** A response head is read and passed on at once: one serves all upstreams. */
  responseHead = new ResponseHead();
  readonly http2ResponseHead = new Http2ResponseHead();
  readonly streams: UpstreamConnector;
  readonly memory: ClientMemory;
  readonly buffers: ReadBuffers;
  readonly stashes: Stashes;
  readonly floods: RecordFloods;
  readonly compressions: Compressions;
  readonly http2: Http2Parts;
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
    this.memory = new ClientMemory(engine.clientBytes, () => this.clients.size + this.pools.size);
    this.floods = new RecordFloods(engine.clock, engine.counters);
    this.streams = new UpstreamConnector(this);
    this.pools = new UpstreamPools(this);
    this.subrequests = new Subrequests(this);
    this.buffers = new ReadBuffers(this.memory);
    this.heads = new RequestHeads(this.memory);
    this.stashes = new Stashes(this.memory);
    this.compressions = new Compressions(this);
    this.http2 = {
      outboxBuffers: new OutboxBuffers(this.memory),
      encoder: new HpackEncoder(),
      rules: new RequestRules(),
      streams: new ClientStreams(),
    };
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

  createSharedConnection(pool: UpstreamPool, retireAt: number): SharedConnection {
    return new Http2UpstreamConnection(this, pool, retireAt);
  }

  reportBug(error: unknown): void {
    this.engine.failures.reportBug(error);
  }

  serveHttp2(open: OpenTransport, known: KnownClient): Http2Connection {
    const connection = new Http2Connection(this, open, known);
    this.clients.add(connection);
    if (this.isDraining || known.port?.isClosed === true) connection.drain();
    return connection;
  }

  speaksHttp2(client: EndingConnection, open: OpenTransport, known: KnownClient, bytes: Buffer): void {
    const connection = this.serveHttp2(open, known);
    this.clients.delete(client);
    connection.read(bytes, bytes.length);
  }

  clientGone(client: EndingConnection): void {
    this.clients.delete(client);
    if (this.clients.size === 0) this.onLastGone?.();
  }
}
