import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quote } from '../../src/text/quote.ts';
import fc from '../support/property.ts';

test('plain text is put in quotes and otherwise left alone', () => {
  assert.equal(quote('/volume,/pv'), '"/volume,/pv"');
  assert.equal(quote('café'), '"café"');
});

test('quotes, line ends, controls and half characters are escaped', () => {
  assert.equal(quote('a"b\\c'), '"a\\"b\\\\c"');
  assert.equal(quote('a\r\nb'), '"a\\r\\nb"');
  assert.equal(quote('\x1b[31m\x7f\x9b'), '"\\u001b[31m\\u007f\\u009b"');
  assert.equal(quote('\ud800'), '"\\ud800"');
});

test('of a long text the beginning is shown, and its length', () => {
  assert.equal(quote('a'.repeat(256)), `"${'a'.repeat(256)}"`);
  assert.equal(quote('a'.repeat(1e6)), `"${'a'.repeat(256)}"… (1000000 characters)`);
});

test('any text stays on one line and can be read back', () => {
  const units = fc.constantFrom('a', '"', '\\', '\n', '\r', '\x1b', '\x7f', '\x85', '\u2028', '\ud800', '😀');
  fc.assert(
    fc.property(fc.string({ unit: units }), text => {
      assert.doesNotMatch(quote(text), /[\x00-\x1f\x7f-\x9f\u2028\u2029]/);
      assert.equal(JSON.parse(quote(text)), text);
    }),
  );
});
