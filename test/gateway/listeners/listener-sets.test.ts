import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  condition,
  gateway,
  HTTP,
  https,
  listenerConditions,
  listenerSet,
  object,
  readAll,
  readOne,
  SECRETS,
  statusesOf,
  statusOf,
  type World,
} from './scene.ts';

const OPEN = { allowedListeners: { namespaces: { from: 'All' } } };
const OWN = [{ ...HTTP, name: 'own', hostname: 'own.example' }];

function conditionsOf(world: World, name?: string): (string | undefined)[] {
  const { conditions } = statusOf('ListenerSet', world, name);
  return ['Accepted', 'Programmed'].map(type => condition(conditions, type));
}

describe('which ListenerSets a Gateway lets in', () => {
  const namespaces = { infra: {}, selected: { listeners: 'yes' }, other: {} };
  const cases: readonly [string, object, readonly string[]][] = [
    ['none by default', {}, []],
    ['None', { allowedListeners: { namespaces: { from: 'None' } } }, []],
    ['none without a selection', { allowedListeners: {} }, []],
    ['Same', { allowedListeners: { namespaces: { from: 'Same' } } }, ['infra']],
    ['All', OPEN, ['infra', 'selected', 'other']],
    [
      'Selector',
      { allowedListeners: { namespaces: { from: 'Selector', selector: { matchLabels: { listeners: 'yes' } } } } },
      ['selected'],
    ],
  ];
  for (const [what, spec, allowed] of cases) {
    test(what, () => {
      const listenerSets = Object.keys(namespaces).map(namespace =>
        listenerSet([{ ...HTTP, hostname: `${namespace}.example` }], { name: namespace, namespace }),
      );
      const world = { gateways: [gateway(spec)], listenerSets, namespaces };
      for (const { metadata } of listenerSets) {
        const isAllowed = allowed.includes(metadata.name);
        const expected = isAllowed ? ['True Accepted', 'True Programmed'] : ['False NotAllowed', 'False NotAllowed'];
        assert.deepEqual(conditionsOf(world, metadata.name), expected, metadata.name);
      }
      const status = statusOf('Gateway', world);
      assert.equal(status.attachedListenerSets, allowed.length);
      assert.equal(condition(status.conditions, 'Accepted'), 'True Accepted');
      assert.equal(readOne(world).ports[0]?.listeners.length, 1 + allowed.length);
    });
  }

  test('a selection that cannot be read refuses the Gateway', () => {
    const gateways = [gateway({ allowedListeners: { namespaces: { from: 'Some' } } })];
    assert.equal(condition(statusOf('Gateway', { gateways }).conditions, 'Accepted'), 'False Invalid');
  });
});

