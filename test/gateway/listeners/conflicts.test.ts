import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { GatewayKinds } from '../../../src/resources/gateway/gateway-object.ts';
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

const PASSTHROUGH = { name: 'passthrough', port: 443, protocol: 'TLS', tls: { mode: 'Passthrough' } };
const LOST = {
  hostname: ['False HostnameConflict', 'False HostnameConflict', 'True HostnameConflict'],
  protocol: ['False ProtocolConflict', 'False ProtocolConflict', 'True ProtocolConflict'],
  nothing: ['True Accepted', 'True Programmed', 'False NoConflicts'],
};

function conditionsOf(
  world: World,
  kind: 'Gateway' | 'ListenerSet',
  name: string,
  of?: string,
): (string | undefined)[] {
  const { Accepted, Programmed, Conflicted } = listenerConditions(statusOf(kind, world, of), name);
  return [Accepted, Programmed, Conflicted];
}

describe('listeners of one Gateway', () => {
  const cases: readonly [string, readonly object[], Readonly<Record<string, keyof typeof LOST>>][] = [
    [
      'are told apart by hostname',
      [
        { ...HTTP, hostname: 'a.example' },
        { ...HTTP, name: 'b', hostname: 'b.example' },
        { ...HTTP, name: 'star', hostname: '*.example' },
        { ...HTTP, name: 'any' },
      ],
      { http: 'nothing', b: 'nothing', star: 'nothing', any: 'nothing' },
    ],
    [
      'have no winner where they share a hostname',
      [
        { ...HTTP, hostname: 'a.example' },
        { ...HTTP, name: 'b', hostname: 'a.example' },
        { ...HTTP, name: 'any' },
      ],
      { http: 'hostname', b: 'hostname', any: 'nothing' },
    ],
    [
      'share no port with HTTP where they have TLS',
      [HTTP, https({ port: 80 }), { ...HTTP, name: 'other', port: 81 }],
      { http: 'protocol', https: 'protocol', other: 'nothing' },
    ],
    [
      'with HTTPS share a port with passthrough of other hosts',
      [https({ hostname: 'a.example' }), { ...PASSTHROUGH, hostname: 'b.example' }],
      { https: 'nothing', passthrough: 'nothing' },
    ],
    [
      'with HTTPS share no host with passthrough',
      [https({ hostname: 'a.example' }), { ...PASSTHROUGH, hostname: 'a.example' }],
      { https: 'hostname', passthrough: 'hostname' },
    ],
    [
      'of an unknown protocol are in no one else’s way',
      [HTTP, { ...HTTP, name: 'tcp', protocol: 'TCP' }, { ...HTTP, name: 'udp', protocol: 'UDP' }],
      { http: 'nothing' },
    ],
    [
      'of another port are told apart',
      [HTTP, { ...HTTP, name: 'other', port: 8080 }],
      { http: 'nothing', other: 'nothing' },
    ],
  ];
  for (const [what, listeners, expected] of cases) {
    test(what, () => {
      const world = { gateways: [gateway(listeners)] };
      for (const [name, lost] of Object.entries(expected)) {
        assert.deepEqual(conditionsOf(world, 'Gateway', name), LOST[lost], name);
      }
      const served = readOne(world).ports.flatMap(port => port.listeners.map(({ name }) => name.split('/').at(-1)));
      const winners = Object.keys(expected).filter(name => expected[name] === 'nothing');
      assert.deepEqual(new Set(served), new Set(winners));
    });
  }

  test('that all clash leave nothing to serve', () => {
    const world = { gateways: [gateway([HTTP, { ...HTTP, name: 'b' }])] };
    const { conditions } = statusOf('Gateway', world);
    assert.equal(condition(conditions, 'Accepted'), 'False ListenersNotValid');
    assert.deepEqual(
      readOne(world).diagnostics.map(({ severity, reason }) => `${severity} ${reason}`),
      ['refused ListenersNotValid', 'conflict HostnameConflict', 'conflict HostnameConflict'],
    );
  });
});

