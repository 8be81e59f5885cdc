import type { Endpoint, Route } from '../../model/route.ts';
import type { Settings } from '../../settings/schema.ts';
import type { ConnectionSeeker } from '../clusters/upstream-pools.ts';
import { FAILURES, type FailureReason } from '../failures/failures.ts';
import type { ClientConnection } from '../http1/client-connection.ts';
import { composeRequest } from '../http1/compose-request.ts';
import type { RequestHead } from '../http1/request-head.ts';
import type { UpstreamConnection } from '../http1/upstream-connection.ts';
import type { Wire } from '../wire/wire.ts';
import type { Exchange } from './exchange.ts';
import type { ExchangeRecord } from './exchange-record.ts';
import { mayRetryStale } from './retry.ts';
import type { RoutedRequest } from './routed-request.ts';

const MAX_ATTEMPTS = 2;

/** The attempts of one exchange to send its request: two at most, the second at the next endpoint on a new connection. */
export class UpstreamAttempts implements ConnectionSeeker {
  /** A connection is being made. */
  isConnecting = false;
  /** Nothing of the request has reached the kernel: the connection was broken before. */
  isUnsent = false;
  /** Head of the request as the upstream gets it; empty once it was taken. */
  #requestHead = '';
  readonly #wire: Wire;
  readonly #client: ClientConnection;
  readonly #exchange: Exchange;
  readonly #record: ExchangeRecord;
  readonly #asked: RoutedRequest;
  #head: RequestHead | undefined;
  #settings: Settings;
  #count = 0;
  #nextEndpoint: Endpoint | undefined;

  constructor(wire: Wire, client: ClientConnection, exchange: Exchange, asked: RoutedRequest) {
    this.#wire = wire;
    this.#client = client;
    this.#exchange = exchange;
    this.#record = exchange.record;
    this.#asked = asked;
    this.#settings = wire.context.state.settings;
  }

  /** The first attempt. @returns a kept-alive connection; undefined when one is being made, or there is no endpoint */
  begin(head: RequestHead, settings: Settings): UpstreamConnection | undefined {
    const { route } = this.#asked;
    const { pools, roundRobin } = this.#wire;
    const endpoints = route && roundRobin.next(route.backend);
    if (route === undefined || endpoints === undefined) {
      this.#exchange.fail('no_endpoint');
      return undefined;
    }
    // A client that has a connection of its own goes on with it, whichever endpoint has its turn.
    const own = pools.takeOwn(this.#client.ownUpstreams, route.backend);
    const endpoint = own?.pool.endpoint ?? endpoints[0];
    this.#head = head;
    this.#settings = settings;
    this.#count = 0;
    this.#nextEndpoint = endpoints[1];
    this.#ask(endpoint);
    const upstream = own ?? pools.takeIdle(endpoint);
    if (upstream === undefined) this.#connect(endpoint);
    else upstream.begin(this.#exchange);
    return upstream;
  }

  /** The head, once: a further attempt makes it anew, and a long one would be kept for as long as the answer takes. */
  takeHead(): string {
    const head = this.#requestHead;
    this.#requestHead = '';
    return head;
  }

  connected(upstream: UpstreamConnection): void {
    upstream.begin(this.#exchange);
    if (this.isConnecting) {
      this.isConnecting = false;
      this.#exchange.connected(upstream);
    } else {
      // The client has left meanwhile: the connection is as good as new for another request.
      upstream.giveBack();
    }
  }

  connectFailed(reason: FailureReason, error: string): void {
    if (!this.isConnecting) return;
    if (FAILURES[reason].mayRetry && this.#count < MAX_ATTEMPTS) this.#retry('retriesConnect');
    else this.#exchange.fail(reason, error);
  }

  crashed(error: unknown): void {
    this.#exchange.crashed(error);
  }

  /**
   * The connection ended before a response was complete enough to begin.
   * @param bodyBytesGone of the request, which cannot be sent again
   * @param responseBegun part of a head has come
   * @param error its code; undefined when the upstream closed
   */
  broken(isReused: boolean, bodyBytesGone: number, responseBegun: boolean, error: string | undefined): void {
    const reason = error === undefined ? 'upstream_closed' : 'upstream_reset';
    const isStale = mayRetryStale({
      method: this.#head?.method ?? '',
      attempts: this.#count,
      reused: isReused,
      bytesSent: this.isUnsent ? 0 : 1,
      bodyBytesGone,
      responseBegun,
    });
    if (FAILURES[reason].mayRetry && isStale) this.#retry('retriesStale');
    else this.#exchange.fail(reason, error);
  }

  #retry(counter: 'retriesConnect' | 'retriesStale'): void {
    const endpoint = this.#nextEndpoint as Endpoint;
    this.#wire.context.counters.add(counter, 1);
    this.#ask(endpoint);
    this.#connect(endpoint);
  }

  #ask(endpoint: Endpoint): void {
    const { peer, plainForwarded } = this.#client;
    const { target, host, authority, upgrade } = this.#asked;
    const { requestId } = this.#record;
    const head = this.#head as RequestHead;
    const route = this.#asked.route as Route;
    this.#count += 1;
    this.isUnsent = false;
    this.#record.upstreamAsked(endpoint);
    const parts = { head, route, target, host, authority, endpoint, peer, plainForwarded, requestId, upgrade };
    this.#requestHead = composeRequest(this.#wire, parts);
  }

  #connect(endpoint: Endpoint): void {
    const timeoutMs = this.#asked.route?.overrides.connectTimeoutMs ?? this.#settings.proxyConnectTimeout;
    this.isConnecting = true;
    this.#wire.pools.connect(endpoint, timeoutMs, this);
  }
}
