import { stackOf } from '../../errors.ts';
import type { FailureReason } from '../../failures/failures.ts';
import { unmapAddress } from '../../formats/address-ranges.ts';
import { COUNTER } from '../../observe/counters.ts';
import type { ClusterState } from '../clusters/cluster-state.ts';
import type { EndpointState } from '../clusters/endpoint-state.ts';
import { CompiledRoute } from '../compiled-route.ts';
import { ExchangeRecord } from '../pipeline/exchange-record.ts';
import type { Indexed } from '../runtime/indexed-set.ts';
import { type Timed, TimeLimit } from '../runtime/timer-wheel.ts';
import type { OpenTransport } from '../transport/transport.ts';
import { PassthroughAttempts, type PassthroughAttemptsOwner } from './passthrough-attempts.ts';
import type { PassthroughClient, PassthroughContext } from './passthrough-context.ts';
import { type SpliceListener, SpliceSide } from './splice.ts';

const NO_BYTES = Buffer.alloc(0);

/**
 * A connection whose bytes a pod reads, not the entry: what has come already goes first, and then whatever each side sends. It is
 * counted, logged and limited as the tunnel of an upgrade is.
 */
export class Passthrough implements SpliceListener, Timed, Indexed, PassthroughAttemptsOwner {
  readonly limit = new TimeLimit(this);
  index = 0;
  readonly #context: PassthroughContext;
  /** What has come before there was an upstream; until it has gone out. */
  #early = NO_BYTES;
  readonly #client: SpliceSide;
  readonly #record: ExchangeRecord;
  readonly #attempts: PassthroughAttempts;
  readonly #idleMs: number;
  readonly #over: (passthrough: Passthrough) => void;
  #upstream: SpliceSide | undefined;
  #isOver = false;

  /** @param over called once, when both connections are gone */
  constructor(
    context: PassthroughContext,
    open: OpenTransport,
    client: PassthroughClient,
    over: (passthrough: Passthrough) => void,
  ) {
    const { cluster, serverName, bytes } = client;
    const { engine, counters, buffers } = context;
    this.#context = context;
    this.#over = over;
    if (bytes !== undefined) this.cameEarly(bytes);
    this.#client = new SpliceSide(buffers, open, this, !client.isSealed);
    this.#client.receivedBytes = this.#early.length;
    this.#client.transport.pause();
    const peer = client.peer ?? unmapAddress(this.#client.transport.peerAddress);
    const route = routeTo(cluster, serverName);
    const { connectTimeoutMs, readTimeoutMs } = route.limits(engine.state.settings);
    this.#idleMs = readTimeoutMs;
    this.#record = new ExchangeRecord(engine, {
      client: { peer, tls: undefined },
      receivedBytes: 0,
      sentBytes: 0,
      sentBodyBytes: 0,
    });
    this.#record.beginUnread('');
    this.#record.host = serverName;
    this.#record.route = route;
    this.#attempts = new PassthroughAttempts(context, client, connectTimeoutMs, peer, this);
    counters.add('handled', 1);
    counters.addTo(COUNTER.active, 1);
    counters.addTo(COUNTER.writing, 1);
  }

  begin(): void {
    if (this.#context.memory.hasRoom()) this.#attempts.begin();
    else this.#end('memory_exhausted');
  }

  /** Tunnels go on while the engine drains. */
  drain(): void {}

  destroy(): void {
    this.#end();
  }

  timedOut(): void {
    this.#end('tunnel_idle_timeout');
  }

  crashed(error: unknown): void {
    this.#end('internal', stackOf(error));
  }

  // What its attempts to connect say.

  asked(endpoint: EndpointState): void {
    this.#record.upstreamAsked(endpoint);
  }

  attemptFailed(reason: FailureReason): void {
    this.#record.attemptFailed(reason);
  }

  failed(reason: FailureReason, error: string): void {
    this.#end(reason, error);
  }

  connected(open: OpenTransport): void {
    const upstream = new SpliceSide(this.#context.buffers, open, this, false);
    this.#upstream = upstream;
    this.#context.counters.addTo(COUNTER.upstreamBusy, 1);
    this.#record.tunnelBegan();
    if (this.#early.length > 0) upstream.transport.writeBytes(this.#early, () => this.#dropEarly());
    this.moved();
    this.#client.spliceWith(upstream);
  }

  // What the two sides say.

  /** Of TLS that ends here, a client's first bytes may come with the end of its handshake. */
  cameEarly(bytes: Buffer): void {
    this.#early = Buffer.concat([this.#early, bytes]);
    this.#context.memory.kept += bytes.length;
  }

  moved(): void {
    if (!this.#isOver) this.#context.wheel.set(this.limit, this.#idleMs);
  }

  spliceEnded(): void {
    this.#end(this.#upstream === undefined ? 'client_left' : undefined);
  }

  #dropEarly(): void {
    this.#context.memory.kept -= this.#early.length;
    this.#early = NO_BYTES;
  }

  /** @param reason why, where that is a failure */
  #end(reason?: FailureReason, detail?: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { counters, wheel } = this.#context;
    if (reason !== undefined) this.#record.fail(reason, detail);
    this.#attempts.end();
    this.#client.destroy();
    this.#upstream?.destroy();
    wheel.remove(this.limit);
    this.#dropEarly();
    const { client } = this.#record;
    const { sentBytes } = this.#client.transport;
    Object.assign(client, { receivedBytes: this.#client.receivedBytes, sentBytes, sentBodyBytes: sentBytes });
    this.#record.write(undefined);
    if (this.#upstream !== undefined) counters.addTo(COUNTER.upstreamBusy, -1);
    counters.addTo(COUNTER.active, -1);
    counters.addTo(COUNTER.writing, -1);
    this.#over(this);
  }
}

const routes = new WeakMap<ClusterState, CompiledRoute>();

/** What the log and the counters know a cluster by. There is no path: all that a client asks for is encrypted. */
function routeTo(cluster: ClusterState, host: string): CompiledRoute {
  let route = routes.get(cluster);
  if (route === undefined) {
    const nothing = { stripPrefix: false, rewriteRedirects: false, overrides: {} };
    route = new CompiledRoute({ host, path: '/', cluster: '', ...nothing }, { cluster });
    routes.set(cluster, route);
  }
  return route;
}
