import { stepsPerByte } from './linearity.ts';
import { Machine } from './machine.ts';
import { parsePattern } from './parser.ts';
import type { Pattern, PatternOptions } from './pattern.ts';
import { Program } from './program.ts';
import { MAX_REGEXP_STEPS, RegExpPattern } from './regexp-pattern.ts';
import { StringPattern } from './string-pattern.ts';
import type { Syntax } from './syntax.ts';
import { toRegExp } from './to-regexp.ts';

/** RegExp is worth having where it may match texts of this length at least. */
const SHORTEST = 256;

/**
 * Compiles a regular expression, as parser.ts reads it. The usual shapes become string code. RegExp runs what is proven to be
 * linear there. A machine of our own, which counts its steps, runs everything else.
 *
 * A dot takes any byte, and `$` matches at the end alone: paths and header values hold no line ends.
 *
 * @throws {FormatError} says what cannot be taken, and what to write instead
 */
export function compilePattern(text: string, { ignoresCase = false, anchor }: PatternOptions = {}): Pattern {
  const { syntax: written, groups } = parsePattern(text, ignoresCase);
  const syntax = anchored(written, anchor);
  const strings = StringPattern.of(syntax);
  if (strings !== undefined) return strings;
  const program = new Program(syntax, groups);
  const machine = new Machine(program);
  const steps = stepsPerByte(program);
  if (steps === undefined || steps > MAX_REGEXP_STEPS / SHORTEST) return machine;
  return new RegExpPattern(new RegExp(toRegExp(syntax)), steps, machine);
}

function anchored(syntax: Syntax, anchor: PatternOptions['anchor']): Syntax {
  if (anchor === undefined) return syntax;
  const items: Syntax[] = [{ kind: 'start' }, syntax];
  if (anchor === 'whole') items.push({ kind: 'end' });
  return { kind: 'sequence', items };
}
