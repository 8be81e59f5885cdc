/** Gateways that share the program's own ports: which ports, hosts and addresses each has. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HostProfiles } from '../../../src/control/catalog/host-profiles.ts';
import { SharedGatewayPorts } from '../../../src/control/catalog/shared-gateway-ports.ts';
import type { GatewayKinds } from '../../../src/resources/gateway/gateway-object.ts';
import { mergedPorts } from '../../../src/translate/gateway/listeners/merged-ports.ts';
import {
  condition,
  gateway,
  HTTP,
  https,
  listenerConditions,
  listenerSet,
  readAll,
  SECRETS,
  statusOf,
  type World,
} from './scene.ts';

const LISTEN = { host: '0.0.0.0', port: 8080 };
const TLS_LISTEN = { host: '0.0.0.0', port: 8443 };

function shared(profiles = new HostProfiles(), tlsListen: typeof LISTEN | undefined = TLS_LISTEN): SharedGatewayPorts {
  const ports = new SharedGatewayPorts(LISTEN, tlsListen, profiles);
  ports.setAddresses([{ ip: '192.0.2.7' }, { hostname: 'lb.example.com' }]);
  return ports;
}

function named(name: string, year: string, listeners: readonly object[], namespace = 'infra'): GatewayKinds['Gateway'] {
  return gateway(listeners, { name, namespace, createdAt: `${year}-01-01T00:00:00Z` });
}

/** Accepted and Conflicted of a listener, and what is said of why it is not accepted. */
function judged(world: World, name: string, listener = 'http', kind: 'Gateway' | 'ListenerSet' = 'Gateway'): string {
  const status = statusOf(kind, { sharedPorts: shared(), ...world }, name);
  const { Accepted, Conflicted, Programmed } = listenerConditions(status, listener);
  return [Accepted, Conflicted, Programmed].join(', ');
}

const SERVED = 'True Accepted, False NoConflicts, True Programmed';
const NO_PORT = 'False PortUnavailable, False NoConflicts, False Invalid';
const LOST = 'False HostnameConflict, True HostnameConflict, False HostnameConflict';

function messageOf(world: World, name: string, listener = 'http'): string {
  const { listeners } = statusOf('Gateway', { sharedPorts: shared(), ...world }, name);
  const found = listeners.find(one => one.name === listener)?.conditions.find(({ type }) => type === 'Accepted');
  return found?.message ?? '';
}

describe('a listener of a Gateway that shares ports', () => {
  const cases: readonly [what: string, listener: object, expected: string, message: RegExp][] = [
    ['HTTP on port 80', HTTP, SERVED, /is accepted/],
    ['HTTPS on port 443', https(), SERVED, /is accepted/],
    [
      'TLS that is passed through',
      { name: 'http', port: 443, protocol: 'TLS', tls: { mode: 'Passthrough' } },
      SERVED,
      /./,
    ],
    ['HTTP on another port', { ...HTTP, port: 8080 }, NO_PORT, /port 8080 cannot be had.*Write port 80$/],
    ['HTTP on the port of TLS', { ...HTTP, port: 443 }, NO_PORT, /Write port 80$/],
    ['HTTPS on another port', https({ port: 8443 }), NO_PORT, /port 8443 cannot be had.*Write port 443$/],
  ];
  for (const [what, listener, expected, message] of cases) {
    test(`with ${what} is ${expected === SERVED ? 'served' : 'told which port to write'}`, () => {
      const world = { gateways: [named('gateway', '2020', [{ ...listener, name: 'http' }])] };
      assert.equal(judged(world, 'gateway'), expected);
      assert.match(messageOf(world, 'gateway'), message);
    });
  }

  test('with TLS needs a TLS port', () => {
    const ports = new SharedGatewayPorts(LISTEN, undefined, new HostProfiles());
    const world = { gateways: [named('gateway', '2020', [https(), HTTP])], sharedPorts: ports };
    assert.equal(judged(world, 'gateway', 'https'), NO_PORT);
    assert.match(messageOf(world, 'gateway', 'https'), /has no TLS port. Set --tls-listen$/);
  });

  test('is served where the program listens anyway, and clients know ports 80 and 443', () => {
    const world = { gateways: [named('gateway', '2020', [HTTP, https()])], sharedPorts: shared() };
    const ports = readAll(world).flatMap(reading => reading.ports);
    assert.deepEqual(
      ports.map(({ id, isShared, listen, publicPort, transport }) => ({ id, isShared, listen, publicPort, transport })),
      [
        { id: '0.0.0.0:8080', isShared: true, listen: LISTEN, publicPort: 80, transport: 'plain' },
        { id: '0.0.0.0:8443', isShared: true, listen: TLS_LISTEN, publicPort: 443, transport: 'tls' },
      ],
    );
  });
});

