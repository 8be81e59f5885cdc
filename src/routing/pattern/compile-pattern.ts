import { parsePattern } from './parser.ts';
import type { Captures, Pattern, PatternOptions } from './pattern.ts';
import { engineFor } from './pattern-engine.ts';
import type { Syntax } from './syntax.ts';

/**
 * Compiles a regular expression, as parser.ts reads it. A dot takes any byte, and `$` matches at the end alone: paths and header
 * values hold no line ends.
 *
 * @throws {FormatError} says what cannot be taken, and what to write instead
 */
export function compilePattern(text: string, { ignoresCase = false, anchor }: PatternOptions = {}): Pattern {
  const { syntax, groups } = parsePattern(text, ignoresCase);
  return new CompiledPattern(anchored(syntax, anchor), groups);
}

/** Chooses its engine when it is first used: thousands of patterns may come at once, and who only reads them needs none. */
class CompiledPattern implements Pattern {
  readonly groups: number;
  #syntax: Syntax | undefined;
  #engine: Pattern | undefined;

  constructor(syntax: Syntax, groups: number) {
    this.#syntax = syntax;
    this.groups = groups;
  }

  match(text: string): Captures | undefined {
    if (this.#syntax !== undefined) {
      this.#engine = engineFor(this.#syntax, this.groups);
      this.#syntax = undefined;
    }
    return this.#engine?.match(text);
  }
}

function anchored(syntax: Syntax, anchor: PatternOptions['anchor']): Syntax {
  if (anchor === undefined) return syntax;
  const items: Syntax[] = [{ kind: 'start' }, syntax];
  if (anchor === 'whole') items.push({ kind: 'end' });
  return { kind: 'sequence', items };
}
