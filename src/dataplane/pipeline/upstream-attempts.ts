import type { Endpoint } from '../../model/cluster.ts';
import type { EndpointState } from '../clusters/cluster-state.ts';
import type { ConnectionSeeker } from '../clusters/upstream-pools.ts';
import { FAILURES, type FailureReason } from '../failures/failures.ts';
import { CONNECTING, type ExchangeState } from './exchange-state.ts';
import { outgoingRequest } from './outgoing-request.ts';
import type { PipelineContext } from './pipeline-context.ts';
import type { OutgoingRequest, Upstream } from './ports.ts';
import { mayRetryStale } from './retry.ts';

const MAX_ATTEMPTS = 2;

/** The exchange whose attempts these are. */
export interface AttemptOwner {
  /** A connection has been made. */
  connected(upstream: Upstream): void;
  fail(reason: FailureReason, detail?: string): void;
  crashed(error: unknown): void;
}

/** The attempts of one exchange to send its request: two at most, the second at the next endpoint on a new connection. */
export class UpstreamAttempts {
  readonly #context: PipelineContext;
  readonly #state: ExchangeState;
  readonly #owner: AttemptOwner;
  #count = 0;
  #endpoint: Endpoint | undefined;

  constructor(context: PipelineContext, state: ExchangeState, owner: AttemptOwner) {
    this.#context = context;
    this.#state = state;
    this.#owner = owner;
  }

  /** The first attempt. @returns a kept-alive connection; undefined when one is being made, or there is no endpoint */
  begin(): Upstream | undefined {
    const { route, downstream } = this.#state;
    const { pools } = this.#context;
    const next = route.cluster.next();
    if (next === undefined) {
      this.#owner.fail('no_endpoint');
      return undefined;
    }
    // A client that has a connection of its own goes on with it, whichever endpoint has its turn.
    const own = pools.takeOwn(downstream.client.ownUpstreams, route.cluster);
    this.#count = 0;
    this.#begin(own?.endpoint ?? next);
    const upstream = own ?? pools.takeIdle(next);
    if (upstream === undefined) this.#connect(next);
    return upstream;
  }

  /** The request of the attempt under way. */
  request(): OutgoingRequest {
    return outgoingRequest(this.#state, this.#endpoint as Endpoint, this.#context.trustedProxies);
  }

  /**
   * The connection ended before a response was complete enough to begin.
   * @param responseBegun part of a head has come
   * @param error its code; undefined when the upstream closed
   */
  broken(upstream: Upstream | undefined, responseBegun: boolean, error: string | undefined): void {
    const reason = error === undefined ? 'upstream_closed' : 'upstream_reset';
    const isStale = mayRetryStale({
      method: this.#state.head?.method ?? '',
      attempts: this.#count,
      reused: upstream !== undefined && upstream.served > 1,
      bytesSent: upstream?.isUnsent === true ? 0 : 1,
      bodyBytesGone: this.#state.bodyBytes,
      responseBegun,
    });
    if (FAILURES[reason].mayRetry && isStale) this.#retry('retriesStale');
    else this.#owner.fail(reason, error);
  }

  #retry(counter: 'retriesConnect' | 'retriesStale'): void {
    const endpoint = this.#state.route.cluster.after(this.#endpoint as Endpoint);
    if (endpoint === undefined) {
      // The last endpoint has gone meanwhile.
      this.#owner.fail('no_endpoint');
      return;
    }
    this.#context.context.counters.add(counter, 1);
    this.#begin(endpoint);
    this.#connect(endpoint);
  }

  #begin(endpoint: Endpoint): void {
    this.#count += 1;
    this.#endpoint = endpoint;
    this.#state.record.upstreamAsked(endpoint);
  }

  /** Suspends the exchange until a connection has been made. */
  #connect(endpoint: EndpointState): void {
    const state = this.#state;
    state.enter(CONNECTING);
    const { generation } = state;
    const seeker: ConnectionSeeker = {
      connected: upstream => {
        // Made for a request that has ended meanwhile, the connection is as good as new for another one.
        if (state.generation === generation) this.#owner.connected(upstream);
        else upstream.release();
      },
      connectFailed: (reason, error) => {
        if (state.generation !== generation) return;
        if (FAILURES[reason].mayRetry && this.#count < MAX_ATTEMPTS) this.#retry('retriesConnect');
        else this.#owner.fail(reason, error);
      },
      crashed: error => {
        if (state.generation === generation) this.#owner.crashed(error);
        else this.#context.context.failures.reportBug(error);
      },
    };
    this.#context.pools.connect(endpoint, state.limits.connectTimeoutMs, seeker);
  }
}