describe('listeners of ListenerSets', () => {
  const OPEN = { allowedListeners: { namespaces: { from: 'Same' } } };
  const set = (name: string, year: number, listeners: readonly object[]): GatewayKinds['ListenerSet'] =>
    listenerSet(listeners, { name, createdAt: `${year}-01-01T00:00:00Z` });

  for (const [reason, clash] of [
    ['hostname', (name: string) => ({ ...HTTP, name, hostname: `${name}.example` })],
    ['protocol', (name: string) => https({ name, port: name === 'with-gateway' ? 8080 : 8081 })],
  ] as const) {
    test(`lose to the Gateway, and to older ones: ${reason}`, () => {
      const first = (name: string): object =>
        reason === 'hostname' ? clash(name) : { ...HTTP, name, port: name === 'with-gateway' ? 8080 : 8081 };
      const world: World = {
        gateways: [gateway({ listeners: [HTTP, first('with-gateway')], ...OPEN })],
        listenerSets: [
          set('newest', 2026, [clash('with-set')]),
          set('second', 2025, [{ ...HTTP, name: 'good', hostname: 'second.example' }, clash('with-set')]),
          set('first', 2024, [
            { ...HTTP, name: 'good', hostname: 'first.example' },
            clash('with-gateway'),
            first('with-set'),
          ]),
        ],
      };
      assert.deepEqual(conditionsOf(world, 'Gateway', 'with-gateway'), LOST.nothing);
      assert.deepEqual(conditionsOf(world, 'ListenerSet', 'good', 'first'), LOST.nothing);
      assert.deepEqual(conditionsOf(world, 'ListenerSet', 'with-gateway', 'first'), LOST[reason]);
      assert.deepEqual(conditionsOf(world, 'ListenerSet', 'with-set', 'first'), LOST.nothing);
      assert.deepEqual(conditionsOf(world, 'ListenerSet', 'with-set', 'second'), LOST[reason]);
      assert.deepEqual(conditionsOf(world, 'ListenerSet', 'with-set', 'newest'), LOST[reason]);
      const sets = ['first', 'second', 'newest'].map(name => statusOf('ListenerSet', world, name).conditions);
      assert.deepEqual(
        sets.map(conditions => [condition(conditions, 'Accepted'), condition(conditions, 'Programmed')]),
        [
          ['True ListenersNotValid', 'True Programmed'],
          ['True ListenersNotValid', 'True Programmed'],
          ['False ListenersNotValid', 'False ListenersNotValid'],
        ],
      );
      const { conditions, attachedListenerSets } = statusOf('Gateway', world);
      assert.equal(condition(conditions, 'Accepted'), 'True Accepted');
      assert.equal(attachedListenerSets, 2);
    });
  }

  test('of TCP lose to listeners of earlier objects, and are not served anyway', () => {
    const tcp = { ...HTTP, name: 'tcp', protocol: 'TCP' };
    const world = {
      gateways: [gateway(OPEN)],
      listenerSets: [set('set', 2025, [tcp, { ...tcp, name: 'free', port: 81 }])],
    };
    assert.deepEqual(conditionsOf(world, 'ListenerSet', 'tcp'), LOST.protocol);
    assert.deepEqual(conditionsOf(world, 'ListenerSet', 'free'), [
      'False UnsupportedProtocol',
      'False Invalid',
      'False NoConflicts',
    ]);
  });

  test('of one age come by namespace and name', () => {
    const listenerSets = ['b', 'a'].map(name => set(name, 2025, [{ ...HTTP, hostname: 'a.example' }]));
    const world = { gateways: [gateway(OPEN)], listenerSets };
    assert.deepEqual(conditionsOf(world, 'ListenerSet', 'http', 'a'), LOST.nothing);
    assert.deepEqual(conditionsOf(world, 'ListenerSet', 'http', 'b'), LOST.hostname);
  });

  test('do not get a hostname over which listeners of the Gateway clash', () => {
    const listeners = [HTTP, ...['b', 'c'].map(name => ({ ...HTTP, name, hostname: 'a.example' }))];
    const world = {
      gateways: [gateway({ listeners, ...OPEN })],
      listenerSets: [set('set', 2025, [{ ...HTTP, hostname: 'a.example' }])],
    };
    assert.deepEqual(conditionsOf(world, 'ListenerSet', 'http'), LOST.hostname);
  });

  test('do not learn whose listener has what they ask for', () => {
    const world = {
      gateways: [gateway({ listeners: [{ ...HTTP, name: 'secret-name' }], ...OPEN })],
      listenerSets: [set('set', 2025, [HTTP])],
    };
    assert.doesNotMatch(JSON.stringify(statusOf('ListenerSet', world)), /secret-name/);
  });

  test('are none of a Gateway that does not take the set: routes find none there', () => {
    const listenerSets = [set('set', 2025, [{ ...HTTP, hostname: 'a.example' }])];
    const closed = readOne({ gateways: [gateway()], listenerSets });
    assert.match(closed.listeners.at(-1)?.detached ?? '', /takes no ListenerSets of the namespace/);
    const open = readOne({ gateways: [gateway(OPEN)], listenerSets });
    assert.equal(open.listeners.at(-1)?.detached, undefined);
  });

  test('are not served where the set has a field that is not known', () => {
    const { metadata, spec, status } = set('set', 2025, [{ ...HTTP, hostname: 'a.example' }]);
    const world = {
      gateways: [gateway(OPEN)],
      listenerSets: [{ metadata, spec: { ...spec, unknown: ['tls'] }, status }],
    };
    const { conditions } = statusOf('ListenerSet', world);
    assert.equal(condition(conditions, 'Accepted'), 'False Invalid');
    assert.match(conditions[0]?.message ?? '', /^spec.tls is a field that this program does not know/);
  });

  test('get no more ports than a Gateway can have', () => {
    const many = Array.from({ length: 64 }, (_, index) => ({ ...HTTP, name: `l${index}`, port: 1000 + index }));
    const world = {
      gateways: [gateway({ listeners: many, ...OPEN })],
      listenerSets: [set('set', 2025, [HTTP, { ...HTTP, name: 'known', port: 1000, hostname: 'a.example' }])],
    };
    assert.equal(readOne(world).ports.length, 64);
    assert.deepEqual(conditionsOf(world, 'ListenerSet', 'http').slice(0, 2), [
      'False TooManyListeners',
      'False Invalid',
    ]);
    assert.deepEqual(conditionsOf(world, 'ListenerSet', 'known'), LOST.nothing);
  });
});

