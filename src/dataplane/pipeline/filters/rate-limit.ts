import { AddressRanges } from '../../../formats/address-ranges.ts';
import { clientNetwork } from '../../../formats/client-network.ts';
import type { KeyedHash } from '../../../limits/keyed-hash.ts';
import type { Limits } from '../../../limits/limits.ts';
import { type Rate, rateOf } from '../../../limits/rate-table.ts';
import type { RateLimitPolicy } from '../../../model/policy.ts';
import { type Filter, type FilteredExchange, Refusal, type Verdict } from './filter.ts';

/** Refuses the requests that come faster than a rate, which all workers keep together. */
export class RateLimit implements Filter {
  readonly #limits: Limits;
  readonly #rate: Rate;
  readonly #per: RateLimitPolicy['per'];
  readonly #hash: KeyedHash;
  /** Of all budgets of the limit: the same in all processes. */
  readonly #name: string;
  readonly #exempt: AddressRanges;
  readonly #status: number | undefined;

  constructor({ owner, requests, periodMs, burst, per, exempt = [], status }: RateLimitPolicy, limits: Limits) {
    this.#limits = limits;
    this.#rate = rateOf(requests, periodMs, burst);
    this.#per = per;
    // A limit that has changed begins with full budgets: what was used of the old one may be hours of the new one.
    this.#name = JSON.stringify(['rate-limit', owner, requests, periodMs, burst, per]);
    this.#hash = limits.hash.derived(this.#name);
    this.#exempt = new AddressRanges(exempt);
    this.#status = status;
  }

  request(exchange: FilteredExchange): Verdict {
    if (!this.#exempt.isEmpty && this.#exempt.has(exchange.clientIp)) return undefined;
    const { rates, spending } = this.#limits;
    const key = this.#keyOf(exchange);
    this.#hash.hash(key);
    const waitMs = rates.take(this.#hash, this.#limits.now(), this.#rate);
    if (waitMs === 0) {
      spending?.add(this.#name + key, this.#hash, this.#rate);
      return undefined;
    }
    return new Refusal('rate_limited', '', [['Retry-After', String(Math.ceil(waitMs / 1000))]], this.#status);
  }

  #keyOf({ clientIp, head }: FilteredExchange): string {
    const per = this.#per;
    if (per === 'client') return clientNetwork(clientIp);
    return per === 'service' ? '' : headerValue(head.field(per.header, '\n'));
  }
}

/**
 * A request without the header counts with all others without it, and so does one with several lines of it: which of them the
 * Service believes is unknown, and a further line must not be a further budget.
 */
function headerValue(lines: string): string {
  return lines.includes('\n') ? '' : lines;
}
