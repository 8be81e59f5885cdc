import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { crc32c } from '../../../../src/dataplane/transport/proxy-protocol/crc32c.ts';
import { NO_HEADER } from '../../../../src/dataplane/transport/proxy-protocol/proxy-header.ts';
import { readProxyHeader } from '../../../../src/dataplane/transport/proxy-protocol/read-proxy-header.ts';
import fc from '../../../support/property.ts';
import { bitwiseCrc32c, checkedHeader, type Field, field, SIGNATURE, v2Header } from './headers.ts';

const BEHIND = 'GET / HTTP/1.1\r\n\r\n';

/** Reads bytes that stand in a buffer whose rest is what others left there. */
function read(bytes: Buffer | string, left = '\n\r\n') {
  const own = Buffer.from(bytes as string, 'latin1');
  return readProxyHeader(Buffer.concat([own, Buffer.from(left)]), own.length);
}

/** Of the client; undefined for a header without. */
function sourceOf(header: Buffer | string): string | undefined {
  const own = Buffer.from(header as string, 'latin1');
  for (const bytes of [own, Buffer.concat([own, Buffer.from(BEHIND)])]) {
    const outcome = read(bytes);
    assert.ok(typeof outcome === 'object', `${outcome}: ${header.toString('latin1')}`);
    assert.equal(outcome.size, own.length);
  }
  // However it is cut.
  for (let size = 0; size < own.length; size += 1) assert.equal(read(own.subarray(0, size)), undefined, `at ${size}`);
  return (read(own) as { source: string | undefined }).source;
}

function faultOf(header: Buffer | string): string {
  const outcome = read(header);
  assert.equal(typeof outcome, 'string', `${header.toString('latin1')}: ${JSON.stringify(outcome)}`);
  return outcome as string;
}

