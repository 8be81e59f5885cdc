import { FormatError } from '../../errors.ts';
import { NoPathError, PathEditError } from '../../routing/path-edit-error.ts';
import { PatternCostError } from '../../routing/pattern/pattern-cost-error.ts';
import { quote } from '../../text/quote.ts';

/** What neither a URL nor a path can hold as it is. */
const UNSAFE = /[^!-~]|["<>\\^`{|}]/u;

const LONGEST_TARGET = 2_048;

/** @param grammar what to write instead @throws FormatError */
export function readTarget(target: string, isTarget: (target: string) => boolean, grammar: string): string {
  if (target.length > LONGEST_TARGET) throw new FormatError(`the target is longer than ${LONGEST_TARGET} characters`);
  const [unsafe] = UNSAFE.exec(target) ?? [];
  if (unsafe !== undefined)
    throw new FormatError(
      `the target ${quote(target)} holds ${quote(unsafe)}: write it as an escape, as %20 for a space`,
    );
  if (!isTarget(target)) throw new FormatError(`the target ${quote(target)} cannot be used: write ${grammar}`);
  return target;
}

/** What a redirect or a rewrite would do with a path. @param edit says it; undefined where the pattern does not match */
export function explainEdit(pattern: string | undefined, path: string, edit: () => string | undefined): string {
  try {
    return edit() ?? `lets pass ${path}, which ${pattern} does not match`;
  } catch (error) {
    if (error instanceof PathEditError || error instanceof NoPathError || error instanceof PatternCostError)
      return `refuses the request, because ${error.message}`;
    throw error;
  }
}
