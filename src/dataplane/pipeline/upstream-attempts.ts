import { FAILURES, type FailureReason } from '../../failures/failures.ts';
import { isIdempotent } from '../../formats/http/methods.ts';
import type { Outcome } from '../clusters/balancers/balancer.ts';
import type { Balancing } from '../clusters/balancing.ts';
import type { EndpointState } from '../clusters/endpoint-state.ts';
import type { Waiting } from '../clusters/request-queue.ts';
import { ClientBinding } from './client-binding.ts';
import { connectSuspended } from './connect-suspended.ts';
import { EndpointPicks } from './endpoint-picks.ts';
import type { ExchangeState } from './exchange-state.ts';
import { outgoingRequest } from './outgoing-request.ts';
import { ExchangePickRequest } from './pick-request.ts';
import type { PipelineContext } from './pipeline-context.ts';
import { PolicyRetries } from './policy-retries.ts';
import type { OutgoingRequest, Upstream } from './ports.ts';
import { RequestWait } from './request-wait.ts';
import { FAST_CONNECT_MS, mayRetryBroken, type RetryCounter } from './retry.ts';
import { isSecure } from './told-by-proxies.ts';

/** Where kube-proxy balances. */
const MAX_ATTEMPTS = 2;
/** Endpoints of a balanced cluster that fail before the request fails: they take no connection, or end a new one without an answer. */
const MAX_FAILED_ENDPOINTS = 3;
const NO_LINES: readonly string[] = [];

/** The exchange whose attempts these are. */
export interface AttemptOwner {
  /** A connection has been made. */
  connected(upstream: Upstream): void;
  fail(reason: FailureReason, detail?: string): void;
  crashed(error: unknown): void;
}

/**
 * The attempts of one exchange to send its request, each further one on a new connection. In a balanced cluster a failed connect leads
 * to an endpoint that was not tried; elsewhere there are two attempts at most, the second at the next endpoint.
 */
export class UpstreamAttempts implements Waiting {
  readonly #context: PipelineContext;
  readonly #state: ExchangeState;
  readonly #owner: AttemptOwner;
  readonly #picks: EndpointPicks;
  readonly #binding = new ClientBinding();
  /** Undefined where kube-proxy balances. */
  #balancing: Balancing | undefined;
  #count = 0;
  /** Of a balanced cluster. */
  #failedEndpoints = 0;
  readonly #wait: RequestWait;
  readonly #retries: PolicyRetries;
  #isSticky = false;
  /** An upstream has refused to process the request. */
  #wasRefused = false;
  #endpoint: EndpointState | undefined;

  constructor(context: PipelineContext, state: ExchangeState, owner: AttemptOwner) {
    this.#context = context;
    this.#state = state;
    this.#owner = owner;
    this.#picks = new EndpointPicks(context.engine.clock, new ExchangePickRequest(context, state));
    this.#wait = new RequestWait(context, state, owner);
    this.#retries = new PolicyRetries(state);
  }

  /** The first attempt. @returns a kept-alive connection; undefined when one is being made, or the request waits or has failed */
  begin(): Upstream | undefined {
    const { route, head, downstream } = this.#state;
    const { pools } = this.#context;
    const { balancing, sticky } = route.cluster;
    this.#balancing = balancing;
    this.#isSticky = sticky !== undefined;
    if (sticky !== undefined) {
      const takes = (endpoint: EndpointState): boolean => balancing?.takesBound(endpoint) ?? false;
      this.#binding.begin(sticky, head, takes, route.bindsClients);
    }
    this.#count = 0;
    this.#failedEndpoints = 0;
    this.#retries.begin();
    this.#wasRefused = false;
    // A client that has a connection of its own goes on with it, whichever endpoint has its turn.
    const own = pools.ownEndpoint(downstream.client.ownUpstreams, route.cluster);
    const endpoint = balancing === undefined ? (own ?? route.cluster.next()) : this.#pick(balancing, own);
    if (endpoint === undefined) {
      this.#queue(balancing);
      return undefined;
    }
    this.#begin(endpoint);
    const upstream = pools.takeOwn(downstream.client.ownUpstreams, endpoint) ?? pools.takeIdle(endpoint);
    if (upstream === undefined) this.#connect(endpoint);
    return upstream;
  }

