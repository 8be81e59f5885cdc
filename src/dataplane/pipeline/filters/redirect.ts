import type { RedirectPolicy } from '../../../model/policy.ts';
import { Redirect } from '../../../routing/redirect.ts';
import { redirectAnswer } from '../redirect-answer.ts';
import { type Filter, type FilteredExchange, LocalAnswer, Refusal, type Verdict } from './filter.ts';
import { decided } from './path-edits.ts';

/** Sends clients to another URL. */
export class RedirectFilter implements Filter {
  readonly #redirect: Redirect;
  readonly #isDecoded: boolean;
  readonly #status: number;

  constructor(policy: RedirectPolicy) {
    this.#redirect = new Redirect(policy);
    this.#isDecoded = policy.isDecoded === true;
    this.#status = policy.status;
  }

  request({ upstreamPath, decodedPath, query, requestId }: FilteredExchange): Verdict {
    const path = this.#isDecoded ? decodedPath : upstreamPath;
    const location = decided(() => this.#redirect.locationOf(path, query));
    if (location === undefined || location instanceof Refusal) return location;
    return new LocalAnswer(redirectAnswer(this.#status, location, requestId));
  }
}
