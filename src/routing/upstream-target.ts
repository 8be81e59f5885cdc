/** What an upstream gets in its request line, for people. */
import type { Policy } from '../model/policy.ts';
import type { Route } from '../model/route.ts';
import { DecodedRewrite } from './decoded-rewrite.ts';
import { NoPathError, PathEditError } from './path-edit-error.ts';
import { ReplacedPath } from './path-replacement.ts';
import { PatternCostError } from './pattern/pattern-cost-error.ts';
import { Rewrite } from './rewrite.ts';

/**
 * @param path what the upstream gets unless a policy makes another one of it @param decodedPath that of the request
 * @returns undefined where a rewrite refuses the path
 */
export function upstreamTarget(
  { policies = [] }: Pick<Route, 'policies'>,
  path: string,
  decodedPath: string,
  query: string,
): string | undefined {
  try {
    const paths = policies.map(policy => rewritten(policy, path, decodedPath));
    return (paths.find(one => one !== undefined) ?? path) + query;
  } catch (error) {
    if (error instanceof PathEditError || error instanceof NoPathError || error instanceof PatternCostError)
      return undefined;
    throw error;
  }
}

/** Undefined where the policy leaves the path as it is. */
function rewritten(policy: Policy, path: string, decodedPath: string): string | undefined {
  switch (policy.kind) {
    case 'rewrite':
      return policy.isDecoded
        ? new DecodedRewrite(policy).rewrite(decodedPath)?.path
        : new Rewrite(policy).pathFor(path);
    case 'url-rewrite':
      return policy.path && new ReplacedPath(policy.path).of(path);
    default:
      return undefined;
  }
}
