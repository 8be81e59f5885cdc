import { AddressRanges } from '../../../formats/address-ranges.ts';
import { clientNetwork } from '../../../formats/client-network.ts';
import { type InFlightRow, REFUSED } from '../../../limits/in-flight-table.ts';
import type { KeyedHash } from '../../../limits/keyed-hash.ts';
import type { Limits } from '../../../limits/limits.ts';
import type { MaxConnectionsPolicy } from '../../../model/policy.ts';
import { type Filter, type FilteredExchange, Refusal, type Verdict } from './filter.ts';

/** Refuses the requests of a client that has too many in flight, over all workers. A tunnel is in flight until it ends. */
export class MaxConnections implements Filter {
  readonly #inFlight: InFlightRow;
  readonly #hash: KeyedHash;
  readonly #most: number;
  readonly #exempt: AddressRanges;
  readonly #refusal: Refusal;

  constructor({ owner, most, exempt = [], status }: MaxConnectionsPolicy, { inFlight, hash }: Limits) {
    this.#inFlight = inFlight;
    // The number is not part of the name: where it changes, what is in flight still counts.
    this.#hash = hash.derived(`max-connections ${owner}`);
    this.#most = most;
    this.#exempt = new AddressRanges(exempt);
    this.#refusal = new Refusal('too_many_connections', undefined, [], status);
  }

  request(exchange: FilteredExchange): Verdict {
    if (!this.#exempt.isEmpty && this.#exempt.has(exchange.clientIp)) return undefined;
    this.#hash.hash(clientNetwork(exchange.clientIp));
    const place = this.#inFlight.begin(this.#hash, this.#most);
    if (place === REFUSED) return this.#refusal;
    exchange.keep(this, place);
    return undefined;
  }

  end(exchange: FilteredExchange): void {
    const place = exchange.kept(this);
    if (typeof place === 'number') this.#inFlight.end(place);
  }
}
