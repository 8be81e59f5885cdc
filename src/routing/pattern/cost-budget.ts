import { PatternCostError } from './pattern-cost-error.ts';

/** What several matches may take together; used again and again. */
export class CostBudget {
  readonly #most: number;
  #left = 0;
  #mayProve = false;

  /** @param most nanoseconds */
  constructor(most: number) {
    this.#most = most;
  }

  /** The matches of another text begin. */
  begin(): void {
    this.#left = this.#most;
    this.#mayProve = true;
  }

  /** Whether a pattern may choose its engine now, which takes as long as many matches: one of them may. */
  takeProof(): boolean {
    const mayProve = this.#mayProve;
    this.#mayProve = false;
    return mayProve;
  }

  /** @param cost nanoseconds that a match may take, or has taken @throws {PatternCostError} where they are not left */
  charge(cost: number): void {
    this.#left -= cost;
    if (this.#left < 0) throw new PatternCostError();
  }
}
