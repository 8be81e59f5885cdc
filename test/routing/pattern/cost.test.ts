import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePattern } from '../../../src/routing/pattern/compile-pattern.ts';
import { stepsPerByte } from '../../../src/routing/pattern/linearity.ts';
import { MAX_STEPS, MAX_TEXT, Machine } from '../../../src/routing/pattern/machine.ts';
import { parsePattern } from '../../../src/routing/pattern/parser.ts';
import { PatternCostError } from '../../../src/routing/pattern/pattern-cost-error.ts';
import { Program } from '../../../src/routing/pattern/program.ts';
import fc from '../../support/property.ts';
import { backtrackingSteps } from './backtracking-steps.ts';
import { randomPattern } from './random-pattern.ts';

function programOf(pattern: string): Program {
  const { syntax, groups } = parsePattern(pattern, false);
  return new Program(syntax, groups);
}

/** Patterns that have brought programs to a halt, and a piece of the text that did it. */
const EVIL: readonly [pattern: string, piece: string][] = [
  ['(a+)+$', 'a'],
  ['^(a+)+$', 'a'],
  ['(a|a)*b', 'a'],
  ['(a|aa)+$', 'a'],
  ['^(([a-z])+.)+[A-Z]([a-z])+$', 'a'],
  ['(x+x+)+y', 'x'],
  ['(.*a){12}', 'a'],
  ['(?:.+)+x', 'a'],
  ['^/(.+/)+x$', '/a'],
  ['([a-z]+[0-9]?)+!', 'a'],
  ['a*a*a*a*a*a*b', 'a'],
  ['.*.*=.*', 'x'],
  ['a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?aaaaaaaaaaaaaaaaaaaab', 'a'],
  ['(?:a|b|ab)*c', 'ab'],
  ['/*,/*$', '/'],
  ['^(?:/|/[^/]*)*x$', '/'],
  ['(?!(?:a+)+b)a', 'a'],
  ['^(?!.*.*.*b)', 'a'],
  ['[^/]*/[^/]*$', 'a'],
  ['/a(/|$)(.*)x', '/a/'],
  [`${'/'.repeat(400)}x`, '/'],
];

test('evil patterns take no more steps than one match may take, at the longest path', () => {
  for (const [pattern, piece] of EVIL) {
    const machine = new Machine(programOf(pattern));
    const text = `${piece.repeat(MAX_TEXT / piece.length - 1)}~`;
    try {
      machine.match(text);
    } catch (error) {
      assert.ok(error instanceof PatternCostError, String(error));
    }
    assert.ok(machine.steps <= MAX_STEPS + 1, `${pattern}: ${machine.steps}`);
    assert.equal(stepsPerByte(programOf(pattern)), undefined, `${pattern} is not linear in RegExp`);
  }
});

test('a text of usual length has its answer from evil patterns, too', () => {
  for (const [pattern, piece] of EVIL) {
    if (pattern.includes('(?!')) continue;
    const machine = new Machine(programOf(pattern));
    machine.match(`${piece.repeat(20)}~`);
  }
});

test('a text that is longer than any request has no answer', () => {
  const pattern = compilePattern('a|b*c');
  assert.equal(pattern.match('-'.repeat(100)), undefined);
  assert.throws(() => pattern.match('-'.repeat(MAX_TEXT + 1)), PatternCostError);
});

test('where linearity is proven, a search without memory stays within the proven steps', () => {
  const texts = fc.array(fc.constantFrom('a', 'b', '/', 'a/', 'ab', '1', '~'), { minLength: 20, maxLength: 40 });
  let proven = 0;
  fc.assert(
    fc.property(randomPattern, texts, fc.boolean(), (pattern, pieces, isRegular) => {
      let program: Program;
      try {
        program = programOf(pattern);
      } catch {
        return;
      }
      const steps = stepsPerByte(program);
      if (steps === undefined) return;
      proven += 1;
      // What costs most is mostly a row of one piece, then what ends it.
      const text = isRegular ? `${pieces[0]?.repeat(40)}${pieces[1]}` : pieces.join('');
      const most = steps * (text.length + 2);
      assert.ok(backtrackingSteps(program, text, most) <= most, text);
    }),
    { numRuns: 3000 },
  );
  assert.ok(proven > 500, `${proven} of the patterns are proven`);
});
