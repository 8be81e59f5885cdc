import { PasswordVerifier } from '../../src/dataplane/passwords/password-verifier.ts';
import type { FilterServices } from '../../src/dataplane/pipeline/filters/filter-services.ts';
import type { FailureReason } from '../../src/failures/failures.ts';
import type { Policy } from '../../src/model/policy.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { basic, credentials } from '../support/passwords.ts';
import { answer, answering, type UpstreamHandler } from '../support/raw-upstream.ts';
import { SECRET } from './request-cases.ts';

/** A policy that refuses a GET. */
export interface PolicyCase {
  readonly what: string;
  readonly policies: readonly Policy[];
  /** Of the request, each with its line end. */
  readonly headerLines?: string;
  readonly filters?: Partial<FilterServices>;
  readonly reason: FailureReason;
  readonly status: number;
  readonly detail: RegExp;
  /** What the upstream does, which policies may ask: its cluster is {@link CLUSTER}. */
  readonly upstream?: UpstreamHandler;
}

/** One request an hour: a route that has the policy twice spends it twice with one request. */
const limited: Policy = {
  kind: 'rate-limit',
  owner: 'test/web',
  requests: 1,
  periodMs: 3_600_000,
  burst: 1,
  per: 'service',
};

/** One at a time: a route that has the policy twice counts one request twice. */
const alone: Policy = { kind: 'max-connections', owner: 'test/web', most: 1 };

const CLUSTER = 'test/service-0:80';

const AUTH_URL: Policy = { kind: 'auth-url', cluster: CLUSTER, host: 'auth', target: ['/'], responseHeaders: [] };
const SIGNED: Policy = {
  ...{ kind: 'jwt', issuer: 'https://issuer.test', audience: 'api' },
  ...{ cluster: CLUSTER, host: 'issuer.test', target: '/keys' },
};

const guarded: Policy = { kind: 'basic-auth', realm: 'any', secret: 'test/users', credentials: credentials() };

/** A thread that ends when it is asked for a password. */
function broken(): PasswordVerifier {
  return new PasswordVerifier(new FakeClock(), ({ failed }) => ({ ask: () => setImmediate(failed), end() {} }));
}

/** The client of the case waits for as many passwords as it may, and no answer comes. */
function crowded(): PasswordVerifier {
  const verifier = new PasswordVerifier(new FakeClock(), () => ({ ask() {}, end() {} }));
  for (let index = 0; index < 9; index += 1) {
    const check = { user: 'ann', hash: '', password: String(index), owner: 'test/users', client: '127.0.0.1' };
    verifier.verify(check, verifier.digestOf(check), () => {});
  }
  return verifier;
}

export const POLICY_CASES: readonly PolicyCase[] = [
  {
    what: 'a client of an address that is not served',
    policies: [{ kind: 'allow-from', ranges: ['192.0.2.0/24'] }],
    reason: 'address_denied',
    status: 403,
    detail: /^127\.0\.0\.1$/,
  },
  {
    what: 'a header that is refused',
    policies: [{ kind: 'deny-header', header: 'host', values: [], patterns: [{ text: '.', ignoresCase: false }] }],
    reason: 'header_denied',
    status: 403,
    detail: /^host$/,
  },
  {
    what: 'a client that has as many requests under way as it may',
    policies: [alone, alone],
    reason: 'too_many_connections',
    status: 429,
    detail: /^$/,
  },
  {
    what: 'a client that has used its rate up',
    policies: [limited, limited],
    reason: 'rate_limited',
    status: 429,
    detail: /^$/,
  },
  {
    what: 'a client that the service of auth-url does not know',
    policies: [AUTH_URL],
    reason: 'auth_url_unauthorized',
    status: 401,
    detail: /^$/,
    upstream: answering(answer('', '', '401 Unauthorized')),
  },
  {
    what: 'a client that the service of auth-url does not let pass',
    policies: [AUTH_URL],
    reason: 'auth_url_forbidden',
    status: 403,
    detail: /^$/,
    upstream: answering(answer('', '', '403 Forbidden')),
  },
  {
    what: 'a service of auth-url that cannot decide',
    policies: [AUTH_URL],
    reason: 'auth_url_failed',
    status: 500,
    detail: /^it answered with 503$/,
    upstream: answering(answer('', '', '503 Service Unavailable')),
  },
  {
    what: 'a rewrite whose result has a broken escape',
    policies: [{ kind: 'rewrite', pattern: '(x)', target: '/%2$1' }],
    reason: 'path_edit_refused',
    status: 400,
    detail: /^the result has a broken escape, or a segment of dots$/,
  },
  {
    what: 'a rewrite whose result is empty',
    policies: [{ kind: 'rewrite', pattern: '/.*(z?)', target: '$1', isDecoded: true }],
    reason: 'path_edit_empty',
    status: 500,
    detail: /^the result is empty$/,
  },
  {
    what: 'a pattern that would take too many steps',
    // What a look-ahead has tried is not remembered: a hundred and fifty times itself, at the two bytes of a path.
    policies: [{ kind: 'redirect', pattern: `^(?!(?:${Array(150).fill('.').join('|')})*!)`, target: '/', status: 302 }],
    reason: 'pattern_too_costly',
    status: 500,
    detail: /^the pattern would take too many steps on this text$/,
  },
  {
    what: 'a client without a password',
    policies: [guarded],
    reason: 'credentials_missing',
    status: 401,
    detail: /^test\/users$/,
  },
  {
    what: 'a client with a wrong password',
    policies: [guarded],
    headerLines: basic('sha1', SECRET),
    reason: 'credentials_wrong',
    status: 401,
    detail: /^test\/users$/,
  },
  {
    what: 'a password that cannot be checked',
    policies: [guarded],
    headerLines: basic('sha1', SECRET),
    filters: { passwords: broken() },
    reason: 'passwords_unavailable',
    status: 503,
    detail: /^test\/users$/,
  },
  {
    what: 'a client with too many passwords',
    policies: [guarded],
    headerLines: basic('sha1', SECRET),
    filters: { passwords: crowded() },
    reason: 'passwords_crowded',
    status: 429,
    detail: /^test\/users$/,
  },
  {
    what: 'a client without a token',
    policies: [SIGNED],
    reason: 'token_missing',
    status: 401,
    detail: /^https:\/\/issuer\.test$/,
  },
  {
    what: 'a client whose token is none',
    policies: [SIGNED],
    headerLines: 'Authorization: Bearer a.b\r\n',
    reason: 'token_invalid',
    status: 401,
    detail: /^it is no Bearer token of three parts$/,
  },
  {
    what: 'an issuer whose keys cannot be had',
    policies: [SIGNED],
    headerLines: 'Authorization: Bearer a.b.c\r\n',
    reason: 'keys_unavailable',
    status: 503,
    detail: /^it answered with 404$/,
    upstream: answering(answer('', '', '404 Not Found')),
  },
  {
    what: 'a policy that cannot be had',
    policies: [{ kind: 'unavailable', of: 'allow-from', why: 'it is missing' }],
    reason: 'policy_unavailable',
    status: 503,
    detail: /^allow-from: it is missing$/,
  },
];