describe('of Gateways that share ports', () => {
  test('the older one has a hostname, and others are served for other hosts', () => {
    const gateways = [
      named('young', '2022', [HTTP, { ...HTTP, name: 'own', hostname: 'b.example' }]),
      named('old', '2021', [HTTP, { ...HTTP, name: 'own', hostname: 'a.example' }]),
      named('newest', '2023', [{ ...HTTP, hostname: 'a.example' }]),
    ];
    assert.equal(judged({ gateways }, 'old'), SERVED);
    assert.equal(judged({ gateways }, 'young'), LOST);
    assert.equal(judged({ gateways }, 'young', 'own'), SERVED);
    assert.equal(judged({ gateways }, 'newest'), LOST);
    assert.match(
      messageOf({ gateways }, 'young'),
      /^an older Gateway or ListenerSet has a listener without a hostname, and all/,
    );
    const world = { gateways, sharedPorts: shared() };
    assert.equal(condition(statusOf('Gateway', world, 'newest').conditions, 'Accepted'), 'False ListenersNotValid');
    assert.equal(condition(statusOf('Gateway', world, 'young').conditions, 'Accepted'), 'True ListenersNotValid');
  });

  test('of one age, the first by namespace and name has a hostname', () => {
    const gateways = [named('a', '2021', [HTTP], 'two'), named('b', '2021', [HTTP], 'one')];
    assert.equal(judged({ gateways }, 'b'), SERVED);
    assert.equal(judged({ gateways }, 'a'), LOST);
  });

  test('one port has the listeners of all', () => {
    const gateways = [
      named('one', '2021', [{ ...HTTP, hostname: 'a.example' }]),
      named('two', '2022', [{ ...HTTP, hostname: 'b.example' }, https()]),
    ];
    const readings = readAll({ gateways, sharedPorts: shared() });
    const ports = mergedPorts(readings.flatMap(reading => reading.ports));
    assert.deepEqual(
      ports.map(({ id, listeners }) => [id, listeners.map(({ name }) => name)]),
      [
        ['0.0.0.0:8080', ['infra/one/http', 'infra/two/http']],
        ['0.0.0.0:8443', ['infra/two/https']],
      ],
    );
  });

  test('HTTP and HTTPS for one host are in no one’s way', () => {
    const gateways = [
      named('one', '2021', [{ ...HTTP, hostname: 'a.example' }]),
      named('two', '2022', [https({ hostname: 'a.example' })]),
    ];
    assert.equal(judged({ gateways }, 'two', 'https'), SERVED);
  });

  test('two listeners of one Gateway for one hostname lose both', () => {
    const gateways = [named('one', '2021', [HTTP, { ...HTTP, name: 'twin' }])];
    for (const listener of ['http', 'twin']) assert.equal(judged({ gateways }, 'one', listener), LOST);
  });

  test('a ListenerSet is as young as the younger of itself and its Gateway', () => {
    const allowedListeners = { namespaces: { from: 'All' } };
    const old = gateway(
      { allowedListeners, listeners: [{ ...HTTP, hostname: 'a.example' }] },
      {
        name: 'gateway',
        createdAt: '2020-01-01T00:00:00Z',
      },
    );
    const sets = [listenerSet([{ ...HTTP, hostname: 'b.example' }], { createdAt: '2022-01-01T00:00:00Z' })];
    const world = (year: string): World => ({
      gateways: [old, named('other', year, [{ ...HTTP, hostname: 'b.example' }])],
      listenerSets: sets,
    });
    assert.equal(judged(world('2021'), 'set', 'http', 'ListenerSet'), LOST);
    assert.equal(judged(world('2021'), 'other'), SERVED);
    assert.equal(judged(world('2023'), 'set', 'http', 'ListenerSet'), SERVED);
    assert.equal(judged(world('2023'), 'other'), LOST);
  });

  test('overlapping hosts with TLS are told, whosever they are', () => {
    const gateways = [
      named('one', '2021', [https({ hostname: '*.example' })]),
      named('two', '2022', [https({ hostname: 'a.example' })]),
    ];
    const world = { gateways, secrets: SECRETS, sharedPorts: shared() };
    const { OverlappingTLSConfig } = listenerConditions(statusOf('Gateway', world, 'two'), 'https');
    assert.equal(OverlappingTLSConfig, 'True OverlappingHostnames');
  });
});

