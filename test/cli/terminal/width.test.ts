import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutToWidth, displayWidth, padToWidth, wrapToWidth } from '../../../src/cli/terminal/width.ts';
import fc from '../../support/property.ts';

test('wide characters take two columns, combining ones none', () => {
  const table: [text: string, width: number][] = [
    ['', 0],
    ['/volume', 7],
    ['é', 1],
    ['e\u0301', 1],
    ['漢字', 4],
    ['한국어', 6],
    ['ひらがなカタカナ', 16],
    ['ｶﾀｶﾅ', 4],
    ['ＡＢ', 4],
    ['。', 2],
    ['😀', 2],
    ['–…·', 3],
    ['Ελλάς привет', 12],
  ];
  for (const [text, width] of table) assert.equal(displayWidth(text), width, text);
});

test('a text is cut with an ellipsis, never within a wide character, with its accents', () => {
  assert.equal(cutToWidth('/volume', 7), '/volume');
  assert.equal(cutToWidth('/volume', 6), '/volu…');
  assert.equal(cutToWidth('漢字漢字', 6), '漢字…');
  assert.equal(cutToWidth('e\u0301e\u0301e\u0301', 2), 'e\u0301…');
  assert.equal(cutToWidth('ab', 1), '…');
  assert.equal(cutToWidth('ab', 0), '');
});

test('padding counts columns', () => {
  assert.equal(padToWidth('漢', 4), '漢  ');
  assert.equal(padToWidth('abc', 2), 'abc');
});

test('sentences are continued between words, long words within', () => {
  assert.deepEqual(wrapToWidth('write a whole number', 8), ['write a', 'whole', 'number']);
  assert.deepEqual(wrapToWidth('write a whole', 7), ['write a', 'whole']);
  assert.deepEqual(wrapToWidth('aaaaaa bb', 3), ['aaa', 'aaa', 'bb']);
  assert.deepEqual(wrapToWidth('', 3), ['']);
});

const text = fc.string({ unit: fc.constantFrom('a', ' ', '漢', 'e\u0301', '😀', '/') });

test('nothing is wider than it may be, and wrapping loses only spaces', () => {
  fc.assert(
    fc.property(text, fc.integer({ min: 2, max: 20 }), (value, width) => {
      assert.ok(displayWidth(cutToWidth(value, width)) <= width);
      const lines = wrapToWidth(value, width);
      for (const line of lines) assert.ok(displayWidth(line) <= width, line);
      assert.equal(lines.join('').replaceAll(' ', ''), value.replaceAll(' ', ''));
    }),
  );
});
