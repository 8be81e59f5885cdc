import type { Clock } from '../../clock.ts';
import { FAILURES, type FailureReason } from '../../failures/failures.ts';
import type { Outcome, PickRequest } from '../clusters/balancers/balancer.ts';
import type { Balancing } from '../clusters/balancing.ts';
import type { EndpointState } from '../clusters/endpoint-state.ts';

const GATEWAY_STATUSES: ReadonlySet<number> = new Set([502, 503, 504]);

/**
 * The endpoints that one exchange picks in a balanced cluster, and what is counted for it: a request in flight from each pick to the
 * end of the attempt, a retry in flight, a tunnel, and what each attempt says of its endpoint. Used again for other exchanges.
 */
export class EndpointPicks {
  readonly #clock: Clock;
  readonly #request: PickRequest;
  #balancing: Balancing | undefined;
  /** Of the attempt under way. */
  #endpoint: EndpointState | undefined;
  readonly #tried: EndpointState[] = [];
  #pickedAt = 0;
  #isJudged = false;
  /** Where the retry under way is counted. */
  #retrySlot: number | undefined;
  #isTunnel = false;

  constructor(clock: Clock, request: PickRequest) {
    this.#clock = clock;
    this.#request = request;
  }

  /** For the first attempt. @returns undefined where no endpoint takes the request now */
  first(balancing: Balancing): EndpointState | undefined {
    this.#balancing = balancing;
    this.#tried.length = 0;
    return this.#begun(balancing.pick(this.#request, this.#tried));
  }

  /** For the first attempt, at an endpoint that the request is bound to. @returns undefined where that has as many as it may */
  bound(balancing: Balancing, endpoint: EndpointState): EndpointState | undefined {
    this.#balancing = balancing;
    this.#tried.length = 0;
    return this.#begun(balancing.begin(endpoint) ? endpoint : undefined);
  }

  /** For a retry at an endpoint that was not tried. @returns undefined where there is none */
  untried(balancing: Balancing): EndpointState | undefined {
    this.#retrySlot = balancing.beginRetry();
    const endpoint = this.#begun(balancing.pick(this.#request, this.#tried));
    if (endpoint === undefined) this.#endRetry();
    return endpoint;
  }

  /**
   * For a retry that is always allowed, because a kept connection was closed. The endpoint may be ending, which is no failure: one that
   * was not tried, else the same one, where the request keeps its place among those in flight.
   */
  other(balancing: Balancing): EndpointState | undefined {
    this.#endpoint?.closedKept(this.#clock.monotonic());
    const endpoint = balancing.pick(this.#request, this.#tried);
    if (endpoint === undefined) return this.#endpoint;
    this.end('cancelled');
    return this.#begun(endpoint);
  }

  /** For a retry after an answer: an endpoint that was not tried, else one of the others. @returns undefined where none takes it */
  again(balancing: Balancing): EndpointState | undefined {
    const endpoint = this.untried(balancing);
    if (endpoint !== undefined) return endpoint;
    this.#tried.length = 0;
    return this.untried(balancing);
  }

  hasUntried(balancing: Balancing): boolean {
    return balancing.endpoints.length > this.#tried.length;
  }

  /** The head of the final response has come. */
  answered(status: number): void {
    this.#judge(GATEWAY_STATUSES.has(status) ? 'status' : 'ok');
  }

  /** A tunnel has begun: it is no longer a request in flight, and is counted apart until the attempt ends. */
  tunnelBegan(): void {
    const endpoint = this.#endpoint;
    if (endpoint === undefined) return;
    this.#judge('ok');
    this.#isTunnel = true;
    endpoint.tunnels += 1;
    this.#release(endpoint);
  }

  /** The attempt is over; without one, nothing happens. @param outcome counts where the endpoint has not been judged yet */
  end(outcome: Outcome): void {
    const endpoint = this.#endpoint;
    if (endpoint === undefined) return;
    this.#judge(outcome);
    this.#endpoint = undefined;
    if (this.#isTunnel) endpoint.tunnels -= 1;
    else this.#release(endpoint);
    this.#isTunnel = false;
  }

  #begun(endpoint: EndpointState | undefined): EndpointState | undefined {
    this.#endpoint = endpoint;
    if (endpoint === undefined) return undefined;
    this.#tried.push(endpoint);
    this.#pickedAt = this.#clock.monotonic();
    this.#isJudged = false;
    return endpoint;
  }

  #judge(outcome: Outcome): void {
    if (this.#isJudged) return;
    this.#isJudged = true;
    this.#balancing?.judge(this.#endpoint as EndpointState, outcome, this.#clock.monotonic() - this.#pickedAt);
  }

  #release(endpoint: EndpointState): void {
    this.#endRetry();
    this.#balancing?.end(endpoint);
  }

  #endRetry(): void {
    if (this.#retrySlot !== undefined) this.#balancing?.endRetry(this.#retrySlot);
    this.#retrySlot = undefined;
  }
}

/** What the failure of an exchange says of the endpoint that it waited for. */
export function outcomeOf(reason: FailureReason): Outcome {
  if (FAILURES[reason].source !== 'upstream') return 'cancelled';
  return FAILURES[reason].status === 504 ? 'timeout' : 'reset';
}