  /** The request of the attempt under way. */
  request(): OutgoingRequest {
    return outgoingRequest(this.#state, this.#endpoint as EndpointState, this.#context.trustedProxies);
  }

  /** The line of the response's head that binds the client to its endpoint; none where the client's cookie counts, or nothing binds it. */
  get bindingLines(): readonly string[] {
    const { head, route, downstream } = this.#state;
    if (!this.#isSticky || !route.bindsClients) return NO_LINES;
    const { trustedProxies, engine } = this.#context;
    const line = this.#binding.lineFor(this.#endpoint, route.path, {
      isSecure: () => head !== undefined && isSecure(head, downstream.client, trustedProxies),
      userAgent: () => head?.field('user-agent', ', ') ?? '',
      now: () => engine.clock.now(),
    });
    return line === '' ? NO_LINES : [line];
  }

  /** Whether the request is sent again in the place of an answer: its policy says so, it is whole, and the cluster may retry. */
  mayAskAgain(status: number): boolean {
    return this.#retries.followsAnswer(status) && (this.#balancing?.mayRetry ?? true);
  }

  /** Sends the request to another endpoint, or to the same one where there is no other. Its last answer is gone. */
  askAgain(): void {
    this.end('ok');
    this.#again('retriesStatus', 'endpoints_busy');
  }

