import type { RewritePolicy } from '../../../model/policy.ts';
import { DecodedRewrite } from '../../../routing/decoded-rewrite.ts';
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

/** The same, as nginx does it. */
export class DecodedRewriteFilter implements Filter {
  readonly #rewrite: DecodedRewrite;

  constructor(policy: RewritePolicy) {
    this.#rewrite = new DecodedRewrite(policy);
  }

  request(exchange: FilteredExchange): Verdict {
    const result = decided(() => this.#rewrite.rewrite(exchange.decodedPath));
    if (result === undefined || result instanceof Refusal) return result;
    const { path, forwardedPrefix } = result;
    exchange.upstreamPath = path;
    if (forwardedPrefix !== undefined) exchange.requestEdits.set('X-Forwarded-Prefix', forwardedPrefix);
    return undefined;
  }
}
