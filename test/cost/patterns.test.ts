/** Patterns come from tenants, and the first request that meets one pays for the choice of its engine. */
import { describe, it } from 'node:test';
import { compilePattern } from '../../src/routing/pattern/compile-pattern.ts';
import type { Pattern } from '../../src/routing/pattern/pattern.ts';
import { PatternCostError } from '../../src/routing/pattern/pattern-cost-error.ts';
import { assertAffordable } from './cost.ts';

/** As long as a path may be. */
const LONGEST = 8_000;

/** Patterns that have brought programs to a halt, a piece of the text that did it, and patterns of the usual kind. */
const PATTERNS: readonly (readonly [pattern: string, piece: string])[] = [
  ['(a+)+$', 'a'],
  ['^(([a-z])+.)+[A-Z]([a-z])+$', 'a'],
  ['(x+x+)+y', 'x'],
  ['(.*a){12}', 'a'],
  ['^/(.+/)+x$', '/a'],
  ['(?:a|b|ab)*c', 'ab'],
  ['(?!(?:a+)+b)a', 'a'],
  ['[^/]*/[^/]*$', 'a'],
  ['/a(/|$)(.*)x', '/a/'],
  ['^/api/v[0-9]+/([^/]*)/(.*)$', '/api/v1/'],
  ['^/(en|de|fr|it|es)/([a-z0-9-]+)/([a-z0-9-]+)/?$', '/en/abc/def'],
];

function match(pattern: Pattern, text: string): void {
  try {
    pattern.match(text);
  } catch (error) {
    if (!(error instanceof PatternCostError)) throw error;
  }
}

/** It is stopped at the most steps that a match may take: a few tenths of a millisecond. */
const KNOWN = compilePattern('(a+)+$');
const LONG = `${'a'.repeat(LONGEST)}~`;
const costliest = (): void => match(KNOWN, LONG);

/** What chooses is compiled by then, as the known match is: a choice in code that V8 interprets takes twice the time. */
const WARM_UP = 300;

describe('a pattern that was never used', () => {
  for (let count = 0; count < WARM_UP; count += 1) match(compilePattern(`^/(a|b)${count}/([^/]*)/(.*)x$`), LONG);

  for (const [pattern, piece] of PATTERNS) {
    const text = `${piece.repeat(LONGEST / piece.length)}~`;
    let count = 0;
    it(`${pattern} costs with its first text no more than a few matches of one that is known`, () =>
      assertAffordable(
        pattern,
        () => {
          count += 1;
          // Another one each time: V8 knows the RegExps that it has compiled.
          match(compilePattern(`${pattern}|never${count}`), text);
        },
        costliest,
        { time: 8, memory: 512 },
      ));
  }
});