  /** The try under way has taken too long. @returns whether the request is sent again: its policy says so */
  triesAgainLate(): boolean {
    const { head, upstream, filters, record } = this.#state;
    const isSafe = upstream === undefined || isIdempotent(head?.method ?? '');
    if (!this.#retries.followsFailure(isSafe || filters?.retry?.statuses.includes(504) === true)) return false;
    record.attemptFailed('route_backend_timeout');
    upstream?.destroy();
    this.#state.upstream = undefined;
    this.end('timeout');
    this.#again('retriesTimeout', 'route_backend_timeout');
    return true;
  }

  /** The head of the final response has come. */
  answered(status: number): void {
    if (this.#balancing !== undefined) this.#picks.answered(status);
  }

  tunnelBegan(): void {
    if (this.#balancing !== undefined) this.#picks.tunnelBegan();
  }

  /** Whatever is under way is over. @param outcome counts where the answer of the endpoint has not begun */
  end(outcome: Outcome): void {
    this.#wait.end();
    this.#state.ruleLimits?.tryEnds();
    if (this.#balancing !== undefined) this.#picks.end(outcome);
  }

  /**
   * The connection ended before a response was complete enough to begin.
   * @param responseBegun part of a head has come
   * @param error its code; undefined when the upstream closed
   */
  broken(upstream: Upstream | undefined, responseBegun: boolean, error: string | undefined): void {
    const balancing = this.#balancing;
    const reason = error === undefined ? 'upstream_closed' : 'upstream_reset';
    this.#state.record.attemptFailed(reason);
    // Each further attempt is on a new connection, so that this is so of the first one alone.
    const isReused = upstream !== undefined && upstream.served > 1;
    if (!isReused) this.#failedEndpoints += 1;
    // A pod that ends resets the connections that it has not accepted yet, and others can answer in its place.
    const isOften = balancing !== undefined && this.#failedEndpoints < MAX_FAILED_ENDPOINTS;
    const mayAskOther = isOften && !this.#retries.countsFailures;
    const isSafe = !responseBegun && (upstream?.isUnsent === true || isIdempotent(this.#state.head?.method ?? ''));
    const isRetried = mayRetryBroken({
      method: this.#state.head?.method ?? '',
      mayBeClosing: isReused || mayAskOther,
      bytesSent: upstream?.isUnsent === true ? 0 : 1,
      bodyBytesGone: this.#state.bodyBytes,
      responseBegun,
    });
    if (!FAILURES[reason].mayRetry || !isRetried) {
      this.end('reset');
      if (this.#retries.followsFailure(isSafe)) this.#again('retriesStale', reason, error);
      else this.#owner.fail(reason, error);
    } else if (balancing === undefined) {
      this.#retry('retriesStale', this.#nextEndpoint());
    } else if (isReused) {
      this.#retry('retriesStale', this.#picks.other(balancing));
    } else {
      this.end('reset');
      this.#retryElsewhere('retriesStale', balancing, reason, error);
    }
  }

  /**
   * The upstream has done nothing with the request, and has said so: whatever its method, it may be sent again, once.
   * @param isWhole what was sent of it can be sent again
   */
  unprocessed(isWhole: boolean): void {
    const mayRetry = isWhole && !this.#wasRefused;
    const balancing = this.#balancing;
    this.#wasRefused = true;
    this.#state.record.attemptFailed('upstream_stream_refused');
    if (mayRetry) {
      this.#retry('retriesStale', balancing === undefined ? this.#nextEndpoint() : this.#picks.other(balancing));
      return;
    }
    this.end('reset');
    this.#owner.fail('upstream_stream_refused');
  }

  // While the request waits for an endpoint with room.

  begins(): boolean {
    const balancing = this.#balancing as Balancing;
    const endpoint = this.#first(balancing);
    if (endpoint === undefined && balancing.isFull) return false;
    this.#wait.end();
    if (endpoint === undefined) {
      this.#owner.fail('no_endpoint');
      return true;
    }
    this.#begin(endpoint, true);
    const upstream = this.#context.pools.takeIdle(endpoint);
    if (upstream === undefined) this.#connect(endpoint);
    else this.#owner.connected(upstream);
    return true;
  }

  waitedTooLong(): void {
    this.#wait.end();
    this.#owner.fail('endpoints_busy');
  }

  crashed(error: unknown): void {
    this.#owner.crashed(error);
  }

  /** @param own the endpoint that the client has a connection of its own to */
  #pick(balancing: Balancing, own: EndpointState | undefined): EndpointState | undefined {
    if (!balancing.queue.isEmpty) return undefined;
    return (own && this.#picks.bound(balancing, own)) ?? this.#first(balancing);
  }

  /** The endpoint that a cookie names, else the one that the balancer picks. */
  #first(balancing: Balancing): EndpointState | undefined {
    const bound = this.#isSticky ? this.#binding.endpoint : undefined;
    return (bound && this.#picks.bound(balancing, bound)) ?? this.#picks.first(balancing);
  }

  /** No endpoint takes the request now. */
  #queue(balancing: Balancing | undefined): void {
    if (balancing === undefined || !(balancing.isFull || !balancing.queue.isEmpty)) {
      this.#owner.fail(this.#state.route.cluster.absence);
    } else if (!this.#wait.inQueue(balancing.queue, this)) {
      this.#owner.fail('endpoints_busy');
    }
  }

  #connectFailed(reason: FailureReason, error: string): void {
    const { mayRetry } = FAILURES[reason];
    this.#state.record.attemptFailed(reason);
    const balancing = this.#balancing;
    this.#failedEndpoints += 1;
    this.end(mayRetry ? 'connect' : 'cancelled');
    if (mayRetry && this.#retries.countsFailures) {
      if (this.#retries.followsFailure(true)) this.#again('retriesConnect', reason, error);
      else this.#owner.fail(reason, error);
      return;
    }
    if (mayRetry && balancing === undefined && this.#count < MAX_ATTEMPTS) {
      this.#retry('retriesConnect', this.#nextEndpoint());
      return;
    }
    if (mayRetry && balancing !== undefined && this.#failedEndpoints < MAX_FAILED_ENDPOINTS)
      this.#retryElsewhere('retriesConnect', balancing, reason, error);
    else this.#owner.fail(reason, error);
  }

  /** Tries an endpoint that was not tried: at once, or as soon as the cluster has fewer retries in flight. */
  #retryElsewhere(
    counter: 'retriesConnect' | 'retriesStale',
    balancing: Balancing,
    reason: FailureReason,
    error: string | undefined,
  ): void {
    const retry = (): void => {
      const endpoint = this.#picks.untried(balancing);
      if (endpoint === undefined) this.#owner.fail(reason, error);
      else this.#retry(counter, endpoint);
    };
    if (this.#picks.hasUntried(balancing)) this.#wait.forRetry(balancing, retry, () => this.#owner.fail(reason, error));
    else retry();
  }

  /**
   * As the policy of the route says: after a wait, to an endpoint that was not tried if there is one. Whatever was under way is over.
   * @param reason of the failure, where the cluster has too many retries in flight
   */
  #again(counter: RetryCounter, reason: FailureReason, error?: string): void {
    const balancing = this.#balancing;
    const retry = (): void => this.#sendAgain(counter);
    const waited = (): void => {
      if (balancing === undefined) retry();
      else this.#wait.forRetry(balancing, retry, () => this.#owner.fail(reason, error));
    };
    this.#retries.next();
    const waitMs = this.#retries.waitMs(balancing !== undefined && this.#picks.hasUntried(balancing));
    if (waitMs === 0) {
      // Before an answer was thrown away, the cluster was asked.
      if (counter === 'retriesStatus') retry();
      else waited();
      return;
    }
    this.#wait.forPause(waitMs, waited);
  }

  #sendAgain(counter: RetryCounter): void {
    const balancing = this.#balancing;
    const endpoint = balancing === undefined ? this.#nextEndpoint() : this.#picks.again(balancing);
    if (endpoint === undefined) {
      this.#owner.fail(balancing?.isFull === true ? 'endpoints_busy' : 'no_endpoint');
      return;
    }
    this.#context.engine.counters.add(counter, 1);
    this.#begin(endpoint);
    const upstream = this.#context.pools.takeIdle(endpoint);
    if (upstream === undefined) this.#connect(endpoint);
    else this.#owner.connected(upstream);
  }

  #nextEndpoint(): EndpointState | undefined {
    return this.#state.route.cluster.after(this.#endpoint as EndpointState);
  }

  #retry(counter: 'retriesConnect' | 'retriesStale', endpoint: EndpointState | undefined): void {
    if (endpoint === undefined) {
      // The last endpoint has gone meanwhile.
      this.#owner.fail('no_endpoint');
      return;
    }
    this.#context.engine.counters.add(counter, 1);
    this.#begin(endpoint);
    this.#connect(endpoint);
  }

  #begin(endpoint: EndpointState, hasWaited = false): void {
    this.#count += 1;
    this.#endpoint = endpoint;
    this.#state.record.upstreamAsked(endpoint, hasWaited);
    this.#state.ruleLimits?.tryBegins();
  }

  /** Suspends the exchange until a connection has been made. */
  #connect(endpoint: EndpointState): void {
    connectSuspended(this.#context, this.#state, endpoint, this.#connectTimeout(), {
      connected: upstream => this.#owner.connected(upstream),
      connectFailed: (reason, error) => this.#connectFailed(reason, error),
      crashed: error => this.#owner.crashed(error),
    });
  }

  #connectTimeout(): number {
    const { connectTimeoutMs } = this.#state.limits;
    const isLast = this.#balancing === undefined || this.#failedEndpoints === MAX_FAILED_ENDPOINTS - 1;
    if (isLast || !this.#picks.hasUntried(this.#balancing as Balancing)) return connectTimeoutMs;
    return Math.min(FAST_CONNECT_MS, connectTimeoutMs);
  }
}
