import type { Policy, PolicyKind } from '../../model/policy.ts';
import { ALLOW_FROM, DENY_FROM } from './address-lists.ts';
import { AUTH_URL } from './auth-url.ts';
import { BASIC_AUTH } from './basic-auth.ts';
import { CANARY_ROWS } from './canary.ts';
import { COMPRESS } from './compress.ts';
import { CORS } from './cors.ts';
import { ERROR_PAGES } from './error-pages.ts';
import { REQUEST_HEADERS, RESPONSE_HEADERS } from './header-edits.ts';
import { explainDenyHeader, explainReturn, explainSatisfy, explainUpstreamNames } from './ingress-only.ts';
import { JWT } from './jwt.ts';
import { MAX_CONNECTIONS } from './max-connections.ts';
import { MIRROR } from './mirror.ts';
import type { ExplainedRequest, PolicyDefinition, PolicyRow, PolicyValues } from './policy-definition.ts';
import { RATE_LIMIT } from './rate-limit.ts';
import { REDIRECT } from './redirect.ts';
import { RETRY } from './retry.ts';
import { REWRITE } from './rewrite.ts';

/** All policies. Their order is the order in which a request meets them: that of ingress-nginx. */
export const POLICIES: readonly PolicyDefinition[] = [
  CORS,
  REDIRECT,
  REWRITE,
  MAX_CONNECTIONS,
  RATE_LIMIT,
  DENY_FROM,
  ALLOW_FROM,
  BASIC_AUTH,
  JWT,
  AUTH_URL,
  REQUEST_HEADERS,
  MIRROR,
  RETRY,
  ERROR_PAGES,
  RESPONSE_HEADERS,
  COMPRESS,
];

/** The annotations of all policies. */
export const POLICY_ROWS: readonly PolicyRow[] = [...POLICIES.flatMap(({ rows }) => rows), ...CANARY_ROWS];

/** What the annotations of an object ask for; undefined: nothing. */
export function readPolicies(values: PolicyValues): readonly Policy[] | undefined {
  const asked = POLICIES.filter(({ rows: [first] }) => values.get(first.name) !== undefined);
  const policies = asked.map(definition => definition.read(values)).filter(policy => policy !== undefined);
  if (policies.length === 0) return undefined;
  // A policy that cannot be had comes before all others, whichever it is.
  const isHad = ({ kind }: Policy): boolean => kind !== 'unavailable';
  return [...policies.filter(policy => !isHad(policy)), ...policies.filter(isHad)];
}

/** What a policy says of a request. */
export interface PolicyExplanation {
  readonly policy: PolicyKind;
  /** One sentence, without a subject: "refuses 192.0.2.7, which is …". */
  readonly does: string;
}

const BY_KIND = new Map(POLICIES.map(definition => [definition.rows[0].name, definition]));

/** What each policy of a route would do with a request, in the order in which the request meets them. */
export function explainPolicies(
  policies: readonly Policy[] | undefined,
  request: ExplainedRequest,
): readonly PolicyExplanation[] {
  return (policies ?? []).map(policy => {
    const does = explainPolicy(policy, request);
    return { policy: policy.kind === 'unavailable' ? (policy.of ?? policy.kind) : policy.kind, does };
  });
}

function explainPolicy(policy: Policy, request: ExplainedRequest): string {
  switch (policy.kind) {
    case 'unavailable':
      return `refuses all requests with ${policy.status ?? 503}, because ${policy.why}`;
    case 'deny-header':
      return explainDenyHeader(policy);
    case 'satisfy':
      return explainSatisfy(policy, request, way => explainPolicy(way, request));
    case 'return':
      return explainReturn(policy);
    case 'upstream-names':
      return explainUpstreamNames(policy);
    default:
      return BY_KIND.get(policy.kind)?.explain(policy, request) ?? '';
  }
}