describe('a ListenerSet', () => {
  test('of a Gateway that is not ours, or of another kind, is left alone', () => {
    const parents = [{ name: 'missing' }, { kind: 'Service' }, { group: 'example.com' }, { namespace: 'other' }];
    const listenerSets = parents.map((parent, index) => listenerSet(OWN, { name: `set-${index}`, parent }));
    const statuses = statusesOf({ gateways: [gateway(OPEN)], listenerSets });
    assert.deepEqual(
      statuses.map(({ object }) => object.kind),
      ['Gateway'],
    );
  });

  test('names the Gateway of its own namespace where it names no namespace', () => {
    const world = { gateways: [gateway(OPEN)], listenerSets: [listenerSet(OWN, { parent: { namespace: undefined } })] };
    assert.deepEqual(conditionsOf(world), ['True Accepted', 'True Programmed']);
  });

  test('is served with the port of its Gateway, as a parent of its own', () => {
    const world = { gateways: [gateway(OPEN)], listenerSets: [listenerSet(OWN, { namespace: 'tenant' })] };
    const { ports, listeners } = readOne(world);
    assert.deepEqual(
      ports.map(({ id, listeners }) => [id, listeners.map(({ name }) => name)]),
      [['192.0.2.1:80', ['infra/gateway/http', 'tenant/set/own']]],
    );
    const own = listeners[1];
    assert.deepEqual(own?.gateway, { namespace: 'infra', name: 'gateway' });
    assert.deepEqual(own?.parent, { kind: 'ListenerSet', namespace: 'tenant', name: 'set' });
    // `Same` is the namespace of the set.
    assert.deepEqual([own?.allows('tenant'), own?.allows('infra')], [true, false]);
  });

  test('may have listeners of the names that the Gateway has', () => {
    const listenerSets = [listenerSet([{ ...HTTP, hostname: 'a.example' }])];
    const world = { gateways: [gateway(OPEN)], listenerSets };
    assert.deepEqual(conditionsOf(world), ['True Accepted', 'True Programmed']);
  });

  test('is not served where its Gateway is not accepted', () => {
    const parametersRef = { group: 'example.com', kind: 'Parameters', name: 'many' };
    const refused = [
      { infrastructure: { parametersRef } },
      { listeners: [{ ...HTTP, protocol: 'TCP' }] },
      { addresses: [{ type: 'Hostname', value: 'a.example' }] },
    ];
    for (const spec of refused) {
      const world = { gateways: [gateway({ ...OPEN, ...spec })], listenerSets: [listenerSet(OWN)] };
      assert.deepEqual(conditionsOf(world), ['False ParentNotAccepted', 'False ParentNotAccepted']);
      assert.deepEqual(readOne(world).ports, []);
      assert.equal(statusOf('Gateway', world).attachedListenerSets, 0);
    }
  });

  test('is served where the listeners of its Gateway lack their Secrets', () => {
    const world = {
      gateways: [gateway({ ...OPEN, listeners: [https({}, { name: 'missing' })] })],
      listenerSets: [listenerSet(OWN)],
    };
    assert.deepEqual(conditionsOf(world), ['True Accepted', 'True Programmed']);
  });

  test('waits where its Gateway has no address', () => {
    const world = { gateways: [gateway(OPEN)], listenerSets: [listenerSet(OWN)], addresses: [] };
    assert.deepEqual(conditionsOf(world), ['True Accepted', 'False Pending']);
  });

  test('that is not allowed counts in no conflict', () => {
    const gateways = [gateway({ ...OPEN, allowedListeners: { namespaces: { from: 'Same' } } })];
    const listenerSets = [
      listenerSet(OWN, { name: 'older', namespace: 'other', createdAt: '2024-01-01T00:00:00Z' }),
      listenerSet(OWN, { name: 'newer', createdAt: '2025-01-01T00:00:00Z' }),
    ];
    assert.deepEqual(conditionsOf({ gateways, listenerSets }, 'newer'), ['True Accepted', 'True Programmed']);
  });

  test('needs a grant from ListenerSets for a Secret of another namespace', () => {
    const listener = https({ name: 'own', hostname: 'a.example' }, { namespace: 'infra' });
    const listenerSets = [listenerSet([listener], { namespace: 'tenant' })];
    const grant = (kind: string) =>
      object('ReferenceGrant', {
        from: [{ group: 'gateway.networking.k8s.io', kind, namespace: 'tenant' }],
        to: [{ group: '', kind: 'Secret' }],
      });
    const world = (kind: string): World => ({
      gateways: [gateway(OPEN)],
      listenerSets,
      grants: [grant(kind)],
      secrets: SECRETS,
    });
    assert.deepEqual(conditionsOf(world('ListenerSet')), ['True Accepted', 'True Programmed']);
    assert.deepEqual(conditionsOf(world('Gateway')), ['False ListenersNotValid', 'False ListenersNotValid']);
    const { ResolvedRefs } = listenerConditions(statusOf('ListenerSet', world('Gateway')), 'own');
    assert.equal(ResolvedRefs, 'False RefNotPermitted');
  });

  test('takes only the kinds of routes that its protocols have', () => {
    const listener = { ...HTTP, name: 'own', hostname: 'a.example', allowedRoutes: { kinds: [{ kind: 'TLSRoute' }] } };
    const world = { gateways: [gateway(OPEN)], listenerSets: [listenerSet([listener])] };
    const status = statusOf('ListenerSet', world);
    assert.equal(listenerConditions(status, 'own').ResolvedRefs, 'False InvalidRouteKinds');
    assert.deepEqual(status.listeners[0]?.supportedKinds, []);
  });

  test('that an API server of today would refuse is refused whole', () => {
    for (const listeners of [[], [...OWN, ...OWN]]) {
      const world = { gateways: [gateway(OPEN)], listenerSets: [listenerSet(listeners)] };
      assert.deepEqual(conditionsOf(world), ['False Invalid', 'False Invalid']);
    }
  });

  test('counts the routes of its own listeners', () => {
    const world: World = {
      gateways: [gateway(OPEN)],
      listenerSets: [listenerSet(OWN)],
      attached: ({ parent }) => (parent.kind === 'ListenerSet' ? 2 : 3),
    };
    assert.deepEqual(
      [statusOf('Gateway', world), statusOf('ListenerSet', world)].map(status => status.listeners[0]?.attachedRoutes),
      [3, 2],
    );
    assert.equal(readAll(world).length, 1);
  });
});
