import type { BudgetKey, Rate } from './rate-table.ts';

/** What was granted of one budget. */
export interface Spent extends BudgetKey {
  /** Of the budget: the same in all processes. */
  readonly name: string;
  /** Milliseconds between two requests at the steady rate. */
  readonly interval: number;
  readonly count: number;
}

/** Budgets that one worker may name between two reports; what is granted of further ones stays unknown to other replicas. */
const MOST = 5_000;

/** What a worker has granted since it was asked last, for the replicas that share its budgets. */
export class Spending {
  #spent = new Map<string, Spent>();

  /** One request was granted. */
  add(name: string, { low, high }: BudgetKey, { interval }: Rate): void {
    const before = this.#spent.get(name);
    if (before === undefined && this.#spent.size === MOST) return;
    this.#spent.set(name, { name, low, high, interval, count: (before?.count ?? 0) + 1 });
  }

  /** All of it; it begins anew. */
  take(): readonly Spent[] {
    const spent = [...this.#spent.values()];
    if (spent.length > 0) this.#spent = new Map();
    return spent;
  }
}