describe('listeners with TLS whose hostnames overlap', () => {
  const named = (hostname: string, port = 443): object =>
    https({ name: hostname.replace('*', 'star'), hostname, port });

  test('say so, and others do not', () => {
    const hostnames = ['foo.example.com', 'foo.example.org', '*.example.com', '*.b.example.net', 'a.b.example.net'];
    const listeners = [...hostnames.map(one => named(one)), { ...HTTP, name: 'any' }, named('bar.example.com', 8443)];
    const status = statusOf('Gateway', { gateways: [gateway(listeners)] });
    const overlapping = status.listeners.filter(({ conditions }) => condition(conditions, 'OverlappingTLSConfig'));
    assert.deepEqual(
      overlapping.map(({ name }) => name),
      ['foo.example.com', 'star.example.com', 'star.b.example.net', 'a.b.example.net'],
    );
    const [first] = overlapping;
    assert.equal(condition(first?.conditions ?? [], 'OverlappingTLSConfig'), 'True OverlappingHostnames');
  });

  test('with one for all hosts, each overlaps', () => {
    const status = statusOf('Gateway', { gateways: [gateway([https(), named('a.example'), named('b.example')])] });
    for (const { conditions } of status.listeners) {
      assert.equal(condition(conditions, 'OverlappingTLSConfig'), 'True OverlappingHostnames');
    }
  });

  test('a wildcard does not overlap with its own domain', () => {
    const status = statusOf('Gateway', { gateways: [gateway([named('*.a.example'), named('a.example')])] });
    for (const { conditions } of status.listeners)
      assert.equal(condition(conditions, 'OverlappingTLSConfig'), undefined);
  });
});
