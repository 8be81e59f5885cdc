import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { GatewayKinds } from '../../../src/resources/gateway/gateway-object.ts';
import { condition, gateway, type Names, readAll, statusesOf, statusOf, type World } from './scene.ts';

const POOL = ['192.0.2.1', '192.0.2.2', '2001:db8::1'];

/** @param asked values of addresses, or addresses */
function asking(name: string, asked: readonly (string | object)[] = [], names: Names = {}): GatewayKinds['Gateway'] {
  const addresses = asked.map(one => (typeof one === 'string' ? { type: 'IPAddress', value: one } : one));
  return gateway({ addresses }, { name, ...names });
}

function at(year: number): string {
  return `${year}-01-01T00:00:00Z`;
}

function having(address: string): unknown {
  return { addresses: [{ type: 'IPAddress', value: address }] };
}

/** By Gateway, its address. */
function assigned(gateways: readonly GatewayKinds['Gateway'][], addresses = POOL): Record<string, string | undefined> {
  const readings = readAll({ gateways, addresses });
  return Object.fromEntries(
    readings.map(reading => [reading.gateway.metadata.name, reading.addressing.addresses[0]?.value]),
  );
}

function conditionsOf(world: World, name: string): (string | undefined)[] {
  const { conditions } = statusOf('Gateway', { addresses: POOL, ...world }, name);
  return ['Accepted', 'Programmed'].map(type => condition(conditions, type));
}

describe('addresses from the pool', () => {
  test('the oldest Gateway gets the first', () => {
    const gateways = [
      asking('b', [], { createdAt: at(2026) }),
      asking('c', [], { createdAt: at(2025) }),
      asking('a', [], { createdAt: at(2026) }),
    ];
    assert.deepEqual(assigned(gateways), { c: '192.0.2.1', a: '192.0.2.2', b: '2001:db8::1' });
    assert.deepEqual(assigned([...gateways].reverse()), assigned(gateways));
  });

  test('the Gateway that has one keeps it, when an older one comes or goes', () => {
    const kept = asking('kept', [], { createdAt: at(2025), status: having('192.0.2.2') });
    assert.deepEqual(assigned([kept]), { kept: '192.0.2.2' });
    const older = asking('older', [], { createdAt: at(2024) });
    assert.deepEqual(assigned([kept, older]), { older: '192.0.2.1', kept: '192.0.2.2' });
  });

  test('of two whose statuses name one address, the older one keeps it', () => {
    const [older, newer] = [2024, 2025].map(year =>
      asking(String(year), [], { createdAt: at(year), status: having('192.0.2.2') }),
    );
    assert.ok(older !== undefined && newer !== undefined);
    assert.deepEqual(assigned([newer, older]), { 2024: '192.0.2.2', 2025: '192.0.2.1' });
  });

  test('a status may say anything', () => {
    for (const status of [
      null,
      7,
      'x',
      [],
      { addresses: {} },
      { addresses: [null, 7, { value: 7 }, { value: 'x' }] },
    ]) {
      assert.deepEqual(assigned([asking('one', [], { status })]), { one: '192.0.2.1' });
    }
  });

  test('where there are more Gateways than addresses, the newest have none and say so', () => {
    const gateways = [2024, 2025].map(year => asking(String(year), [], { createdAt: at(year) }));
    const world = { gateways, addresses: ['192.0.2.1'] };
    assert.deepEqual(conditionsOf(world, '2024'), ['True Accepted', 'True Programmed']);
    assert.deepEqual(conditionsOf(world, '2025'), ['True Accepted', 'False AddressNotAssigned']);
    assert.deepEqual(conditionsOf({ gateways, addresses: [] }, '2024'), ['True Accepted', 'False AddressNotAssigned']);
    const [, second] = readAll(world);
    assert.deepEqual([second?.ports, second?.listeners[0]?.portId], [[], undefined]);
    assert.deepEqual(
      second?.diagnostics.map(({ severity, reason }) => `${severity} ${reason}`),
      ['refused AddressNotAssigned'],
    );
  });
});

