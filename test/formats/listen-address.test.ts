import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FormatError } from '../../src/errors.ts';
import { formatListenAddress, parseListenAddress } from '../../src/formats/listen-address.ts';
import fc from '../support/property.ts';

test('addresses to listen on are read', () => {
  const table: [text: string, host: string, port: number][] = [
    ['0.0.0.0:8080', '0.0.0.0', 8080],
    ['127.0.0.1:0', '127.0.0.1', 0],
    [':8080', '0.0.0.0', 8080],
    ['[::]:8080', '::', 8080],
    ['[::1]:65535', '::1', 65535],
    [' 127.0.0.1:80 ', '127.0.0.1', 80],
  ];
  for (const [text, host, port] of table) assert.deepEqual(parseListenAddress(text), { host, port }, text);
});

test('names, missing ports, bare IPv6 and ports out of range are refused', () => {
  const bad = [
    '',
    '8080',
    'localhost:80',
    '127.0.0.1',
    '127.0.0.1:',
    '127.0.0.1:65536',
    '127.0.0.1:-1',
    '127.0.0.1:80x',
  ];
  for (const text of [
    ...bad,
    '::1:80',
    '[127.0.0.1]:80',
    '[]:80',
    '[::1]',
    '256.0.0.1:80',
    '1.2.3:80',
    '127.0.0.1:123456',
  ]) {
    assert.throws(() => parseListenAddress(text), FormatError, text);
  }
});

test('every address written can be read back', () => {
  const address = fc.record(
    { host: fc.oneof(fc.ipV4(), fc.ipV6()), port: fc.integer({ min: 0, max: 65_535 }) },
    { noNullPrototype: true },
  );
  fc.assert(fc.property(address, value => assert.deepEqual(parseListenAddress(formatListenAddress(value)), value)));
});
