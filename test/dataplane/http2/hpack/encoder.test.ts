import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HpackEncoder } from '../../../../src/dataplane/http2/hpack/encoder.ts';
import fc from '../../../support/property.ts';
import { entriesOf, fieldsOf, newDecoder } from './fields.ts';

const encoder = new HpackEncoder();

function blockOf(write: () => void): Buffer {
  encoder.begin();
  write();
  return Buffer.from(encoder.bytes.subarray(0, encoder.size));
}

test('a status is one byte where the table has it', () => {
  assert.equal(blockOf(() => encoder.status(200)).toString('hex'), '88');
  const other = blockOf(() => encoder.status(418));
  assert.deepEqual(fieldsOf(newDecoder(), other), [[':status', '418']]);
});

test('pseudo-fields are indexes where the table has their value, and literals with its name elsewhere', () => {
  const block = blockOf(() => {
    encoder.pseudo(':method', 'POST');
    encoder.pseudo(':scheme', 'http');
    encoder.pseudo(':path', '/a');
    encoder.pseudo(':authority', '');
  });
  assert.equal(block.toString('hex'), '8386' + '04022f61' + '0100');
});

test('header lines become fields with names in lower case and values without blanks around them', () => {
  const block = blockOf(() => encoder.lines('Content-Type:text/html\r\nX-Own: \t a  b \t\r\nEmpty:\r\nblank: \r\n'));
  assert.deepEqual(fieldsOf(newDecoder(), block), [
    ['content-type', 'text/html'],
    ['x-own', 'a  b'],
    ['empty', ''],
    ['blank', ''],
  ]);
});

test('fields enter no table', () => {
  const decoder = newDecoder();
  const block = blockOf(() => encoder.lines('a: 1\r\ndate: 2\r\ncookie: 3\r\n'));
  fieldsOf(decoder, block);
  assert.throws(() => fieldsOf(decoder, Buffer.from([0xbe])));
});

test('secrets, and what its sender marked, are never indexed', () => {
  const block = blockOf(() => {
    encoder.lines('Cookie: a\r\nset-cookie: b\r\nAuthorization: c\r\nproxy-authorization: d\r\ndate: e\r\n');
    encoder.field('x-token', 'f', true);
    encoder.field('x-open', 'g', false);
    encoder.lines('x-any: h\r\n', true);
  });
  assert.deepEqual(
    entriesOf(newDecoder(), block).map(entry => entry.isNeverIndexed),
    [true, true, true, true, false, true, false, true],
  );
});

const latin1 = (alphabet: RegExp, maxLength: number): fc.Arbitrary<string> =>
  fc.string({
    unit: fc
      .nat(255)
      .map(code => String.fromCharCode(code))
      .filter(character => alphabet.test(character)),
    maxLength,
  });

test('what is encoded is decoded to the same, whatever its size', () => {
  const limits = { bytes: 2 ** 24, fields: 2 ** 24 };
  const name = latin1(/[a-z0-9!#$%&'*+.^_`|~-]/, 300).filter(text => text !== '');
  const value = latin1(/[\t -~\x80-\xff]/, 9000).map(text => text.replace(/^[ \t]+|[ \t]+$/g, ''));
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 20 }), fields => {
      const decoder = newDecoder(4096, limits);
      const asFields = blockOf(() => {
        for (const [fieldName, fieldValue] of fields) encoder.field(fieldName, fieldValue, false);
      });
      const asLines = blockOf(() =>
        encoder.lines(fields.map(([fieldName, fieldValue]) => `${fieldName}: ${fieldValue}\r\n`).join('')),
      );
      assert.deepEqual(fieldsOf(decoder, asFields), fields);
      assert.deepEqual(fieldsOf(decoder, asLines), fields);
      assert.ok(entriesOf(decoder, asLines).every(entry => entry.isValid));
    }),
  );
});