describe('version 1', () => {
  it('has the address of the client', () => {
    assert.equal(sourceOf('PROXY TCP4 192.0.2.7 198.51.100.1 4711 80\r\n'), '192.0.2.7');
    assert.equal(sourceOf('PROXY TCP4 255.255.255.255 0.0.0.0 65535 0\r\n'), '255.255.255.255');
    assert.equal(sourceOf('PROXY TCP6 2001:db8::7 ::1 4711 443\r\n'), '2001:db8::7');
    const longest = 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff';
    assert.equal(sourceOf(`PROXY TCP6 ${longest} ${longest} 65535 65535\r\n`), longest);
  });

  it('has addresses in one form, as routes, limits and logs compare them', () => {
    assert.equal(sourceOf('PROXY TCP6 2001:DB8:0:0:0:0:0:7 ::1 1 2\r\n'), '2001:db8::7');
    assert.equal(sourceOf('PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2\r\n'), '192.0.2.7');
    assert.equal(sourceOf('PROXY TCP6 ::ffff:c000:207 ::1 1 2\r\n'), '192.0.2.7');
  });

  it('of an unknown client says nothing, whatever else stands there', () => {
    assert.equal(sourceOf('PROXY UNKNOWN\r\n'), undefined);
    assert.equal(sourceOf('PROXY UNKNOWN ffff:f...f:ffff 192.0.2.7 99999 x\r\n'), undefined);
    assert.equal(sourceOf(`PROXY UNKNOWN ${'x'.repeat(91)}\r\n`), undefined);
  });

  for (const line of [
    'PROXY TCP4 192.0.2.7 198.51.100.1 4711\r\n',
    'PROXY TCP4 192.0.2.7 198.51.100.1 4711 80 \r\n',
    'PROXY TCP4 192.0.2.7 198.51.100.1 4711 80 1\r\n',
    'PROXY TCP4  192.0.2.7 198.51.100.1 4711 80\r\n',
    'PROXY  TCP4 192.0.2.7 198.51.100.1 4711 80\r\n',
    'PROXY\tTCP4 192.0.2.7 198.51.100.1 4711 80\r\n',
    'PROXY TCP4 192.0.2.07 198.51.100.1 4711 80\r\n',
    'PROXY TCP4 192.0.2 198.51.100.1 4711 80\r\n',
    'PROXY TCP4 192.0.2.256 198.51.100.1 4711 80\r\n',
    'PROXY TCP4 0xc0.0.2.7 198.51.100.1 4711 80\r\n',
    'PROXY TCP4 ::1 ::1 4711 80\r\n',
    'PROXY TCP4 192.0.2.7 ::1 4711 80\r\n',
    'PROXY TCP6 192.0.2.7 198.51.100.1 4711 80\r\n',
    'PROXY TCP6 fe80::1%eth0 ::1 4711 80\r\n',
    'PROXY TCP6 ::1 fe80::1%eth0 4711 80\r\n',
    'PROXY TCP6 2001:db8:::7 ::1 4711 80\r\n',
    'PROXY TCP4 192.0.2.7 198.51.100.1 04711 80\r\n',
    'PROXY TCP4 192.0.2.7 198.51.100.1 65536 80\r\n',
    'PROXY TCP4 192.0.2.7 198.51.100.1 +1 80\r\n',
    'PROXY TCP4 192.0.2.7 198.51.100.1 -1 80\r\n',
    'PROXY TCP4 192.0.2.7 198.51.100.1 1e3 80\r\n',
    'PROXY TCP4 192.0.2.7 198.51.100.1  80\r\n',
    'PROXY TCP5 192.0.2.7 198.51.100.1 4711 80\r\n',
    'PROXY tcp4 192.0.2.7 198.51.100.1 4711 80\r\n',
    'PROXY UDP4 192.0.2.7 198.51.100.1 4711 80\r\n',
    'PROXY unknown\r\n',
    'PROXY UNKNOWNX\r\n',
    'PROXY \r\n',
    'PROXY TCP4 192.0.2.7\0 198.51.100.1 4711 80\r\n',
  ]) {
    it(`${JSON.stringify(line)} is refused`, () => {
      assert.match(faultOf(line), /^the (?:line is not PROXY|connection does not begin)/);
    });
  }

  it('a CR or an LF alone ends no line', () => {
    const line = 'PROXY TCP4 192.0.2.7 198.51.100.1 4711 80';
    for (const end of ['\n', '\n\r\n', '\rX', '\r\r\n', '\r\0\n']) {
      assert.equal(faultOf(line + end), 'the line does not end in CR LF', JSON.stringify(end));
    }
    assert.equal(faultOf('PROXY UNKNOWN a\nb\r\n'), 'the line does not end in CR LF');
  });

  it('is refused when no line ends within 107 bytes', () => {
    const fill = (size: number): string => `PROXY UNKNOWN ${'x'.repeat(size - 14)}`;
    assert.equal(sourceOf(`${fill(105)}\r\n`), undefined);
    for (const line of [`${fill(106)}\r\n`, fill(107), fill(10_000)]) {
      assert.equal(faultOf(line), 'the line is longer than 107 bytes');
    }
    assert.equal(read(fill(106)), undefined);
    assert.equal(read(`${fill(105)}\r`), undefined);
  });
});

