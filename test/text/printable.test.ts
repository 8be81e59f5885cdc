import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPrintable, printable, printableLines } from '../../src/text/printable.ts';
import fc from '../support/property.ts';

/** All that a terminal obeys or that hides what a text says. */
const OBEYED = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

test('controls, format characters and halves of pairs are written as escapes', () => {
  const table: [text: string, shown: string][] = [
    ['a\x1b[31mb\nc\x9b\u2028é', 'a\\u001b[31mb\\u000ac\\u009b\\u2028é'],
    ['\0\t\r\x7f', '\\u0000\\u0009\\u000d\\u007f'],
    // Bidirectional overrides, which show a text in another order than it has; invisible characters; a tag.
    ['a\u202eb\u2066\u200b\ufeff', 'a\\u202eb\\u2066\\u200b\\ufeff'],
    ['\u{e0041}', '\\udb40\\udc41'],
    ['\ud800', '\\ud800'],
    ['漢字 😀 é e\u0301', '漢字 😀 é e\u0301'],
  ];
  for (const [text, shown] of table) assert.equal(printable(text), shown);
});

test('nothing that a terminal obeys is left of any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      assert.doesNotMatch(printable(text), OBEYED);
      assert.doesNotMatch(printableLines(text).replaceAll(/[\t\n]/g, ''), OBEYED);
      assert.equal(isPrintable(text), printableLines(text) === text);
    }),
  );
});

test('JSON that was made printable is the same value', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), value => {
      const text = printableLines(JSON.stringify(value, undefined, 2));
      assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
    }),
  );
});
