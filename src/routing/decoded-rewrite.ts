import type { RewritePolicy } from '../model/policy.ts';
import { encodeDecodedPath } from './escapes.ts';
import { MAX_TARGET_LENGTH, NoPathError, PathEditError, tooLong } from './path-edit-error.ts';
import { compilePattern } from './pattern/compile-pattern.ts';
import type { Pattern } from './pattern/pattern.ts';
import { Template } from './pattern/template.ts';

/** A segment that is a dot or two: a group that ends within a segment can make one. */
const DOT_SEGMENT = /\/\.{1,2}(?:\/|$)/;

/** What a rewrite makes of a request. */
export interface Rewritten {
  /** As the upstream gets it. */
  readonly path: string;
  /** The value of X-Forwarded-Prefix; undefined where nothing is told. */
  readonly forwardedPrefix: string | undefined;
}

/** Gives the upstream another path, as nginx's `rewrite … break` does. */
export class DecodedRewrite {
  readonly #pattern: Pattern;
  readonly #target: Template;
  readonly #forwardedPrefix: Template | undefined;

  /** @throws FormatError */
  constructor({ pattern, target, forwardedPrefix }: Pick<RewritePolicy, 'pattern' | 'target' | 'forwardedPrefix'>) {
    this.#pattern = compilePattern(pattern);
    const { groups } = this.#pattern;
    this.#target = new Template(target, groups, 'empty');
    this.#forwardedPrefix = forwardedPrefix === undefined ? undefined : new Template(forwardedPrefix, groups, 'empty');
  }

  /**
   * The whole path becomes the target.
   * @param decoded the path with all its escapes decoded: bytes, a character each
   * @returns undefined where the pattern does not match
   * @throws {PatternCostError}
   * @throws {PathEditError}
   * @throws {NoPathError}
   */
  rewrite(decoded: string): Rewritten | undefined {
    const captures = this.#pattern.match(decoded);
    if (captures === undefined) return undefined;
    const path = this.#target.expand(captures, text => text, MAX_TARGET_LENGTH);
    if (path === undefined) throw tooLong();
    if (path === '') throw new NoPathError('the result is empty');
    // nginx would send it, and the upstream would reject the request line: RFC 9112 section 3.2 has a path begin with a slash.
    if (!path.startsWith('/')) throw new NoPathError('the result does not begin with a slash');
    if (DOT_SEGMENT.test(path)) throw new PathEditError('the result has a segment of dots');
    const escaped = encodeDecodedPath(path);
    if (escaped.length > MAX_TARGET_LENGTH) throw tooLong();
    const prefix = this.#forwardedPrefix?.expand(captures, encodeDecodedPath, MAX_TARGET_LENGTH);
    return { path: escaped, forwardedPrefix: prefix === '' ? undefined : prefix };
  }
}
