import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PortState } from '../../../src/model/gateway-port.ts';
import {
  condition,
  gateway,
  HTTP,
  https,
  listenerConditions,
  listenerSet,
  readOne,
  statusOf,
  type World,
} from './scene.ts';

describe('what is listened on', () => {
  test('listeners of one port are one', () => {
    const listeners = [
      { ...HTTP, hostname: 'a.example' },
      { ...HTTP, name: 'any' },
      { ...HTTP, name: 'other', port: 8080 },
      https({ hostname: '*.example' }),
      https({ name: 'bytes', protocol: 'TLS', hostname: 'bytes.example' }),
      { name: 'through', port: 443, protocol: 'TLS', hostname: 'through.example', tls: { mode: 'Passthrough' } },
    ];
    const { ports } = readOne({ gateways: [gateway(listeners)] });
    const listener = (name: string, hostname: string, serves = 'http', certificates: string[] = []) => ({
      name: `infra/gateway/${name}`,
      hostname,
      serves,
      certificates,
    });
    assert.deepEqual(ports, [
      {
        id: '192.0.2.1:80',
        listen: { host: '192.0.2.1', port: 80 },
        publicPort: 80,
        transport: 'plain',
        listeners: [listener('http', 'a.example'), listener('any', '')],
      },
      {
        id: '192.0.2.1:8080',
        listen: { host: '192.0.2.1', port: 8080 },
        publicPort: 8080,
        transport: 'plain',
        listeners: [listener('other', '')],
      },
      {
        id: '192.0.2.1:443',
        listen: { host: '192.0.2.1', port: 443 },
        publicPort: 443,
        transport: 'tls',
        listeners: [
          listener('https', '*.example', 'http', ['certificate']),
          listener('bytes', 'bytes.example', 'bytes', ['certificate']),
          listener('through', 'through.example', 'passthrough'),
        ],
      },
    ]);
  });

  test('an IPv6 address has brackets', () => {
    const { ports } = readOne({ gateways: [gateway()], addresses: ['2001:db8::1'] });
    assert.deepEqual([ports[0]?.id, ports[0]?.listen.host], ['[2001:db8::1]:80', '2001:db8::1']);
  });

  test('a port whose listeners are all bad is not there', () => {
    const listeners = [HTTP, https({}, { name: 'missing' })];
    assert.deepEqual(
      readOne({ gateways: [gateway(listeners)] }).ports.map(({ publicPort }) => publicPort),
      [80],
    );
  });

  test('certificates are there once, and only those that are served', () => {
    const listeners = [
      https({ hostname: 'a.example' }),
      https({ name: 'b', hostname: 'b.example' }),
      https({ name: 'bad', hostname: 'c.example', tls: { mode: 'Other', certificateRefs: [{ name: 'certificate' }] } }),
    ];
    const { certificates } = readOne({ gateways: [gateway(listeners)] });
    assert.deepEqual(
      certificates.map(({ id }) => id),
      ['certificate'],
    );
  });
});

describe('the condition Programmed', () => {
  const LISTENERS = [HTTP, { ...HTTP, name: 'other', port: 8080 }];
  const IN_USE: PortState = { state: 'failed', code: 'EADDRINUSE', why: 'another program has it' };
  const NO_ADDRESS: PortState = { state: 'failed', code: 'EADDRNOTAVAIL', why: 'this machine has no such address' };
  const OPENING: PortState = { state: 'opening' };
  const cases: readonly [string, PortState | undefined, string, string][] = [
    ['listened on', { state: 'listening' }, 'True Programmed', 'True Programmed'],
    ['not known yet', undefined, 'False Pending', 'False Pending'],
    ['being opened', OPENING, 'False Pending', 'False Pending'],
    ['in use', IN_USE, 'False PortUnavailable', 'False PortUnavailable'],
    ['of an address that the machine does not have', NO_ADDRESS, 'False AddressNotUsable', 'False AddressNotUsable'],
  ];
  for (const [what, state, ofListener, ofGateway] of cases) {
    test(`of a port ${what}`, () => {
      const world: World = {
        gateways: [gateway({ listeners: LISTENERS, allowedListeners: { namespaces: { from: 'Same' } } })],
        listenerSets: [
          listenerSet([{ ...HTTP, name: 'a', hostname: 'a.example' }], { name: 'good' }),
          listenerSet([{ ...HTTP, name: 'a', port: 8080, hostname: 'a.example' }], { name: 'bad' }),
        ],
        portState: port => (port.endsWith(':8080') ? state : { state: 'listening' }),
      };
      const status = statusOf('Gateway', world);
      assert.equal(listenerConditions(status, 'http').Programmed, 'True Programmed');
      assert.equal(listenerConditions(status, 'other').Programmed, ofListener);
      assert.equal(condition(status.conditions, 'Programmed'), ofGateway);
      assert.equal(condition(status.conditions, 'Accepted'), 'True Accepted');
      const sets = ['good', 'bad'].map(name => statusOf('ListenerSet', world, name).conditions);
      assert.deepEqual(
        sets.map(conditions => condition(conditions, 'Programmed')),
        ['True Programmed', ofGateway],
      );
    });
  }

  test('a failure is told before what is being opened, with its reason in words', () => {
    const world: World = {
      gateways: [gateway(LISTENERS)],
      portState: port => (port.endsWith(':8080') ? IN_USE : OPENING),
    };
    const programmed = statusOf('Gateway', world).conditions.find(({ type }) => type === 'Programmed');
    assert.equal(programmed?.message, '192.0.2.1:8080 cannot be listened on: another program has it');
  });
});
