import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FormatError } from '../../../src/errors.ts';
import { compilePattern } from '../../../src/routing/pattern/compile-pattern.ts';
import { Machine } from '../../../src/routing/pattern/machine.ts';
import { parsePattern } from '../../../src/routing/pattern/parser.ts';
import type { Captures, PatternOptions } from '../../../src/routing/pattern/pattern.ts';
import { engineFor } from '../../../src/routing/pattern/pattern-engine.ts';
import { Program } from '../../../src/routing/pattern/program.ts';
import { RegExpPattern } from '../../../src/routing/pattern/regexp-pattern.ts';
import { StringPattern } from '../../../src/routing/pattern/string-pattern.ts';
import fc from '../../support/property.ts';
import { randomPattern, randomText } from './random-pattern.ts';

function regExpMatch(pattern: RegExp, text: string): Captures | undefined {
  return pattern.exec(text)?.map(capture => capture ?? '');
}

/** The machine alone, for patterns that would otherwise be string code or RegExp. */
function machineFor(pattern: string): Machine {
  const { syntax, groups } = parsePattern(pattern, false);
  return new Machine(new Program(syntax, groups));
}

/** Random patterns that are not refused. */
const acceptedPattern = randomPattern.filter(pattern => {
  try {
    compilePattern(pattern);
    return true;
  } catch {
    return false;
  }
});

test('a pattern matches as RegExp does, captures included', () => {
  fc.assert(
    fc.property(acceptedPattern, fc.array(randomText, { minLength: 10, maxLength: 10 }), (pattern, texts) => {
      const compiled = compilePattern(pattern);
      const machine = machineFor(pattern);
      const regExp = new RegExp(pattern, 's');
      for (const text of texts) {
        const expected = regExpMatch(regExp, text);
        assert.deepEqual(compiled.match(text), expected, text);
        assert.deepEqual(machine.match(text), expected, text);
      }
    }),
    { numRuns: 1500 },
  );
});

test('a pattern that ignores case, or is anchored, matches as RegExp does', () => {
  const anyOptions: fc.Arbitrary<PatternOptions> = fc.record(
    { ignoresCase: fc.boolean(), anchor: fc.constantFrom('start' as const, 'whole' as const) },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(acceptedPattern, anyOptions, randomText, (pattern, options, text) => {
      const written = { start: `^(?:${pattern})`, whole: `^(?:${pattern})$`, none: pattern }[options.anchor ?? 'none'];
      const expected = regExpMatch(new RegExp(written, options.ignoresCase ? 'si' : 's'), text);
      assert.deepEqual(compilePattern(pattern, options).match(text), expected);
    }),
    { numRuns: 500 },
  );
});

test('the usual shapes are string code, what is linear is RegExp, and the machine runs the rest', () => {
  const table: [pattern: string, kind: typeof StringPattern | typeof RegExpPattern | typeof Machine][] = [
    ['^/foo', StringPattern],
    ['^/foo$', StringPattern],
    ['^/(.*)$', StringPattern],
    ['/foo(/|$)(.*)', StringPattern],
    ['/api(?:/|$)(.*)', StringPattern],
    ['/api/?(.*)', StringPattern],
    ['/?(.*)', StringPattern],
    ['/foo/.*', StringPattern],
    ['.*', StringPattern],
    ['^/id/[0-9]+$', RegExpPattern],
    ['/id/[0-9]+', RegExpPattern],
    ['^/foo(/(.*))?$', RegExpPattern],
    ['^/(v1|v2|beta)/(.*)\\.php$', RegExpPattern],
    ['^(.*)/x$', RegExpPattern],
    ['/x/((?!_internal).*)', Machine],
    ['/posts/?{.*}/comments', Machine],
    ['a*b', Machine],
    // A row of slashes is not compared again at each slash of a longer one.
    [`${'/'.repeat(40)}$`, RegExpPattern],
    [`${'/'.repeat(400)}$`, Machine],
  ];
  for (const [pattern, kind] of table) {
    const { syntax, groups } = parsePattern(pattern, false);
    assert.equal(engineFor(syntax, groups).constructor, kind, pattern);
  }
});