describe('a host on shared ports', () => {
  const claim = (kind: 'Ingress' | undefined, namespace: string, year: string) => ({
    object: { ...(kind && { kind }), namespace, name: 'other' },
    createdAt: `${year}-01-01T00:00:00Z`,
  });
  const gateways = [
    named('gateway', '2021', [
      { ...HTTP, hostname: 'a.example' },
      { ...HTTP, name: 'any' },
    ]),
  ];

  test('belongs to an older Service, which is named to its neighbours alone', () => {
    for (const [namespace, said] of [
      ['infra', /belongs to the older Service infra\/other: change the hostname$/],
      ['secret', /belongs to an older Service of another namespace: change the hostname$/],
    ] as const) {
      const profiles = new HostProfiles();
      profiles.set('services', 'key', ['a.example'], claim(undefined, namespace, '2020'));
      const world = { gateways, sharedPorts: shared(profiles) };
      assert.equal(judged(world, 'gateway'), LOST);
      assert.match(messageOf(world, 'gateway'), said);
      assert.equal(judged(world, 'gateway', 'any'), SERVED);
    }
  });

  test('belongs to a Gateway that is older than the Ingress, which hears of it', () => {
    const profiles = new HostProfiles();
    profiles.set('ingresses', 'key', ['a.example'], claim('Ingress', 'infra', '2022'));
    assert.equal(judged({ gateways, sharedPorts: shared(profiles) }, 'gateway'), SERVED);
    assert.deepEqual(profiles.foreignOwner('ingresses', 'a.example'), {
      kind: 'Gateway',
      namespace: 'infra',
      name: 'gateway',
    });
    assert.deepEqual(profiles.takeTurned(), { services: [], ingresses: ['key'], gateways: ['Gateway infra/gateway'] });
  });

  test('that nothing names belongs to an older Ingress without a host', () => {
    const profiles = new HostProfiles();
    profiles.set('ingresses', '_', ['_'], claim('Ingress', 'infra', '2020'));
    const world = { gateways, sharedPorts: shared(profiles) };
    assert.equal(judged(world, 'gateway', 'any'), LOST);
    assert.match(messageOf(world, 'gateway', 'any'), /^all hosts that nothing names belong to the older Ingress infra/);
  });
});

describe('the addresses of Gateways that share ports', () => {
  const one = named('gateway', '2020', [HTTP]);

  test('are those of the program', () => {
    const status = statusOf('Gateway', { gateways: [one], sharedPorts: shared() });
    assert.deepEqual(status.addresses, [
      { type: 'IPAddress', value: '192.0.2.7' },
      { type: 'Hostname', value: 'lb.example.com' },
    ]);
    assert.equal(condition(status.conditions, 'Programmed'), 'True Programmed');
  });

  test('are waited for, and Gateways are served meanwhile', () => {
    const sharedPorts = new SharedGatewayPorts(LISTEN, TLS_LISTEN, new HostProfiles());
    const world = { gateways: [one], sharedPorts };
    assert.equal(condition(statusOf('Gateway', world).conditions, 'Programmed'), 'False Pending');
    assert.equal(readAll(world)[0]?.ports.length, 1);
  });

  test('are no others', () => {
    const asks = (value: string): World => ({
      gateways: [gateway({ addresses: [{ type: 'IPAddress', value }] })],
      sharedPorts: shared(),
    });
    assert.equal(condition(statusOf('Gateway', asks('192.0.2.7')).conditions, 'Programmed'), 'True Programmed');
    assert.equal(condition(statusOf('Gateway', asks('192.0.2.8')).conditions, 'Programmed'), 'False AddressNotUsable');
  });
});