describe('version 2', () => {
  const inet6 = (source: string): Buffer => Buffer.concat([Buffer.from(source, 'hex'), Buffer.alloc(20)]);

  it('has the address of the client', () => {
    assert.equal(sourceOf(v2Header()), '192.0.2.7');
    const addresses = inet6('20010db8000000000000000000000007');
    assert.equal(sourceOf(v2Header({ familyAndTransport: 0x21, addresses })), '2001:db8::7');
  });

  it('has an IPv4-mapped address as IPv4', () => {
    const addresses = inet6('00000000000000000000ffffc0000207');
    assert.equal(sourceOf(v2Header({ familyAndTransport: 0x21, addresses })), '192.0.2.7');
  });

  it('of the sender’s own connection says nothing, whatever else stands there', () => {
    assert.equal(sourceOf(v2Header({ versionAndCommand: 0x20, addresses: Buffer.alloc(0) })), undefined);
    const junk = { versionAndCommand: 0x20, familyAndTransport: 0xff, addresses: Buffer.from('not at all fields') };
    assert.equal(sourceOf(v2Header(junk)), undefined);
  });

  it('of a client of no family, or of a unix socket, says nothing', () => {
    assert.equal(sourceOf(v2Header({ familyAndTransport: 0, addresses: Buffer.from('anything') })), undefined);
    assert.equal(sourceOf(v2Header({ familyAndTransport: 0x31, addresses: Buffer.alloc(216, 'x') })), undefined);
  });

  it('may have fields, known or not', () => {
    const fields: Field[] = [
      { type: 1, value: Buffer.from('h2') },
      { type: 2, value: Buffer.from('a.example') },
      { type: 4, value: Buffer.alloc(0) },
      { type: 5, value: Buffer.alloc(128) },
      { type: 0x20, value: Buffer.concat([Buffer.alloc(5), field({ type: 0x21, value: Buffer.from('TLSv1.3') })]) },
      { type: 0x30, value: Buffer.from('netns') },
      { type: 0xea, value: Buffer.from('\x01vpce-1') },
    ];
    assert.equal(sourceOf(v2Header({ fields })), '192.0.2.7');
    assert.equal(sourceOf(checkedHeader(fields)), '192.0.2.7');
  });

  it('with a checksum is held to it: each bit counts', () => {
    const header = checkedHeader([{ type: 4, value: Buffer.from('padding') }]);
    assert.equal(sourceOf(header), '192.0.2.7');
    // Behind signature, version, family and length: those have faults of their own.
    for (let bit = 16 * 8; bit < header.length * 8; bit += 1) {
      const changed = Buffer.from(header);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      const outcome = read(changed);
      const place = (bit >> 3) - 28;
      // In the head of a field, a type that is not the checksum's is not checked any more.
      const isUnchecked = place >= 10 && place < 13;
      if (!isUnchecked) assert.equal(typeof outcome, 'string', `bit ${bit}`);
    }
  });

  const faults: readonly [what: string, header: Buffer, fault: RegExp][] = [
    ['version 1 in binary', v2Header({ versionAndCommand: 0x11 }), /^version 1/],
    ['version 3', v2Header({ versionAndCommand: 0x31 }), /^version 3/],
    ['command 2', v2Header({ versionAndCommand: 0x22 }), /^command 2/],
    ['family 4', v2Header({ familyAndTransport: 0x41 }), /^address family 4/],
    ['a datagram', v2Header({ familyAndTransport: 0x12 }), /^transport 2/],
    ['no transport', v2Header({ familyAndTransport: 0x10 }), /^transport 0/],
    ['addresses cut short', v2Header({ length: 11 }), /^the addresses/],
    ['IPv4 addresses as IPv6', v2Header({ familyAndTransport: 0x21 }), /^the addresses/],
    ['more than 4096 bytes', v2Header({ length: 4081 }), /^the header is longer/],
    ['the longest length', v2Header({ length: 0xffff }), /^the header is longer/],
    ['the longest length of LOCAL', v2Header({ versionAndCommand: 0x20, length: 0xffff }), /^the header is longer/],
    ['a field without its length', v2Header({ addresses: Buffer.alloc(14) }), /^a field is cut/],
    [
      'a field beyond the header',
      v2Header({ addresses: Buffer.concat([Buffer.alloc(12), Buffer.from('040001', 'hex')]) }),
      /^a field is cut/,
    ],
    ['a checksum of 3 bytes', v2Header({ fields: [{ type: 3, value: Buffer.alloc(3) }] }), /^the checksum is not/],
    ['a checksum that is wrong', v2Header({ fields: [{ type: 3, value: Buffer.alloc(4) }] }), /^the checksum is wrong/],
    ['a unique id of 129 bytes', v2Header({ fields: [{ type: 5, value: Buffer.alloc(129) }] }), /^the unique id/],
    ['SSL of 4 bytes', v2Header({ fields: [{ type: 0x20, value: Buffer.alloc(4) }] }), /^the field SSL/],
    ['a field within SSL cut short', v2Header({ fields: [{ type: 0x20, value: Buffer.alloc(7) }] }), /^the field SSL/],
  ];
  for (const [what, header, fault] of faults) {
    it(`${what} is refused`, () => assert.match(faultOf(header), fault));
  }

  it('a second checksum is refused: the first one would cover it', () => {
    const header = checkedHeader([{ type: 3, value: Buffer.alloc(4) }]);
    assert.match(faultOf(header), /^the checksum/);
  });

  it('is refused as soon as it is longer than any may be, before the rest of it comes', () => {
    assert.match(faultOf(v2Header({ length: 0xffff }).subarray(0, 16)), /^the header is longer/);
  });
});

