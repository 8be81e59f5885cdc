import type { UrlRewritePolicy } from '../../../model/policy.ts';
import { ReplacedPath } from '../../../routing/path-replacement.ts';
import { type Filter, type FilteredExchange, Refusal, type Verdict } from './filter.ts';
import { decided } from './path-edits.ts';

/** Gives the upstream another Host or path: URLRewrite of the Gateway API. */
export class UrlRewrite implements Filter {
  readonly #host: string | undefined;
  readonly #path: ReplacedPath | undefined;

  constructor({ host, path }: UrlRewritePolicy) {
    this.#host = host;
    this.#path = path && new ReplacedPath(path);
  }

  request(exchange: FilteredExchange): Verdict {
    if (this.#host !== undefined) exchange.upstreamHost = this.#host;
    if (this.#path === undefined) return undefined;
    const path = decided(() => this.#path?.of(exchange.path));
    if (path instanceof Refusal) return path;
    if (path !== undefined) exchange.upstreamPath = path;
    return undefined;
  }
}
