import { escapedBytes } from './byte-text.ts';
import { compiled } from './compile-pattern.ts';
import type { CostBudget } from './cost-budget.ts';
import { type LiteralPrefix, literalPrefix } from './literal-prefix.ts';
import { parsePattern } from './parser.ts';
import type { Pattern } from './pattern.ts';

/**
 * The path of a location as a regular expression, as ingress-nginx writes it: without regard to case, with a circumflex in front.
 * Before `/a|/b`, it stands for the first of both alone.
 */
export class PathPattern {
  readonly text: string;
  readonly #prefix: LiteralPrefix;
  readonly #pattern: Pattern;

  /** @param text bytes, a character each @throws {FormatError} */
  constructor(text: string) {
    const { syntax, groups } = parsePattern(`^${escapedBytes(text)}`, true);
    this.text = text;
    this.#prefix = literalPrefix(syntax);
    this.#pattern = compiled(syntax, groups);
  }

  /**
   * @param path decoded, bytes, a character each
   * @param lowerPath the same in lower case: most patterns of a host differ in what they begin with
   * @throws {PatternCostError}
   */
  matches(path: string, lowerPath: string, budget: CostBudget): boolean {
    const { text, isWhole } = this.#prefix;
    if (!lowerPath.startsWith(text)) return false;
    return isWhole || this.#pattern.match(path, budget) !== undefined;
  }
}