test('what PCRE means is meant', () => {
  const table: [pattern: string, text: string, captures: Captures | undefined][] = [
    ['/x/((?!_internal).*)', '/x/_internal/y', undefined],
    ['/x/((?!_internal).*)', '/x/y', ['/x/y', 'y']],
    ['/posts/?{.*}/comments', '/posts/{7}/comments', ['/posts/{7}/comments']],
    // A closing bracket that stands first is a character.
    ['[]a]+', 'x]a]', [']a]']],
    ['[^]a]+', ']xy]', ['xy']],
    ['^/[[:digit:]x]+', '/1x2y', ['/1x2']],
    ['[[:^alpha:]]', 'ab1', ['1']],
    ['\\A/a\\z', '/a', ['/a']],
    ['^/a\\Z', '/ab', undefined],
    ['\\Q/a.b(\\E(x)', '/a.b(x', ['/a.b(x', 'x']],
    ['\\Q/a.b\\E', '/aab', undefined],
    ['(?P<first>a)(?<second>b)', 'ab', ['ab', 'a', 'b']],
    ['(?i)/ABC', '/abc', ['/abc']],
    ['/a(?i:bc)d', '/aBCd', ['/aBCd']],
    ['/a(?i:bc)d', '/aBCD', undefined],
    ['\\x2f\\x{41}', '/A', ['/A']],
    ['(a)?b', 'b', ['b', '']],
    // A group that repeats has captured its last round.
    ['(?:/([a-z]))+', '/a/b', ['/a/b', 'b']],
    ['.', '\r', ['\r']],
    ['\\s', '\xa0', undefined],
    ['[\\w.-]+', '/a-b.c', ['a-b.c']],
  ];
  for (const [pattern, text, captures] of table)
    assert.deepEqual(compilePattern(pattern).match(text), captures, pattern);
});

test('only letters of ASCII have two cases, as in nginx', () => {
  const pattern = compilePattern('^[^\\x00-\\x7f]k$', { ignoresCase: true });
  assert.deepEqual(pattern.match('\xe9K'), ['\xe9K']);
  assert.equal(compilePattern('\\xe9', { ignoresCase: true }).match('\xc9'), undefined);
});

test('a pattern that cannot be taken is refused with its reason', () => {
  const table: [pattern: string, reason: RegExp][] = [
    ['', /^pattern "", character 1: it is empty: write \.\*/],
    ['a'.repeat(513), /more than 512 characters/],
    ['/(a', /character 2: the group has no end/],
    ['/a)', /character 3: no group is open/],
    ['/[a', /no closing bracket/],
    ['/[z-a]', /wrong way round/],
    ['/[a-\\d]', /write the - last/],
    ['/[\\w-.]', /write the - last/],
    ['/[[:nope:]]', /no such class/],
    ['*a', /a repetition of nothing/],
    ['a|+', /a repetition of nothing/],
    ['a{,3}', /a repetition of nothing: write \{0,3\}/],
    ['{2}', /a repetition of nothing/],
    ['a{3,2}', /takes no number of times/],
    ['a{0}', /takes no number of times/],
    ['a{256}', /255 at most/],
    ['a++', /possessive/],
    ['(a*)*', /\(a\*\) may match nothing/],
    ['(a|b?)+', /may match nothing/],
    ['^*', /may match nothing/],
    ['((a)|b)+', /a group that it may leave out/],
    ['(a)\\1', /refers back to a group/],
    ['(?<=a)b', /looking behind/],
    ['(?<!a)b', /looking behind/],
    ['(?>a)', /\(\?> is not supported/],
    ['(?#a)', /\(\?# is not supported/],
    ['(?R)', /\(\?R is not supported/],
    ['(*UTF8)a', /verbs of PCRE/],
    ['a(?i)b', /write \(\?i:…\) for a part/],
    ['(?=(a))', /a group in a look-ahead/],
    ['\\Ka', /\\K is not supported/],
    ['\\p', /\\p is not supported/],
    ['\\0', /\\0 is not supported/],
    ['a\\', /a backslash at the end/],
    ['\\xg', /two hexadecimal digits/],
    ['\\Qabc', /\\Q has no \\E/],
    ['/é', /write %C3%A9 for é/],
    ['/\n', /only printable ASCII/],
    ['()()()()()()()()()()', /more than 9 groups/],
    [`${'(?:'.repeat(21)}a${')'.repeat(21)}`, /more than 20 deep/],
    ['((a{255}){255}){255}', /too large/],
    ['(?:a{20}){26}', /too large/],
  ];
  for (const [pattern, reason] of table) {
    assert.throws(
      () => compilePattern(pattern),
      (error: unknown) => error instanceof FormatError && reason.test(error.message),
      `${pattern}: ${reason}`,
    );
  }
});

test('any text compiles or is refused, never anything else', () => {
  const byte = fc.constantFrom(...'()[]{}?*+|\\^$.-:=!<>P0123,abQE/é#');
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 24 }), characters => {
      try {
        compilePattern(characters.join('')).match('/ab/0');
      } catch (error) {
        assert.ok(error instanceof FormatError, String(error));
      }
    }),
    { numRuns: 3000 },
  );
});
