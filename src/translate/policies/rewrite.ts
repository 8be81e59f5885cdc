import { FormatError } from '../../errors.ts';
import type { RewritePolicy } from '../../model/policy.ts';
import { decodePath } from '../../routing/decoded-path.ts';
import { DecodedRewrite } from '../../routing/decoded-rewrite.ts';
import { isRewriteTarget, Rewrite } from '../../routing/rewrite.ts';
import { explainEdit, readTarget } from './path-edits.ts';
import { definePolicy } from './policy-definition.ts';

const EXAMPLE = '^/(.*)$ /new/$1';

export const REWRITE = definePolicy<RewritePolicy>({
  rows: [
    {
      name: 'rewrite',
      nginx: ['rewrite-target'],
      value:
        'PATTERN TARGET: a regular expression of the path that the Service would get, and the whole path that it gets instead, with $1 to $9 for the groups of the pattern',
      help: 'Gives the Service another path; a path that does not match stays. The query stays.',
      example: EXAMPLE,
    },
  ],
  read: values => values.read('rewrite', parseRewrite),
  explain: (policy, { upstreamPath }) =>
    explainEdit(policy.pattern, upstreamPath, () => {
      const path = policy.isDecoded
        ? new DecodedRewrite(policy).rewrite(decodePath(upstreamPath) ?? upstreamPath)?.path
        : new Rewrite(policy).pathFor(upstreamPath);
      return path && `makes ${path} of ${upstreamPath}`;
    }),
});

/** @throws FormatError */
function parseRewrite(text: string): RewritePolicy {
  const [pattern, target, ...others] = text.split(/\s+/).filter(word => word !== '');
  if (pattern === undefined || target === undefined || others.length > 0)
    throw new FormatError(`write PATTERN TARGET, as in "${EXAMPLE}"; %20 stands for a space`);
  const path = readTarget(target, isRewriteTarget, 'a path that begins with /, without query and segments of dots');
  const policy: RewritePolicy = { kind: 'rewrite', pattern, target: path };
  // Refuses what cannot be read.
  new Rewrite(policy);
  return policy;
}
