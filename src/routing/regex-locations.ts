import type { PathChanges } from './path-table.ts';
import { CostBudget } from './pattern/cost-budget.ts';
import { PathPattern } from './pattern/path-pattern.ts';

interface RegexLocation<R> {
  readonly pattern: PathPattern;
  readonly route: R;
}

/** What all patterns of a host may take for one request, together. */
const BUDGET = new CostBudget(500_000);

/** Routes whose paths are regular expressions, in the order in which ingress-nginx writes them: the first that matches counts. Immutable. */
export class RegexLocations<R> {
  static readonly #EMPTY = new RegexLocations<never>([]);

  readonly #locations: readonly RegexLocation<R>[];

  private constructor(locations: readonly RegexLocation<R>[]) {
    this.#locations = locations;
  }

  static empty<R>(): RegexLocations<R> {
    return RegexLocations.#EMPTY;
  }

  get size(): number {
    return this.#locations.length;
  }

  *routes(): Generator<R> {
    for (const { route } of this.#locations) yield route;
  }

  get(path: string): R | undefined {
    return this.#locations.find(({ pattern }) => pattern.text === path)?.route;
  }

  /** @throws {PatternCostError} */
  match(path: string): R | undefined {
    const lowerPath = path.toLowerCase();
    BUDGET.begin();
    for (const { pattern, route } of this.#locations) if (pattern.matches(path, lowerPath, BUDGET)) return route;
    return undefined;
  }

  /** @throws {FormatError} */
  with(changes: PathChanges<R>): RegexLocations<R> {
    if (changes.size === 0) return this;
    const kept = this.#locations.filter(({ pattern }) => !changes.has(pattern.text));
    const patterns = new Map(this.#locations.map(({ pattern }) => [pattern.text, pattern]));
    for (const [path, route] of changes) {
      if (route !== undefined) kept.push({ pattern: patterns.get(path) ?? new PathPattern(path), route });
    }
    return new RegexLocations(kept.sort(byLengthOfText));
  }
}

/** A longer text comes first, whether or not it takes fewer paths; then the one that comes last in the order of texts. */
function byLengthOfText<R>({ pattern: { text } }: RegexLocation<R>, { pattern: other }: RegexLocation<R>): number {
  return other.text.length - text.length || (text < other.text ? 1 : -1);
}
