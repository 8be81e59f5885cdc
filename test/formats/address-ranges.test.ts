import assert from 'node:assert/strict';
import { BlockList, isIP } from 'node:net';
import { test } from 'node:test';
import { FormatError } from '../../src/errors.ts';
import { AddressRanges, unmapAddress } from '../../src/formats/address-ranges.ts';
import fc from '../support/property.ts';

test('an address is in the ranges that hold it', () => {
  const ranges = new AddressRanges(['10.0.0.0/8', '192.0.2.7', 'fd00::/8', '2001:db8::1']);
  const table: [address: string, isIn: boolean][] = [
    ['10.0.0.0', true],
    ['10.255.255.255', true],
    ['11.0.0.0', false],
    ['192.0.2.7', true],
    ['192.0.2.8', false],
    ['fd12::1', true],
    ['fe00::1', false],
    ['2001:db8::1', true],
    ['2001:db8::2', false],
    // A dual-stack listener's way of writing IPv4.
    ['::ffff:10.1.2.3', true],
    ['::ffff:11.1.2.3', false],
    // A link-local peer comes with its interface.
    ['fe80::1%eth0', false],
    ['', false],
    ['unknown', false],
    ['10.0.0.1:80', false],
    ['10.0.0', false],
  ];
  for (const [address, isIn] of table) assert.equal(ranges.has(address), isIn, address);
});

test('no ranges hold nothing, and zero bits hold everything of a family', () => {
  assert.equal(new AddressRanges([]).isEmpty, true);
  assert.equal(new AddressRanges([]).has('127.0.0.1'), false);
  const all = new AddressRanges(['0.0.0.0/0']);
  assert.equal(all.isEmpty, false);
  assert.equal(all.has('203.0.113.9'), true);
  assert.equal(all.has('2001:db8::1'), false);
});

test('holds the addresses that node:net says, for any ranges', () => {
  const part = fc.constantFrom(0, 1, 9, 10, 127, 128, 254, 255);
  const ipv4 = fc.tuple(part, part, part, part).map(parts => parts.join('.'));
  const ipv6 = fc.tuple(part, part, part).map(([a, b, c]) => `${a.toString(16)}:${b.toString(16)}::${c.toString(16)}`);
  const mapped = fc.tuple(part, part).map(([a, b]) => `::ffff:${a}.${b}.0.1`);
  const other = fc.constantFrom(
    '::ffff:a00:1',
    '010.0.0.1',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '1..2.3',
    '1.2.3.',
    '٣.1.1.1',
  );
  const range = fc.oneof(
    fc.tuple(ipv4, fc.integer({ min: 0, max: 32 })),
    fc.tuple(ipv6, fc.integer({ min: 0, max: 128 })),
    fc.tuple(mapped, fc.integer({ min: 0, max: 128 })),
  );
  fc.assert(
    fc.property(fc.array(range, { maxLength: 12 }), fc.array(fc.oneof(ipv4, ipv6, mapped, other)), (ranges, asked) => {
      const list = new BlockList();
      for (const [address, bits] of ranges) list.addSubnet(address, bits, isIP(address) === 6 ? 'ipv6' : 'ipv4');
      const tested = new AddressRanges(ranges.map(([address, bits]) => `${address}/${bits}`));
      for (const address of [...asked, ...ranges.map(([one]) => one)]) {
        const plain = unmapAddress(address);
        const family = isIP(plain);
        const expected = family !== 0 && list.check(plain, family === 6 ? 'ipv6' : 'ipv4');
        assert.equal(tested.has(address), expected, `${address} in ${JSON.stringify(ranges)}`);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('a range that cannot be read is named in the refusal', () => {
  for (const bad of [
    '10.0.0.0/33',
    'fd00::/129',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '10.0.0/8',
    'example.com',
    '',
    '/8',
  ]) {
    assert.throws(
      () => new AddressRanges(['127.0.0.1', bad]),
      (error: unknown) => error instanceof FormatError && error.message.includes(`"${bad}"`),
      bad,
    );
  }
});

test('membership of IPv4 ranges agrees with arithmetic', () => {
  const number = fc.integer({ min: 0, max: 2 ** 32 - 1 });
  const dotted = (value: number) => [24, 16, 8, 0].map(shift => (value >>> shift) & 255).join('.');
  fc.assert(
    fc.property(number, number, fc.integer({ min: 0, max: 32 }), (network, address, bits) => {
      const size = 2 ** (32 - bits);
      const expected = Math.floor(network / size) === Math.floor(address / size);
      assert.equal(new AddressRanges([`${dotted(network)}/${bits}`]).has(dotted(address)), expected);
    }),
  );
});

test('only IPv4 written as IPv6 is unmapped', () => {
  assert.equal(unmapAddress('::ffff:192.0.2.1'), '192.0.2.1');
  for (const address of ['192.0.2.1', '::1', '::ffff:0:1', 'fd00::ffff:1'])
    assert.equal(unmapAddress(address), address);
});
