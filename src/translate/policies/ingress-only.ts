/** What the policies say of a request that annotations of ingress-nginx alone ask for. */
import { AddressRanges } from '../../formats/address-ranges.ts';
import { formatNginxText } from '../../formats/nginx-text.ts';
import type {
  DenyHeaderPolicy,
  Policy,
  ReturnPolicy,
  SatisfyPolicy,
  UpstreamNamesPolicy,
  ValueEdit,
} from '../../model/policy.ts';
import type { ExplainedRequest } from './policy-definition.ts';

export function explainDenyHeader({ header, values, patterns }: DenyHeaderPolicy): string {
  const listed = [...values, ...patterns.map(({ text, ignoresCase }) => `${ignoresCase ? '~*' : '~'}${text}`)];
  return `refuses it with 403 if its ${header} is one of ${listed.join(', ')}`;
}

/** @param explain says what one of its ways does */
export function explainSatisfy(
  { allowed, denied, ways }: SatisfyPolicy,
  { clientIp }: ExplainedRequest,
  explain: (way: Policy) => string,
): string {
  const isDenied = clientIp !== undefined && new AddressRanges(denied).has(clientIp);
  const isAllowed = clientIp !== undefined && !isDenied && new AddressRanges(allowed).has(clientIp);
  if (isAllowed) return `lets ${clientIp} pass, which is in ${allowed.join(', ')}`;
  const addresses = allowed.length === 0 ? [] : [`lets clients of ${allowed.join(', ')} pass`];
  return `lets it pass where one of these does: ${[...addresses, ...ways.map(explain)].join('; or ')}`;
}

export function explainReturn({ status, location, when }: ReturnPolicy): string {
  const answer = `answers with ${status}${location === undefined ? '' : ` and Location: ${formatNginxText(location)}`}`;
  if (when === undefined) return answer;
  const { subject, test, isNegated } = when;
  const not = isNegated ? ' not' : '';
  const asked = 'equals' in test ? `is${not} "${test.equals}"` : `does${not} match ${test.pattern}`;
  return `${answer} where ${formatNginxText(subject)} ${asked}`;
}

export function explainUpstreamNames({ cookieDomains, cookiePaths, redirects }: UpstreamNamesPolicy): string {
  const parts = [
    ...cookieDomains.map(edit => `Domain of cookies: ${describe(edit)}`),
    ...cookiePaths.map(edit => `Path of cookies: ${describe(edit)}`),
    ...redirects.map(edit => `Location and Refresh: ${describe(edit)}`),
  ];
  return `changes what the upstream says of itself: ${parts.join('; ')}`;
}

function describe({ from, to }: ValueEdit): string {
  return `${'text' in from ? from.text : `what matches ${from.pattern}`} becomes ${to}`;
}
