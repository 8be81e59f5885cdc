import { AddressRanges } from '../../../formats/address-ranges.ts';
import type { AddressPolicy } from '../../../model/policy.ts';
import { type Filter, type FilteredExchange, Refusal, type Verdict } from './filter.ts';

/** Serves only clients of some addresses, or all but them. */
export class AddressList implements Filter {
  readonly #ranges: AddressRanges;
  readonly #isAllowed: boolean;

  constructor({ kind, ranges }: AddressPolicy) {
    this.#ranges = new AddressRanges(ranges);
    this.#isAllowed = kind === 'allow-from';
  }

  request({ clientIp }: FilteredExchange): Verdict {
    if (this.#ranges.has(clientIp) === this.#isAllowed) return undefined;
    return new Refusal('address_denied', clientIp);
  }
}
