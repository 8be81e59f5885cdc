import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMPRESSION_ERROR, Http2Error } from '../../../../src/dataplane/http2/frames.ts';
import type { HpackEntry } from '../../../../src/dataplane/http2/hpack/entry.ts';
import { entriesOf, fieldsOf, hex, LIMITS, literal, newDecoder } from './fields.ts';

const BROKEN: readonly (readonly [what: string, block: string])[] = [
  ['index 0', '80'],
  ['an index behind the static table, with nothing in the dynamic one', 'be'],
  ['an index far behind', 'ff80 80 80 08'],
  ['a name of index 62, with nothing in the dynamic table', '7e00'],
  ['a string that is cut off', '0005 61'],
  ['a name without a value', '0001 61'],
  ['an integer that is cut off', 'ff'],
  ['an integer of 6 continuation bytes', 'ff80 8080 8080 01'],
  ['an integer beyond 2^31-1', 'ff81 ffff ff07'],
  ['a length beyond the block', '0001 617f ffff ff07'],
  ['a size of the table beyond our setting', '3fe2 1f'],
  ['a size of the table behind a field', '8220'],
  ['padding that is not ones', '0001 6181 18'],
  ['a byte of padding', '0001 6182 1fff'],
  ['padding alone', '0001 6181 ff'],
  ['EOS', '0001 6184 ffff ffff'],
  ['EOS between symbols', '0001 6185 1fff ffff fc'],
  ['a long code that is cut off', '0001 6182 fffe'],
];

for (const [what, block] of BROKEN) {
  test(`${what} ends the connection`, () => {
    assert.throws(
      () => fieldsOf(newDecoder(), hex(block)),
      (error: unknown) => error instanceof Http2Error && error.code === COMPRESSION_ERROR,
    );
  });
}

test('integers with needless bytes are taken, and empty strings', () => {
  assert.deepEqual(fieldsOf(newDecoder(), hex('0f04 00 0001 6100')), [
    ['accept', ''],
    ['a', ''],
  ]);
});

test('sizes of the table change before the fields, and evict', () => {
  const decoder = newDecoder();
  fieldsOf(decoder, Buffer.concat([hex('40'), literal('a'), literal('1')]));
  assert.deepEqual(fieldsOf(decoder, hex('3fe1 1fbe')), [['a', '1']]);
  assert.deepEqual(fieldsOf(decoder, hex('20 3fe1 1f82')), [[':method', 'GET']]);
  assert.throws(() => fieldsOf(decoder, hex('be')), Http2Error);
});

test('a field that is larger than the table empties it', () => {
  const decoder = newDecoder(64);
  fieldsOf(decoder, Buffer.concat([hex('40'), literal('a'), literal('1')]));
  const large = 'x'.repeat(40);
  assert.deepEqual(fieldsOf(decoder, Buffer.concat([hex('40'), literal('b'), literal(large)])), [['b', large]]);
  assert.throws(() => fieldsOf(decoder, hex('be')), Http2Error);
});

test('a name outlives the entry that it is taken from', () => {
  const decoder = newDecoder(64);
  fieldsOf(decoder, Buffer.concat([hex('40'), literal('name'), literal('1')]));
  const block = Buffer.concat([hex('7e'), literal('a value that needs all of the room')]);
  assert.deepEqual(fieldsOf(decoder, block), [['name', 'a value that needs all of the room']]);
});

test('a block beyond the limits is decoded to its end, so that the table stays in step', () => {
  const decoder = newDecoder();
  const taken: HpackEntry[] = [];
  const field = (entry: HpackEntry): void => void taken.push(entry);
  const many = Buffer.concat([
    Buffer.alloc(LIMITS.fields + 1, 0x82),
    hex('40'),
    literal('late'),
    literal('1'),
    hex('00'),
    literal('x'),
    literal('2'),
  ]);
  assert.equal(decoder.decode(many, 0, many.length, { field }), false);
  assert.equal(taken.length, LIMITS.fields);
  assert.deepEqual(fieldsOf(decoder, hex('be')), [['late', '1']]);
});

test('references to a large field count as often as they come', () => {
  const decoder = newDecoder();
  const value = 'x'.repeat(3000);
  const large = Buffer.concat([hex('40 01 61 7f b9 16'), Buffer.from(value)]);
  assert.deepEqual(fieldsOf(decoder, large), [['a', value]]);
  const bomb = Buffer.alloc(16 * 1024, 0xbe);
  let taken = 0;
  const isWithin = decoder.decode(bomb, 0, bomb.length, {
    field: () => {
      taken += 1;
    },
  });
  assert.deepEqual([isWithin, taken], [false, Math.floor(LIMITS.bytes / (3000 + 1 + 32))]);
});

test('an entry says what its field means', () => {
  const cases: readonly (readonly [name: string, value: string, isValid: boolean])[] = [
    ['x-plain', 'a b\tc\u00fc', true],
    ['x-empty', '', true],
    ['X-Capital', '1', false],
    ['', '1', false],
    [':', '1', false],
    ['a b', '1', false],
    ['a:b', '1', false],
    ['\u212a'.normalize('NFKC') === 'K' ? 'k\u00ff' : '', '1', false],
    ['x', 'a\rb', false],
    ['x', 'a\nb', false],
    ['x', 'a\0', false],
    ['x', 'a\x7f', false],
    ['x', ' a', false],
    ['x', 'a\t', false],
    [':path', '/\r\n', false],
  ];
  for (const [name, value, isValid] of cases) {
    const [entry] = entriesOf(newDecoder(), Buffer.concat([hex('00'), literal(name), literal(value)]));
    assert.deepEqual(
      [entry?.name, entry?.value, entry?.isValid, entry?.size, entry?.line],
      [name, value, isValid, name.length + value.length + 32, `${name}: ${value}\r\n`],
      JSON.stringify([name, value]),
    );
  }
});

test('a bad value says nothing about the next field with its name', () => {
  const decoder = newDecoder();
  const block = Buffer.concat([hex('40'), literal('x'), literal('a\0'), hex('7e'), literal('b')]);
  assert.deepEqual(
    entriesOf(decoder, block).map(entry => entry.isValid),
    [false, true],
  );
});
