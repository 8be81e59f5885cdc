import type { FailureReason } from '../../src/dataplane/failures/failures.ts';
import type { Policy } from '../../src/model/policy.ts';

/** A policy that refuses a GET. */
export interface PolicyCase {
  readonly what: string;
  readonly policies: readonly Policy[];
  readonly reason: FailureReason;
  readonly status: number;
  readonly detail: RegExp;
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

export const POLICY_CASES: readonly PolicyCase[] = [
  {
    what: 'a client of an address that is not served',
    policies: [{ kind: 'allow-from', ranges: ['192.0.2.0/24'] }],
    reason: 'address_denied',
    status: 403,
    detail: /^127\.0\.0\.1$/,
  },
  {
    what: 'a client that has used its rate up',
    policies: [limited, limited],
    reason: 'rate_limited',
    status: 429,
    detail: /^$/,
  },
  {
    what: 'a policy that cannot be had',
    policies: [{ kind: 'unavailable', of: 'allow-from', why: 'it is missing' }],
    reason: 'policy_unavailable',
    status: 503,
    detail: /^allow-from: it is missing$/,
  },
];
