import type { JwtPolicy } from '../../../model/policy.ts';
import { endedLines } from '../../fields/header-lines.ts';
import type { FetchKeys } from '../../tokens/key-set.ts';
import type { TokenRules, TokenVerdict, TokenVerifier } from '../../tokens/token-verifier.ts';
import { AUTHORIZATION } from '../header-ids.ts';
import type { Asking, Question } from '../subrequests/question.ts';
import { type Filter, type FilteredExchange, Refusal, SUSPENDED, type Verdict } from './filter.ts';

/** RFC 6750 section 2.1, with the three parts of RFC 7515 section 3.1. */
const BEARER = /^bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i;
const LONGEST_TOKEN = 8_192;
const FETCH_MS = 5_000;
/** Of the answer with the keys. */
const MOST_BYTES = 256 * 1024;

/** Serves only clients with a token that the issuer has signed (RFC 7519, RFC 6750). */
export class Jwt implements Filter {
  readonly #policy: JwtPolicy;
  readonly #rules: TokenRules;
  readonly #verifier: TokenVerifier;
  readonly #question: Question;
  readonly #missing: Refusal;

  constructor(policy: JwtPolicy, verifier: TokenVerifier) {
    this.#policy = policy;
    this.#verifier = verifier;
    const { issuer, audience, cluster, host, target } = policy;
    this.#rules = { issuer, audience, keys: `${cluster} ${host}${target}` };
    this.#question = {
      ...{ method: 'GET', target, host, lines: endedLines(['Accept: application/json']), contentLength: -1 },
      isChunked: false,
      ...{ timeoutMs: FETCH_MS, mostBodyBytes: MOST_BYTES },
    };
    this.#missing = new Refusal('token_missing', issuer, [['WWW-Authenticate', 'Bearer']]);
  }

  request(exchange: FilteredExchange): Verdict {
    const { head, subrequests } = exchange;
    if (!head.has(AUTHORIZATION)) return this.#missing;
    const [, token] = BEARER.exec(head.value(AUTHORIZATION)) ?? [];
    if (token === undefined) return refusal('it is no Bearer token of three parts');
    if (token.length > LONGEST_TOKEN) return refusal(`it is longer than ${LONGEST_TOKEN} bytes`);
    const fetch = this.#fetcher(subrequests);
    if (this.#verifier.isKnown(token, this.#rules, fetch)) return undefined;
    const resume = exchange.suspend();
    this.#verifier.verify(token, this.#rules, fetch).then(
      verdict => resume(judged(verdict)),
      error => resume(new Refusal('internal', error instanceof Error ? error.stack : String(error))),
    );
    return SUSPENDED;
  }

  /** The answer serves all requests that wait for it: it is not cancelled with the request that asks first. */
  #fetcher(subrequests: Asking): FetchKeys {
    return done => {
      subrequests.ask('jwt', this.#policy.cluster, this.#question, {
        answered({ status, body }) {
          done(status === 200 ? { body } : { fault: `it answered with ${status}` });
        },
        failed: (failure, detail) => done({ fault: `${failure}: ${detail}` }),
        crashed: error => done({ fault: `a bug: ${String(error)}` }),
      });
    };
  }
}

function judged(verdict: TokenVerdict): Exclude<Verdict, typeof SUSPENDED> {
  switch (verdict.is) {
    case 'valid':
      return undefined;
    case 'invalid':
      return refusal(verdict.detail);
    case 'unavailable':
      return new Refusal('keys_unavailable', verdict.detail);
  }
}

function refusal(detail: string): Refusal {
  return new Refusal('token_invalid', detail, [['WWW-Authenticate', 'Bearer error="invalid_token"']]);
}