describe('addresses that a Gateway asks for', () => {
  const unknown = { type: 'example.com/fake', value: 'a' };

  test('an unknown type is refused, an address that cannot be had is told, and one that can is served', () => {
    const steps = [[unknown, '198.51.100.1', '192.0.2.2'], ['198.51.100.1', '192.0.2.2'], ['192.0.2.2']];
    const worlds = steps.map(asked => ({ gateways: [asking('one', asked)] }));
    assert.deepEqual(
      worlds.map(world => conditionsOf(world, 'one')),
      [
        ['False UnsupportedAddress', 'False Invalid'],
        ['True Accepted', 'False AddressNotUsable'],
        ['True Accepted', 'True Programmed'],
      ],
    );
    const [status] = statusesOf({ ...worlds[2], addresses: POOL });
    assert.ok(status?.status.kind === 'Gateway');
    assert.deepEqual(status.status.addresses, [{ type: 'IPAddress', value: '192.0.2.2' }]);
  });

  test('an address without a value is any', () => {
    const gateways = [asking('one', [{ type: 'IPAddress' }])];
    assert.deepEqual(assigned(gateways), { one: '192.0.2.1' });
    assert.deepEqual(conditionsOf({ gateways }, 'one'), ['True Accepted', 'True Programmed']);
  });

  test('one that is asked for is not given to others', () => {
    const gateways = [
      asking('older', [], { createdAt: at(2024) }),
      asking('newer', ['192.0.2.1'], { createdAt: at(2025) }),
    ];
    assert.deepEqual(assigned(gateways), { older: '192.0.2.2', newer: '192.0.2.1' });
  });

  test('is not taken from a Gateway that has it', () => {
    const gateways = [
      asking('older', ['192.0.2.1'], { createdAt: at(2024) }),
      asking('newer', [], { createdAt: at(2025), status: having('192.0.2.1') }),
    ];
    assert.deepEqual(assigned(gateways), { older: undefined, newer: '192.0.2.1' });
    assert.deepEqual(conditionsOf({ gateways }, 'older'), ['True Accepted', 'False AddressNotUsable']);
  });

  test('a Gateway that asks for another one than it has moves', () => {
    const gateways = [asking('one', ['192.0.2.2'], { status: having('192.0.2.1') })];
    assert.deepEqual(assigned(gateways), { one: '192.0.2.2' });
  });

  test('of two Gateways that ask for one, the older one gets it', () => {
    const gateways = [2025, 2024].map(year => asking(String(year), ['192.0.2.2'], { createdAt: at(year) }));
    assert.deepEqual(assigned(gateways), { 2024: '192.0.2.2', 2025: undefined });
    assert.deepEqual(conditionsOf({ gateways }, '2025'), ['True Accepted', 'False AddressNotUsable']);
  });

  test('an IPv6 address may be written in any way', () => {
    assert.deepEqual(assigned([asking('one', ['2001:DB8:0:0:0:0:0:1'])]), { one: '2001:db8::1' });
  });

  test('a second one is not to be had', () => {
    const gateways = [asking('one', ['192.0.2.2', '192.0.2.1'])];
    assert.deepEqual(assigned(gateways), { one: '192.0.2.2' });
    assert.deepEqual(conditionsOf({ gateways }, 'one'), ['True Accepted', 'False AddressNotUsable']);
  });

  test('what is no address cannot be used, and what stands twice is refused', () => {
    assert.deepEqual(conditionsOf({ gateways: [asking('one', ['example'])] }, 'one'), [
      'True Accepted',
      'False AddressNotUsable',
    ]);
    assert.deepEqual(conditionsOf({ gateways: [asking('one', ['192.0.2.1', '192.0.2.1'])] }, 'one'), [
      'False Invalid',
      'False Invalid',
    ]);
  });
});
