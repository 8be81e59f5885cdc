import type { RewritePolicy } from '../model/policy.ts';
import { normalisePath } from './path.ts';
import { MAX_TARGET_LENGTH, PathEditError, tooLong } from './path-edit-error.ts';
import { compilePattern } from './pattern/compile-pattern.ts';
import type { Pattern } from './pattern/pattern.ts';
import { Template } from './pattern/template.ts';

/** A segment that is a dot or two. No path of a request holds one, and no target does: only groups can make one. */
const DOT_SEGMENT = /\/(?:\.|%2e){1,2}(?:\/|$)/i;

/** Whether the upstream may get this path instead, whatever the groups in it are. */
export function isRewriteTarget(target: string): boolean {
  return /^[/$][^?#]*$/.test(target) && !DOT_SEGMENT.test(target) && normalisePath(`/${target}`) !== undefined;
}

/** Gives the upstream another path. */
export class Rewrite {
  readonly #pattern: Pattern;
  readonly #target: Template;

  /** @param policy its target is one that isRewriteTarget() takes @throws FormatError */
  constructor({ pattern, target }: Pick<RewritePolicy, 'pattern' | 'target'>) {
    this.#pattern = compilePattern(pattern);
    this.#target = new Template(target, this.#pattern.groups);
  }

  /**
   * The whole path becomes the target. It is normalised as the path of a request is, but for segments of dots: only groups that
   * end within a segment can make them, and they would lead out of what the target says.
   * @param requested as the upstream would get it
   * @returns undefined where the pattern does not match
   * @throws {PatternCostError}
   * @throws {PathEditError}
   */
  pathFor(requested: string): string | undefined {
    const captures = this.#pattern.match(requested);
    if (captures === undefined) return undefined;
    const expanded = this.#target.expand(captures, text => text, MAX_TARGET_LENGTH);
    if (expanded === undefined) throw tooLong();
    // What a group leaves may be empty, or lack the slash.
    const result = expanded.startsWith('/') ? expanded : `/${expanded}`;
    const path = DOT_SEGMENT.test(result) ? undefined : normalisePath(result);
    if (path === undefined) throw new PathEditError('the result has a broken escape, or a segment of dots');
    return path;
  }
}