it('what does not begin like a header is none, from its first byte on that differs', () => {
  for (const bytes of [
    'G',
    'GET / HTTP/1.1\r\n',
    'PROXX',
    'proxy TCP4',
    '\r\nGET /',
    '\x16\x03\x01',
    '\0',
    'PRI * HTTP/2.0',
  ]) {
    assert.equal(read(bytes), NO_HEADER, JSON.stringify(bytes));
  }
  for (let size = 0; size < SIGNATURE.length; size += 1) {
    assert.equal(read(SIGNATURE.subarray(0, size)), undefined);
    assert.equal(read(Buffer.concat([SIGNATURE.subarray(0, size), Buffer.from('~')])), NO_HEADER);
  }
});

it('CRC-32C is that of RFC 3720, and of the one written bit by bit', () => {
  assert.equal(crc32c(Buffer.alloc(32), 32, 32), 0x8a9136aa);
  assert.equal(crc32c(Buffer.from('123456789'), 9, 9), 0xe3069283);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      assert.equal(crc32c(bytes, bytes.length, bytes.length), bitwiseCrc32c(Buffer.from(bytes)));
    }),
  );
});

const address = fc.oneof(
  fc.ipV4().map(ip => ['TCP4', ip, '198.51.100.1', ip] as const),
  fc.uint8Array({ minLength: 16, maxLength: 16 }).map(bytes => {
    const hex = Buffer.from(bytes).toString('hex').match(/.{4}/g) as string[];
    return ['TCP6', hex.join(':'), '::1', new URL(`http://[${hex.join(':')}]`).hostname.slice(1, -1)] as const;
  }),
);
const port = fc.nat(0xffff);

it('any address that is written comes back, in its canonical form', () => {
  fc.assert(
    fc.property(address, port, port, ([family, source, destination, canonical], from, to) => {
      // Where it is one of IPv4, the URL writes it in hexadecimal groups.
      fc.pre(!canonical.startsWith('::ffff:'));
      const outcome = read(`PROXY ${family} ${source} ${destination} ${from} ${to}\r\n`);
      assert.deepEqual(outcome, {
        size: outcome === undefined ? 0 : (outcome as { size: number }).size,
        source: canonical,
      });
    }),
  );
});

it('any bytes behind any beginning are read to an end, within the limits, and the same however they are cut', () => {
  const beginning = fc.constantFrom(
    Buffer.from('PROXY TCP4 '),
    Buffer.from('PROXY UNKNOWN'),
    SIGNATURE,
    v2Header().subarray(0, 16),
    v2Header(),
    checkedHeader(),
    Buffer.alloc(0),
  );
  const mutated = fc
    .tuple(beginning, fc.array(fc.tuple(fc.nat(300), fc.nat(255)), { maxLength: 4 }), fc.uint8Array({ maxLength: 300 }))
    .map(([head, changes, rest]) => {
      const bytes = Buffer.concat([head, rest]);
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
      return bytes;
    });
  fc.assert(
    fc.property(mutated, fc.nat(400), (bytes, cut) => {
      const whole = readProxyHeader(bytes, bytes.length);
      const part = readProxyHeader(bytes, Math.min(cut, bytes.length));
      if (part !== undefined) assert.deepEqual(part, whole, 'more bytes changed what was decided');
      if (typeof whole === 'object') assert.ok(whole.size <= bytes.length && whole.size <= 4096);
      if (whole === undefined) assert.ok(bytes.length < 4096);
    }),
    { numRuns: 20_000 },
  );
});
