import type { Place } from '../../model/route.ts';
import type { PathChanges } from '../path-table.ts';
import { escapedBytes } from '../pattern/byte-text.ts';
import { compilePattern } from '../pattern/compile-pattern.ts';
import type { Pattern } from '../pattern/pattern.ts';
import type { AskedRequest } from './asked-request.ts';
import type { RankedRoutes } from './ranked-routes.ts';

/** What it costs to ask a pattern at least, in nanoseconds. */
const PATTERN_COST = 50;

interface PatternEntry<R extends Place> {
  readonly text: string;
  readonly pattern: Pattern;
  readonly routes: RankedRoutes<R>;
}

/** Routes whose paths are patterns: each takes whole paths, with regard to case. Those with longer texts come first. Immutable. */
export class PatternRoutes<R extends Place> {
  static readonly #EMPTY = new PatternRoutes<never>([]);

  readonly #entries: readonly PatternEntry<R>[];

  private constructor(entries: readonly PatternEntry<R>[]) {
    this.#entries = entries;
  }

  static empty<R extends Place>(): PatternRoutes<R> {
    return PatternRoutes.#EMPTY;
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  get(text: string): RankedRoutes<R> | undefined {
    return this.#entries.find(entry => entry.text === text)?.routes;
  }

  /** @throws {PatternCostError} */
  match(path: string, request: AskedRequest): R | undefined {
    const { budget } = request;
    for (const { pattern, routes } of this.#entries) {
      budget.charge(PATTERN_COST);
      const route = pattern.match(path, budget) === undefined ? undefined : routes.match(request);
      if (route !== undefined) return route;
    }
    return undefined;
  }

  /** @throws {FormatError} for a path that is no pattern */
  with(changes: PathChanges<RankedRoutes<R>>): PatternRoutes<R> {
    if (changes.size === 0) return this;
    const kept = this.#entries.filter(({ text }) => !changes.has(text));
    const patterns = new Map(this.#entries.map(({ text, pattern }) => [text, pattern]));
    for (const [text, routes] of changes) {
      if (routes !== undefined) kept.push({ text, pattern: patterns.get(text) ?? pathPattern(text), routes });
    }
    return new PatternRoutes(kept.sort(byLengthOfText));
  }
}

/** The pattern of a path. @throws {FormatError} */
export function pathPattern(text: string): Pattern {
  return compilePattern(escapedBytes(Buffer.from(text).toString('latin1')), { anchor: 'whole' });
}

/** Between texts of the same length, their order decides. */
function byLengthOfText({ text }: { readonly text: string }, { text: other }: { readonly text: string }): number {
  return other.length - text.length || (text < other ? -1 : 1);
}
