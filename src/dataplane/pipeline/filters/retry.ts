import { isIdempotent } from '../../../formats/http/methods.ts';
import type { RetryPolicy } from '../../../model/policy.ts';
import type { Filter, FilteredExchange } from './filter.ts';

/** Asks that a request is sent again where its upstream answers with some statuses. */
export class Retry implements Filter {
  readonly #policy: RetryPolicy;

  constructor(policy: RetryPolicy) {
    this.#policy = policy;
  }

  request(exchange: FilteredExchange): undefined {
    if (this.#policy.nonIdempotent || isIdempotent(exchange.head.method)) exchange.retry = this.#policy;
  }
}
