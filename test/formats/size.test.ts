import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FormatError } from '../../src/errors.ts';
import { formatSize, parseSize } from '../../src/formats/size.ts';
import fc from '../support/property.ts';

test('sizes are read into bytes, in nginx’s units and either case', () => {
  const table: [text: string, bytes: number][] = [
    ['0', 0],
    ['0m', 0],
    ['512', 512],
    ['8k', 8_192],
    ['8K', 8_192],
    ['10m', 10_485_760],
    ['1g', 1_073_741_824],
    ['1G', 1_073_741_824],
    [' 1k ', 1_024],
  ];
  for (const [text, bytes] of table) assert.equal(parseSize(text), bytes, text);
});

test('what is no size is refused', () => {
  for (const text of ['', '-1', '1.5m', '10mb', '10 m', 'm', '1t', '0x10', '1e3', '1k1']) {
    assert.throws(() => parseSize(text), FormatError, JSON.stringify(text));
  }
});

test('a size beyond exact arithmetic is refused', () => {
  assert.throws(() => parseSize('999999999999999g'), /too large/);
  assert.throws(() => parseSize('9999999999999999'), FormatError);
});

test('sizes are written in the largest unit that holds them exactly', () => {
  const table: [bytes: number, text: string][] = [
    [0, '0'],
    [1, '1'],
    [1_023, '1023'],
    [1_024, '1k'],
    [1_536, '1536'],
    [10_485_760, '10m'],
    [1_073_741_824, '1g'],
  ];
  for (const [bytes, text] of table) assert.equal(formatSize(bytes), text);
});

test('every size written can be read back', () => {
  const anySize = fc.oneof(
    fc.integer({ min: 0, max: 999_999_999_999_999 }),
    fc
      .tuple(fc.integer({ min: 0, max: 4_096 }), fc.constantFrom(1_024, 1_024 ** 2, 1_024 ** 3))
      .map(([n, unit]) => n * unit),
  );
  fc.assert(fc.property(anySize, bytes => parseSize(formatSize(bytes)) === bytes));
});
