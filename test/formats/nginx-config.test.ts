import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FormatError } from '../../src/errors.ts';
import { type NginxDirective, parseNginxConfig } from '../../src/formats/nginx-config.ts';
import fc from '../support/property.ts';

/** Directives as words; a block as a list. */
type Words = (string | Words)[];

function wordsOf(directives: readonly NginxDirective[]): Words[] {
  return directives.map(({ name, words, block }) => [
    name,
    ...words.map(({ text }) => text),
    ...(block === undefined ? [] : [wordsOf(block)]),
  ]);
}

describe('parseNginxConfig', () => {
  /** What nginx 1.22 makes of the same text is what stands here: its source, ngx_conf_read_token(), says so. */
  const TABLE: readonly [text: string, directives: Words[]][] = [
    ['', []],
    ['# a comment\n  \t\r\n', []],
    ['a b c;', [['a', 'b', 'c']]],
    ['a;b;', [['a'], ['b']]],
    ['add_header X "a b; c" always;', [['add_header', 'X', 'a b; c', 'always']]],
    ['a \'b "c"\';', [['a', 'b "c"']]],
    ['a "b \\"c\\" \\t\\n \\. \\\\";', [['a', 'b "c" \t\n \\. \\']]],
    ['a b\\ c;', [['a', 'b\\ c']]],
    ['a b#c; # d', [['a', 'b#c']]],
    [`a $\{b}c$d;`, [['a', `$\{b}c$d`]]],
    ['if ($a = b) { return 403; }', [['if', '($a', '=', 'b)', [['return', '403']]]]],
    ['if ($a ~ "x y"){return 403;}', [['if', '($a', '~', 'x y', ')', [['return', '403']]]]],
    [
      'location /a{b c;d{e;}}',
      [
        [
          'location',
          '/a',
          [
            ['b', 'c'],
            ['d', [['e']]],
          ],
        ],
      ],
    ],
    ['a\n  b\n  c;', [['a', 'b', 'c']]],
    ['"a" b;', [['a', 'b']]],
    ['a "";', [['a', '']]],
  ];
  for (const [text, directives] of TABLE) {
    it(`reads ${JSON.stringify(text)}`, () => assert.deepEqual(wordsOf(parseNginxConfig(text)), directives));
  }

  it('knows the line of each directive', () => {
    const lines = parseNginxConfig('a;\n\nb\n c;\n# d\nif ($x) {\n  e;\n}').map(({ line, block }) => [
      line,
      block?.[0]?.line,
    ]);
    assert.deepEqual(lines, [
      [1, undefined],
      [3, undefined],
      [6, 7],
    ]);
  });

  const BAD: readonly [text: string, line: number, what: RegExp][] = [
    ['a b', 1, /no ; at its end/],
    ['a;\nb }', 2, /no ; at its end/],
    ['a;\n"b', 2, /quote " has no end/],
    ["a;\nb 'c;\nd;", 2, /quote ' has no end/],
    ['a "b"c;', 1, /behind the closing quote/],
    ['a { b;', 1, /no closing }/],
    ['a; }', 1, /a } too many/],
    [';', 1, /a ; too many/],
    ['{}', 1, /a { too many/],
    ['a \\', 1, /backslash at the end/],
    [`${'a{'.repeat(1_000)}`, 1, /more than 4 deep/],
    ['a;'.repeat(501), 1, /more than 500 directives/],
    [`a ${'b '.repeat(200)};`, 1, /more than 100 words/],
  ];
  for (const [text, line, what] of BAD) {
    it(`refuses ${JSON.stringify(text).slice(0, 40)}`, () => {
      assert.throws(
        () => parseNginxConfig(text),
        (error: unknown) =>
          error instanceof FormatError && error.message.startsWith(`line ${line}: `) && what.test(error.message),
      );
    });
  }

  it('refuses a text of a mebibyte at once', () => {
    assert.throws(() => parseNginxConfig('a;'.repeat(512 * 1_024)), FormatError);
  });

  it('reads any text, or says why not', () => {
    const pieces = fc.constantFrom(
      'a',
      ' ',
      '\n',
      ';',
      '{',
      '}',
      '"',
      "'",
      '\\',
      '$',
      '#',
      '(',
      ')',
      '${',
      '\u00e9',
      '\0',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 60 }), parts => {
        try {
          parseNginxConfig(parts.join(''));
        } catch (error) {
          assert.ok(error instanceof FormatError, String(error));
        }
      }),
    );
  });
});
