import type { PathReplacement } from '../model/policy.ts';
import { encodeUnsafe } from './escapes.ts';
import { MAX_TARGET_LENGTH, tooLong } from './path-edit-error.ts';

/** Makes another path of the path of a request, as ReplaceFullPath and ReplacePrefixMatch of the Gateway API do it. */
export class ReplacedPath {
  /** So many characters of a path go. Undefined: all of it. */
  readonly #prefixLength: number | undefined;
  /** What takes their place where a part of the path stays, without slash at its end. */
  readonly #before: string;
  /** What takes the place of a whole path. */
  readonly #whole: string;

  constructor(replacement: PathReplacement) {
    const isFull = 'full' in replacement;
    const text = encodePath(isFull ? replacement.full : replacement.replacement);
    this.#prefixLength = isFull ? undefined : withoutSlash(replacement.prefix).length;
    this.#before = withoutSlash(text);
    this.#whole = rooted(text);
  }

  /**
   * @param path one that the prefix takes, in its normal form
   * @returns begins with one slash: two would begin the name of a host
   * @throws {PathEditError}
   */
  of(path: string): string {
    if (this.#prefixLength === undefined || path.length <= this.#prefixLength) return this.#whole;
    const result = rooted(this.#before + path.slice(this.#prefixLength));
    if (result.length > MAX_TARGET_LENGTH) throw tooLong();
    return result;
  }
}

function withoutSlash(path: string): string {
  return path.replace(/\/+$/, '');
}

function rooted(path: string): string {
  return path.replace(/^\/*/, '/');
}

/** What begins a query or a fragment elsewhere is a part of a path here. */
function encodePath(path: string): string {
  return encodeUnsafe(path).replaceAll('?', '%3F').replaceAll('#', '%23');
}
