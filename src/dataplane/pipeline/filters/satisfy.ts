import { FAILURES } from '../../../failures/failures.ts';
import { AddressRanges } from '../../../formats/address-ranges.ts';
import type { HeaderEdit, SatisfyPolicy } from '../../../model/policy.ts';
import { PreparedChanges } from './field-changes.ts';
import {
  type Filter,
  type FilteredExchange,
  type FilteredResponse,
  LocalAnswer,
  Refusal,
  SUSPENDED,
  type Verdict,
} from './filter.ts';

type Denial = Refusal | LocalAnswer;

/** How far a request has come that waits for one of the ways. */
interface Progress {
  readonly way: number;
  /** What it gets if no way is open to it. */
  readonly denial: Denial | undefined;
}

/** Lets a request pass to which one of several ways is open, as nginx does for `satisfy any`: the address of the client, or a filter. */
export class Satisfy implements Filter {
  readonly #ways: readonly Filter[];
  readonly #allowed: AddressRanges;
  readonly #denied: AddressRanges;
  /** What only the ways may say to the upstream: one that is not asked says nothing, and no client says it in its place. */
  readonly #hidden: PreparedChanges;

  /** @param ways the filters of the policy's ways */
  constructor(policy: SatisfyPolicy, ways: readonly Filter[]) {
    this.#ways = ways;
    this.#allowed = new AddressRanges(policy.allowed);
    this.#denied = new AddressRanges(policy.denied);
    this.#hidden = new PreparedChanges(policy.ways.flatMap(hiddenBy));
  }

  request(exchange: FilteredExchange): Verdict {
    exchange.requestEdits.apply(this.#hidden);
    const { clientIp } = exchange;
    const isDenied = this.#denied.has(clientIp);
    if (!isDenied && this.#allowed.has(clientIp)) return undefined;
    const refusal = isDenied || !this.#allowed.isEmpty ? new Refusal('address_denied', clientIp) : undefined;
    return this.#ask(exchange, { way: 0, denial: refusal });
  }

  resumed(exchange: FilteredExchange, verdict: Exclude<Verdict, typeof SUSPENDED>): Verdict {
    const progress = exchange.kept(this) as Progress;
    return this.#judge(exchange, progress, verdict);
  }

  response(exchange: FilteredExchange, response: FilteredResponse): void {
    for (const way of this.#ways) way.response?.(exchange, response);
  }

  end(exchange: FilteredExchange): void {
    for (const way of this.#ways) way.end?.(exchange);
  }

  #ask(exchange: FilteredExchange, progress: Progress): Verdict {
    const way = this.#ways[progress.way];
    if (way === undefined) return progress.denial;
    const verdict = way.request?.(exchange);
    if (verdict !== SUSPENDED) return this.#judge(exchange, progress, verdict);
    exchange.keep(this, progress);
    return SUSPENDED;
  }

  /** @param verdict of the way that has its turn */
  #judge(exchange: FilteredExchange, { way, denial }: Progress, verdict: Exclude<Verdict, typeof SUSPENDED>): Verdict {
    if (verdict === undefined || rankOf(verdict) === 0) return verdict;
    const stronger = denial !== undefined && rankOf(denial) >= rankOf(verdict) ? denial : verdict;
    return this.#ask(exchange, { way: way + 1, denial: stronger });
  }
}

/**
 * Which of two denials counts: the client is asked who it is rather than refused for its address, and where it can log in is better
 * still. 0 is no denial: the way cannot decide, and then no other may be taken.
 */
function rankOf(denial: Denial): number {
  if (denial instanceof LocalAnswer) return 3;
  const { status } = FAILURES[denial.reason];
  if (status === 401) return 2;
  return status === 403 ? 1 : 0;
}

function hiddenBy(way: SatisfyPolicy['ways'][number]): readonly HeaderEdit[] {
  if (way.kind === 'basic-auth') return [{ op: 'remove', name: 'Authorization', value: '' }];
  if (way.kind !== 'auth-url') return [];
  const names = [...way.responseHeaders, ...(way.renamedHeaders ?? []).map(({ to }) => to)];
  return names.map(name => ({ op: 'remove', name, value: '' }));
}
