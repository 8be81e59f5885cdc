import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FormatError } from '../../src/errors.ts';
import { parseJson } from '../../src/formats/json.ts';
import fc from '../support/property.ts';

test('JSON is parsed as JSON.parse does', () => {
  fc.assert(fc.property(fc.json(), text => assert.deepEqual(parseJson(text), JSON.parse(text))));
});

test('what is no JSON is refused with the reason of the parser', () => {
  for (const text of ['', '{', '["a]', '"\\', '[1,]', '\ufeff[]', ']]]]']) {
    assert.throws(
      () => parseJson(text),
      (error: unknown) => error instanceof FormatError && /^is not JSON: /.test(error.message),
      text,
    );
  }
});

test('lists and objects nest up to 200 deep; brackets in strings do not count', () => {
  const nested = (depth: number) => `${'[{"a":'.repeat(depth / 2)}1${'}]'.repeat(depth / 2)}`;
  assert.ok(parseJson(nested(200)));
  assert.throws(() => parseJson(nested(202)), /^FormatError: is more than 200 levels deep$/);
  assert.ok(parseJson(`["${'['.repeat(1000)}", "\\"${'{'.repeat(1000)}", "\\\\", {}]`));
});

test('a text holds up to two million values', () => {
  assert.throws(() => parseJson(`[${'[],'.repeat(1_000_001)}1]`), /^FormatError: holds more than 2000000 values$/);
  assert.throws(() => parseJson('[1,'.repeat(10) + '1,'.repeat(2_000_000)), /holds more than 2000000 values$/);
  assert.ok(parseJson(`["${','.repeat(3_000_000)}"]`));
});
