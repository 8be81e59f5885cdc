import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { listElements, parametersOf } from '../../../src/formats/http/list.ts';
import fc from '../../support/property.ts';

const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,6}$/);
/** RFC 9110 section 5.6.4, commas, semicolons and escapes among what it holds. */
const quotedString = fc
  .array(fc.constantFrom('a', ',', ';', ' ', '\t', '\xe4', '\\"', '\\\\', '\\,', '='), { maxLength: 6 })
  .map(parts => `"${parts.join('')}"`);
const blanks = fc.constantFrom('', ' ', '\t', ' \t ');
const parameter = fc
  .tuple(token, blanks, blanks, fc.oneof(token, quotedString))
  .map(([name, before, after, value]) => `;${before}${name}=${after}${value}`.replace(/= +/, '='));
const element = fc
  .tuple(fc.oneof(token, quotedString), fc.array(parameter, { maxLength: 2 }))
  .map(([first, parameters]) => first + parameters.join(''));

/** RFC 9110 section 5.6.1.2, as a recipient must read it: `#element => [ element ] *( OWS "," OWS [ element ] )`. */
const list = fc.array(fc.tuple(blanks, fc.option(element, { nil: '' }), blanks), { minLength: 1, maxLength: 6 });

describe('lists', () => {
  it('elements are what the grammar says, whatever stands in quoted strings', () => {
    fc.assert(
      fc.property(list, items => {
        const value = items.map(item => item.join('')).join(',');
        const expected = items.map(([, text]) => text).filter(text => text !== '');
        assert.deepEqual(listElements(value), expected);
      }),
      { numRuns: 2_000 },
    );
  });

  it('any text whose quotes are closed is cut where a tokenizer of the grammar cuts it', () => {
    const closed = /^(?:[^"]|"(?:[^"\\]|\\.)*")*$/s;
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', ',', '"', '\\', ' ', '\t', '\xa0', ';'), maxLength: 12 }),
        text => {
          fc.pre(closed.test(text));
          const pieces = text.match(/(?:[^",]|"(?:[^"\\]|\\.)*")+/gs) ?? [];
          const expected = pieces.map(piece => piece.replace(/^[ \t]+|[ \t]+$/g, '')).filter(piece => piece !== '');
          assert.deepEqual(listElements(text), expected);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('a quote that is never closed hides no comma', () => {
    assert.deepEqual(listElements('"a, b'), ['"a', 'b']);
    assert.deepEqual(listElements('x, "a\\", b'), ['x', '"a\\"', 'b']);
  });

  it('a header line of nothing but quotes and escapes is read in one pass', () => {
    const hostile = `"${'\\"'.repeat(200_000)}`;
    assert.deepEqual(listElements(hostile), [hostile]);
  });

  for (const [element, expected] of [
    ['trailers', [['trailers', '']]],
    [
      'TimeOut = 5 ; Max="1;0"',
      [
        ['timeout', '5'],
        ['max', '1;0'],
      ],
    ],
    [
      'a;b="c\\"d"',
      [
        ['a', ''],
        ['b', 'c"d'],
      ],
    ],
    ['x="unclosed', [['x', '"unclosed']]],
  ] as const) {
    it(`the parts of ${element}`, () => {
      assert.deepEqual(
        parametersOf(element).map(({ name, value }) => [name, value]),
        expected,
      );
    });
  }
});
