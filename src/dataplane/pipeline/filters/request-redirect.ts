import { defaultPort } from '../../../formats/http/uri.ts';
import type { RequestRedirectPolicy } from '../../../model/policy.ts';
import { encodeUnsafe } from '../../../routing/escapes.ts';
import { ReplacedPath } from '../../../routing/path-replacement.ts';
import { redirectAnswer } from '../redirect-answer.ts';
import { schemeOf } from '../told-by-proxies.ts';
import { type Filter, type FilteredExchange, LocalAnswer, Refusal, type Verdict } from './filter.ts';
import { decided } from './path-edits.ts';

/** Sends clients to another URL: RequestRedirect of the Gateway API. */
export class RequestRedirect implements Filter {
  readonly #policy: RequestRedirectPolicy;
  readonly #path: ReplacedPath | undefined;

  constructor(policy: RequestRedirectPolicy) {
    this.#policy = policy;
    this.#path = policy.path && new ReplacedPath(policy.path);
  }

  request(exchange: FilteredExchange): Verdict {
    const { path: asked, query, requestId } = exchange;
    const path = decided(() => this.#path?.of(asked) ?? asked.replace(/^\/*/, '/'));
    if (path instanceof Refusal) return path;
    const location = this.#originFor(exchange) + encodeUnsafe(path + query);
    return new LocalAnswer(redirectAnswer(this.#policy.status, location, requestId));
  }

  /** Empty for a request of HTTP/1.0 that names no host, where the policy names none either: its client stays where it has asked. */
  #originFor(exchange: FilteredExchange): string {
    const { host = exchange.host, scheme = exchange.scheme } = this.#policy;
    if (host === '') return '';
    const port = this.#portFor(exchange);
    return `${scheme}://${host}${port === undefined || port === defaultPort(scheme) ? '' : `:${port}`}`;
  }

  #portFor({ client, scheme }: FilteredExchange): number | undefined {
    if (this.#policy.port !== undefined) return this.#policy.port;
    // A proxy that has ended TLS has a port of its own, and nothing is known of it.
    if (this.#policy.scheme !== undefined || scheme !== schemeOf(client)) return undefined;
    return client.port?.publicPort;
  }
}
