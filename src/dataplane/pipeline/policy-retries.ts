import type { RetryPolicy } from '../../model/policy.ts';
import type { ExchangeState } from './exchange-state.ts';

/** So often the wait doubles. */
const MOST_DOUBLINGS = 3;
/** The wait before an endpoint is asked again that has failed before, where the policy says nothing. */
const DEFAULT_BACKOFF_MS = 25;

/** How often, and how soon, the policy of a route has its requests sent again. Used again for other requests of the exchange. */
export class PolicyRetries {
  readonly #state: ExchangeState;
  #count = 0;

  constructor(state: ExchangeState) {
    this.#state = state;
  }

  begin(): void {
    this.#count = 0;
  }

  /** The policy decides about tries that failed without an answer, too. */
  get countsFailures(): boolean {
    return this.#policy?.countsFailures === true;
  }

  /** Whether an answer is to be thrown away. */
  followsAnswer(status: number): boolean {
    return this.#policy?.statuses.includes(status) === true && this.#state.isRequestComplete && this.#isLeft;
  }

  /** Whether a failure without an answer may be followed by another try. @param isSafe the request may come to an endpoint twice */
  followsFailure(isSafe: boolean): boolean {
    return this.countsFailures && isSafe && this.#isLeft;
  }

  /** The request will be sent again, with what has been sent of its body. */
  next(): void {
    const state = this.#state;
    this.#count += 1;
    state.keptBody = state.bodyBytes > 0 ? state.replay?.piece() : undefined;
  }

  /** How long the request waits before that: never less than the policy says. @param hasOther some endpoint was not tried */
  waitMs(hasOther: boolean): number {
    const { countsFailures, backoffMs = countsFailures && !hasOther ? DEFAULT_BACKOFF_MS : 0 } = this
      .#policy as RetryPolicy;
    const base = backoffMs * 2 ** Math.min(this.#count - 1, MOST_DOUBLINGS);
    return Math.ceil(base * (1 + Math.random() / 4));
  }

  get #policy(): RetryPolicy | undefined {
    return this.#state.filters?.retry;
  }

  get #isLeft(): boolean {
    const { bodyBytes, isRequestComplete, replay } = this.#state;
    const isKept = bodyBytes === 0 || (isRequestComplete && replay?.isWhole === true);
    return isKept && this.#count < (this.#policy?.attempts ?? 0);
  }
}
