import type { CostBudget } from './cost-budget.ts';

/** The match, then its groups. A group that took no part is empty. */
export type Captures = readonly string[];

/** A regular expression that bounds what a match costs, whatever its author and the text's author wrote. */
export interface Pattern {
  /** How many groups it has. */
  readonly groups: number;

  /**
   * @param text bytes, a character each
   * @param budget what this match and others may take together; absent: this match has its own limit alone
   * @returns undefined where nothing matches
   * @throws {PatternCostError} where to find out would cost too much
   */
  match(text: string, budget?: CostBudget): Captures | undefined;
}

export interface PatternOptions {
  /** Of the letters of ASCII. */
  readonly ignoresCase?: boolean;
  /** Where a match must be: at the start of a text, or from its start to its end. Absent: anywhere. */
  readonly anchor?: 'start' | 'whole';
}
