/** What `explain` says of policies that only annotations of ingress-nginx ask for. The sentences have no subject. */
import { formatNginxText } from '../../formats/nginx-text.ts';
import type { ReturnPolicy, UpstreamNamesPolicy, ValueEdit } from '../../model/policy.ts';

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
