import { FormatError } from '../../errors.ts';
import type { RedirectPolicy } from '../../model/policy.ts';
import { decodePath } from '../../routing/decoded-path.ts';
import { isRedirectTarget, Redirect } from '../../routing/redirect.ts';
import { explainEdit, readTarget } from './path-edits.ts';
import { definePolicy } from './policy-definition.ts';

const EXAMPLE = '^/(.*)$ https://new.example/$1 308';

const DEFAULT_STATUS = 302;
const STATUSES: readonly number[] = [301, 302, 303, 307, 308];

export const REDIRECT = definePolicy<RedirectPolicy>({
  rows: [
    {
      name: 'redirect',
      nginx: ['permanent-redirect', 'temporal-redirect'],
      value:
        '[PATTERN] TARGET [STATUS]: a regular expression of the path that the Service would get, an absolute URL or a path of this host with $1 to $9 for its groups, and 301, 302, 303, 307 or 308',
      help: 'Sends clients to the target, with 302 unless it says otherwise; without a pattern, all of them. The query goes along, unless the target ends with a question mark.',
      example: EXAMPLE,
    },
  ],
  read: values => values.read('redirect', parseRedirect),
  explain: (policy, { upstreamPath, query }) =>
    explainEdit(policy.pattern, upstreamPath, () => {
      const path = policy.isDecoded ? (decodePath(upstreamPath) ?? upstreamPath) : upstreamPath;
      const location = new Redirect(policy).locationOf(path, query);
      return location && `answers with ${policy.status} and Location: ${location}`;
    }),
});

/** @throws FormatError */
function parseRedirect(text: string): RedirectPolicy {
  const words = text.split(/\s+/).filter(word => word !== '');
  const last = words.at(-1) ?? '';
  const status = words.length > 1 && /^\d+$/.test(last) ? Number(last) : undefined;
  if (status !== undefined) words.pop();
  if (status !== undefined && !STATUSES.includes(status))
    throw new FormatError(`${last} is no status of a redirect: write one of ${STATUSES.join(', ')}`);
  const [pattern, target] = words.length === 1 ? [undefined, words[0]] : words;
  if (target === undefined || words.length > 2)
    throw new FormatError(`write [PATTERN] TARGET [STATUS], as in "${EXAMPLE}"; %20 stands for a space`);
  const policy: RedirectPolicy = {
    kind: 'redirect',
    ...(pattern !== undefined && { pattern }),
    target: readTarget(
      target,
      isRedirectTarget,
      'a URL with http:// or https:// and a host without groups, or a path that begins with one /',
    ),
    status: status ?? DEFAULT_STATUS,
  };
  // Refuses what cannot be read.
  new Redirect(policy);
  return policy;
}
