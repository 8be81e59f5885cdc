import type { CostBudget } from './cost-budget.ts';
import { Machine } from './machine.ts';
import { parsePattern } from './parser.ts';
import type { Captures, Pattern, PatternOptions } from './pattern.ts';
import { engineFor } from './pattern-engine.ts';
import { Program } from './program.ts';
import type { Syntax } from './syntax.ts';

/**
 * Compiles a regular expression, as parser.ts reads it. A dot takes any byte, and `$` matches at the end alone: paths and header
 * values hold no line ends.
 *
 * @throws {FormatError} says what cannot be taken, and what to write instead
 */
export function compilePattern(text: string, { ignoresCase = false, anchor }: PatternOptions = {}): Pattern {
  const { syntax, groups } = parsePattern(text, ignoresCase);
  return compiled(anchored(syntax, anchor), groups);
}

export function compiled(syntax: Syntax, groups: number): Pattern {
  return new CompiledPattern(syntax, groups);
}

/** Chooses its engine when it is first used: thousands of patterns may come at once, and who only reads them needs none. */
class CompiledPattern implements Pattern {
  readonly groups: number;
  #syntax: Syntax | undefined;
  #engine: Pattern | undefined;
  /** Runs the pattern while there is no time to choose an engine. */
  #machine: Machine | undefined;

  constructor(syntax: Syntax, groups: number) {
    this.#syntax = syntax;
    this.groups = groups;
  }

  match(text: string, budget?: CostBudget): Captures | undefined {
    if (this.#syntax !== undefined) {
      if (budget?.takeProof() === false) {
        this.#machine ??= new Machine(new Program(this.#syntax, this.groups));
        return this.#machine.match(text, budget);
      }
      this.#engine = engineFor(this.#syntax, this.groups);
      this.#syntax = undefined;
      this.#machine = undefined;
    }
    return this.#engine?.match(text, budget);
  }
}

function anchored(syntax: Syntax, anchor: PatternOptions['anchor']): Syntax {
  if (anchor === undefined) return syntax;
  const items: Syntax[] = [{ kind: 'start' }, syntax];
  if (anchor === 'whole') items.push({ kind: 'end' });
  return { kind: 'sequence', items };
}
