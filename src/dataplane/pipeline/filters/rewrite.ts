import type { RewritePolicy } from '../../../model/policy.ts';
import { Rewrite } from '../../../routing/rewrite.ts';
import { type Filter, type FilteredExchange, Refusal, type Verdict } from './filter.ts';
import { decided } from './path-edits.ts';

/** Gives the upstream another path. */
export class RewriteFilter implements Filter {
  readonly #rewrite: Rewrite;

  constructor(policy: RewritePolicy) {
    this.#rewrite = new Rewrite(policy);
  }

  request(exchange: FilteredExchange): Verdict {
    const path = decided(() => this.#rewrite.pathFor(exchange.upstreamPath));
    if (path instanceof Refusal) return path;
    if (path !== undefined) exchange.upstreamPath = path;
    return undefined;
  }
}
