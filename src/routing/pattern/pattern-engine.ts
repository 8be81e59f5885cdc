import { stepsPerByte } from './linearity.ts';
import { Machine } from './machine.ts';
import type { Pattern } from './pattern.ts';
import { Program } from './program.ts';
import { MAX_REGEXP_STEPS, RegExpPattern } from './regexp-pattern.ts';
import { StringPattern } from './string-pattern.ts';
import type { Syntax } from './syntax.ts';
import { toRegExp } from './to-regexp.ts';

/** RegExp is worth having where it may match texts of this length at least. */
const SHORTEST = 256;

/**
 * What runs a pattern: string code, where it has one of the usual shapes; RegExp, where it is proven to be linear there; else a
 * machine of our own, which counts its steps.
 */
export function engineFor(syntax: Syntax, groups: number): Pattern {
  const strings = StringPattern.of(syntax);
  if (strings !== undefined) return strings;
  const program = new Program(syntax, groups);
  const machine = new Machine(program);
  const steps = stepsPerByte(program);
  if (steps === undefined || steps > MAX_REGEXP_STEPS / SHORTEST) return machine;
  return new RegExpPattern(new RegExp(toRegExp(syntax)), steps, machine);
}
