import type { Endpoint } from '../../model/route.ts';
import type { ConnectionSeeker } from '../clusters/upstream-pools.ts';
import { FAILURES, type FailureReason } from '../failures/failures.ts';
import { outgoingRequest, type RequestFacts } from './outgoing-request.ts';
import type { PipelineContext } from './pipeline-context.ts';
import type { OutgoingRequest, Upstream } from './ports.ts';
import { mayRetryStale } from './retry.ts';

const MAX_ATTEMPTS = 2;

/** The exchange whose attempts these are. */
export interface Attempting extends RequestFacts {
  readonly record: { upstreamAsked(endpoint: Endpoint): void };
  /** A connection has been made. */
  connected(upstream: Upstream): void;
  fail(reason: FailureReason, detail?: string): void;
  crashed(error: unknown): void;
}

/** The attempts of one exchange to send its request: two at most, the second at the next endpoint on a new connection. */
export class UpstreamAttempts implements ConnectionSeeker {
  /** A connection is being made. */
  isConnecting = false;
  /** Nothing of the request has reached the kernel: the connection was broken before. */
  isUnsent = false;
  readonly #context: PipelineContext;
  readonly #exchange: Attempting;
  #count = 0;
  #endpoint: Endpoint | undefined;
  #nextEndpoint: Endpoint | undefined;

  constructor(context: PipelineContext, exchange: Attempting) {
    this.#context = context;
    this.#exchange = exchange;
  }

  /** The first attempt. @returns a kept-alive connection; undefined when one is being made, or there is no endpoint */
  begin(): Upstream | undefined {
    const { route, client } = this.#exchange;
    const { pools, roundRobin } = this.#context;
    const endpoints = roundRobin.next(route.backend);
    if (endpoints === undefined) {
      this.#exchange.fail('no_endpoint');
      return undefined;
    }
    // A client that has a connection of its own goes on with it, whichever endpoint has its turn.
    const own = pools.takeOwn(client.ownUpstreams, route.backend);
    const endpoint = own?.endpoint ?? endpoints[0];
    this.#count = 0;
    this.#nextEndpoint = endpoints[1];
    this.#ask(endpoint);
    const upstream = own ?? pools.takeIdle(endpoint);
    if (upstream === undefined) this.#connect(endpoint);
    return upstream;
  }

  /** The request of the attempt under way. */
  request(): OutgoingRequest {
    return outgoingRequest(this.#exchange, this.#endpoint as Endpoint, this.#context.trustedProxies);
  }

  connected(upstream: Upstream): void {
    if (this.isConnecting) {
      this.isConnecting = false;
      this.#exchange.connected(upstream);
    } else {
      // The client has left meanwhile: the connection is as good as new for another request.
      upstream.release();
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
      method: this.#exchange.head.method,
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
    this.#context.context.counters.add(counter, 1);
    this.#ask(endpoint);
    this.#connect(endpoint);
  }

  #ask(endpoint: Endpoint): void {
    this.#count += 1;
    this.#endpoint = endpoint;
    this.isUnsent = false;
    this.#exchange.record.upstreamAsked(endpoint);
  }

  #connect(endpoint: Endpoint): void {
    const { route, settings } = this.#exchange;
    this.isConnecting = true;
    this.#context.pools.connect(endpoint, route.overrides.connectTimeoutMs ?? settings.proxyConnectTimeout, this);
  }
}
