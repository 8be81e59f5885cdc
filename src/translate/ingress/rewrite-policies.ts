import type { Policy } from '../../model/policy.ts';
import type { IngressEffect } from './ingress-feature.ts';

/**
 * What rewrites the paths of one location: the pattern is the path of the location.
 * @param path of the location
 */
export function rewritePolicies(path: string, paths: IngressEffect['paths']): readonly Policy[] {
  const { rewrite } = paths ?? {};
  return rewrite === undefined ? [] : [{ kind: 'rewrite', pattern: path, target: rewrite.target }];
}
