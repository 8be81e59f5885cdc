import assert from 'node:assert/strict';
import { it } from 'node:test';
import { clientNetwork } from '../../src/formats/client-network.ts';
import fc from '../support/property.ts';

it('a client is an IPv4 address, or the /64 of an IPv6 one, however it is written', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:192.0.2.7', '192.0.2.7'],
    ['::ffff:c000:207', '192.0.2.7'],
    ['0:0:0:0:0:ffff:c000:0207', '192.0.2.7'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:0DB8:0000:0000:ffff:ffff:ffff:ffff', '2001:db8:0:0::/64'],
    ['2001:db8:0:1::', '2001:db8:0:1::/64'],
    ['2001:db8:1::192.0.2.7', '2001:db8:1:0::/64'],
    ['1:2:3:4:5:6:192.0.2.7', '1:2:3:4::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ];
  for (const [address, network] of cases) assert.equal(clientNetwork(address), network, address);
});

it('a network is the same for every form of an address', () => {
  const anyGroups = fc.array(fc.oneof(fc.constant(0), fc.nat({ max: 0xffff })), { minLength: 8, maxLength: 8 });
  fc.assert(
    fc.property(anyGroups, groups => {
      const full = groups.map(group => group.toString(16).padStart(4, '0')).join(':');
      const short = new URL(`http://[${full}]`).hostname.slice(1, -1);
      const [a = 0, b = 0, c = 0, d = 0, e, f] = groups;
      if (a + b + c + d === 0 && e === 0 && f === 0xffff) return;
      const network = `${[a, b, c, d].map(group => group.toString(16)).join(':')}::/64`;
      for (const form of [full, short, full.toUpperCase()]) assert.equal(clientNetwork(form), network, form);
    }),
  );
});
