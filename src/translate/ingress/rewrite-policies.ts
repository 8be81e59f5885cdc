import { FormatError } from '../../errors.ts';
import type { Policy } from '../../model/policy.ts';
import { DecodedRewrite } from '../../routing/decoded-rewrite.ts';
import { escapedBytes } from '../../routing/pattern/byte-text.ts';
import { Redirect } from '../../routing/redirect.ts';
import type { IngressEffect } from './ingress-feature.ts';

interface RewrittenLocation {
  readonly path: string;
  readonly type: 'Exact' | 'Prefix';
}

/** What rewrites the paths of one location: the pattern is the path of the location. */
export function rewritePolicies(location: RewrittenLocation, paths: IngressEffect['paths']): readonly Policy[] {
  const { rewrite } = paths ?? {};
  const pattern = rewrite && patternOf(location, rewrite.target);
  if (rewrite === undefined || pattern === undefined) return [];
  const { target, forwardedPrefix } = rewrite;
  try {
    // Both refuse what cannot be read.
    if (isUrl(target)) {
      new Redirect({ pattern, target, isDecoded: true });
      return [{ kind: 'redirect', pattern, target, status: 302, isDecoded: true }];
    }
    const policy = {
      kind: 'rewrite',
      pattern,
      target,
      isDecoded: true,
      ...(forwardedPrefix && { forwardedPrefix }),
    } as const;
    new DecodedRewrite(policy);
    return [policy];
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return [{ kind: 'unavailable', of: 'rewrite', why: error.message }];
  }
}

/** Clients are sent there. */
export function isUrl(target: string): boolean {
  return /^https?:\/\//.test(target);
}

/**
 * As ingress-nginx writes it: upper and lower case are alike. The location of a prefix `/foo` is `/foo/` for ingress-nginx where the target is `/foo`, too: paths behind it become `/foo`, all others
 * stay. Undefined: no path is rewritten.
 */
function patternOf({ path, type }: RewrittenLocation, target: string): string | undefined {
  if (path !== target) return anyCase(path);
  return type === 'Exact' || path === '/' ? undefined : anyCase(`${path.replace(/\/$/, '')}/`);
}

function anyCase(path: string): string {
  const pattern = escapedBytes(path);
  return pattern.startsWith('(?i)') ? pattern : `(?i)${pattern}`;
}
