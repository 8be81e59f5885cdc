import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  condition,
  gateway,
  gatewayClass,
  HTTP,
  https,
  listenerConditions,
  readAll,
  readOne,
  statusesOf,
  statusOf,
  type World,
} from './scene.ts';

const INVALID = { name: 'invalid', port: 1111, protocol: 'INVALID' };
const INVALID_ROUTE = { kind: 'InvalidRoute' };

/** `Accepted` and `Programmed` of the Gateway. */
function acceptance(world: World): (string | undefined)[] {
  const { conditions } = statusOf('Gateway', world);
  return [condition(conditions, 'Accepted'), condition(conditions, 'Programmed')];
}

describe('which Gateways are ours', () => {
  test('those whose class names our controller', () => {
    const classes = [gatewayClass(), gatewayClass({ controllerName: 'example.com/other' }, 'theirs')];
    const gateways = ['ours', 'theirs', 'missing'].map(name =>
      gateway({ gatewayClassName: name }, { name: `gateway-${name}` }),
    );
    const readings = readAll({ classes, gateways });
    assert.deepEqual(
      readings.map(reading => reading.gateway.metadata.name),
      ['gateway-ours'],
    );
  });

  test('a Gateway whose class has parameters is not served, as it would be served without them', () => {
    const parametersRef = { group: 'example.com', kind: 'Parameters', name: 'many' };
    const world = { classes: [gatewayClass({ parametersRef })], gateways: [gateway()] };
    assert.deepEqual(acceptance(world), ['False InvalidParameters', 'False Invalid']);
    assert.deepEqual(readOne(world).ports, []);
  });

  test('a Gateway with a name of 253 characters is like others', () => {
    const name = `${'a'.repeat(61)}.`.repeat(4) + 'b'.repeat(5);
    assert.equal(name.length, 253);
    const world = { gateways: [gateway({}, { name })] };
    assert.deepEqual(acceptance(world), ['True Accepted', 'True Programmed']);
  });
});

describe('statuses', () => {
  test('every status has the generation of its object', () => {
    const worlds = [3, 4].map(generation => statusesOf({ gateways: [gateway({}, { generation })] }));
    assert.deepEqual(
      worlds.map(([status]) => status?.generation),
      [3, 4],
    );
  });

  test('a Gateway is served with the listeners that are good', () => {
    assert.deepEqual(acceptance({ gateways: [gateway([HTTP])] }), ['True Accepted', 'True Programmed']);
    assert.deepEqual(acceptance({ gateways: [gateway([HTTP, INVALID])] }), [
      'True ListenersNotValid',
      'True Programmed',
    ]);
    assert.deepEqual(acceptance({ gateways: [gateway([INVALID])] }), ['False ListenersNotValid', 'False Invalid']);
  });

  test('a listener of an unknown protocol takes no route', () => {
    const status = statusOf('Gateway', { gateways: [gateway([HTTP, INVALID])] });
    assert.equal(listenerConditions(status, 'http').Accepted, 'True Accepted');
    const { Accepted, Programmed } = listenerConditions(status, 'invalid');
    assert.deepEqual([Accepted, Programmed], ['False UnsupportedProtocol', 'False Invalid']);
    assert.deepEqual(status.listeners[1]?.supportedKinds, []);
  });

  test('parameters of the infrastructure are unknown', () => {
    const parametersRef = { group: 'example.com', kind: 'Parameters', name: 'many' };
    const world = { gateways: [gateway({ infrastructure: { parametersRef } })] };
    assert.deepEqual(acceptance(world), ['False InvalidParameters', 'False Invalid']);
  });

  test('a listener that is removed leaves the status', () => {
    const before = statusOf('Gateway', { gateways: [gateway([https(), HTTP])] });
    const after = statusOf('Gateway', { gateways: [gateway([HTTP])] });
    assert.deepEqual(
      [before, after].map(({ listeners }) => listeners.map(({ name }) => name)),
      [['https', 'http'], ['http']],
    );
  });

  test('attached routes are counted for listeners that are not served, too', () => {
    const world = { gateways: [gateway([https({}, { name: 'missing' })])], attached: () => 1 };
    const status = statusOf('Gateway', world);
    assert.equal(status.listeners[0]?.attachedRoutes, 1);
    const { Programmed, ResolvedRefs } = listenerConditions(status, 'https');
    assert.deepEqual([Programmed, ResolvedRefs], ['False Invalid', 'False InvalidCertificateRef']);
    assert.deepEqual(acceptance(world), ['True ListenersNotValid', 'False Invalid']);
  });
});

describe('kinds of routes', () => {
  const cases = [
    { protocol: 'HTTP', kinds: [INVALID_ROUTE], supported: [], resolved: 'False InvalidRouteKinds' },
    {
      protocol: 'HTTP',
      kinds: [INVALID_ROUTE, { kind: 'HTTPRoute' }],
      supported: ['HTTPRoute'],
      resolved: 'False InvalidRouteKinds',
    },
    { protocol: 'HTTP', kinds: [], supported: ['HTTPRoute', 'GRPCRoute'], resolved: 'True ResolvedRefs' },
    { protocol: 'HTTP', kinds: [{ kind: 'GRPCRoute' }], supported: ['GRPCRoute'], resolved: 'True ResolvedRefs' },
    { protocol: 'HTTP', kinds: [{ kind: 'TLSRoute' }], supported: [], resolved: 'False InvalidRouteKinds' },
    {
      protocol: 'HTTP',
      kinds: [{ group: 'example.com', kind: 'HTTPRoute' }],
      supported: [],
      resolved: 'False InvalidRouteKinds',
    },
    { protocol: 'TLS', kinds: [], supported: ['TLSRoute'], resolved: 'True ResolvedRefs' },
    { protocol: 'TLS', kinds: [{ kind: 'TCPRoute' }], supported: [], resolved: 'False InvalidRouteKinds' },
    {
      protocol: 'TLS',
      kinds: [{ kind: 'TLSRoute' }, { kind: 'HTTPRoute' }],
      supported: ['TLSRoute'],
      resolved: 'False InvalidRouteKinds',
    },
  ];
  for (const { protocol, kinds, supported, resolved } of cases) {
    test(`${protocol} with ${JSON.stringify(kinds)} takes ${supported.join(', ') || 'no route'}`, () => {
      const tls = protocol === 'TLS' ? { tls: { mode: 'Passthrough' } } : {};
      const world = { gateways: [gateway([{ ...HTTP, protocol, allowedRoutes: { kinds }, ...tls }])] };
      const status = statusOf('Gateway', world);
      assert.deepEqual(
        status.listeners[0]?.supportedKinds.map(({ kind }) => kind),
        supported,
      );
      const { ResolvedRefs, Programmed } = listenerConditions(status, 'http');
      assert.equal(ResolvedRefs, resolved);
      assert.equal(Programmed, supported.length > 0 ? 'True Programmed' : 'False Invalid');
      assert.deepEqual([...(readOne(world).listeners[0]?.kinds ?? [])], supported);
    });
  }
});

describe('what an API server of today would refuse', () => {
  const passthrough = { tls: { mode: 'Passthrough' } };
  const named = (count: number): object[] =>
    Array.from({ length: count }, (_, index) => ({ ...HTTP, name: `http-${index}`, hostname: `${index}.example.com` }));
  const ofGateway = {
    'no listener': [],
    '65 listeners': named(65),
    'two listeners of one name': [HTTP, { ...HTTP, port: 81 }],
  };
  for (const [what, listeners] of Object.entries(ofGateway)) {
    test(`${what}: nothing of the Gateway is served`, () => {
      const world = { gateways: [gateway(listeners)] };
      assert.deepEqual(acceptance(world), ['False Invalid', 'False Invalid']);
      assert.deepEqual(readOne(world).ports, []);
      const names = statusOf('Gateway', world).listeners.map(({ name }) => name);
      assert.equal(new Set(names).size, names.length);
      assert.ok(names.length <= 64);
    });
  }

  for (const [field, spec] of Object.entries({
    'spec.backendTLS': { backendTLS: { clientCertificateRef: { name: 'certificate' } } },
    'spec.tls.clients': { tls: { clients: 'verified' } },
    'spec.tls.frontend.all': { tls: { frontend: { all: {} } } },
    'spec.defaultScope': { defaultScope: 'All' },
    'spec.addresses.routability': { addresses: [{ value: '192.0.2.1', routability: 'Private' }] },
    'spec.tls.frontend.default.checks': { tls: { frontend: { default: { checks: 'strict' } } } },
  })) {
    test(`the unknown field ${field} is named, and the Gateway is not served without what it asks for`, () => {
      const world = { gateways: [gateway(spec)] };
      assert.deepEqual(acceptance(world), ['False Invalid', 'False Invalid']);
      assert.deepEqual(readOne(world).ports, []);
      const accepted = statusOf('Gateway', world).conditions.find(({ type }) => type === 'Accepted');
      assert.match(accepted?.message ?? '', new RegExp(`^${RegExp.escape(field)} `));
    });
  }

  test('64 listeners are served', () => {
    assert.deepEqual(acceptance({ gateways: [gateway(named(64))] }), ['True Accepted', 'True Programmed']);
  });

  const ofListener = {
    'tls for HTTP': { ...HTTP, name: 'bad', port: 81, ...passthrough },
    'Passthrough for HTTPS': https({ name: 'bad', ...passthrough }),
    'TLS without a mode': { name: 'bad', port: 443, protocol: 'TLS' },
    'an unknown mode': https({ name: 'bad', tls: { mode: 'Other', certificateRefs: [{ name: 'certificate' }] } }),
    'an unknown option': https({
      name: 'bad',
      tls: { certificateRefs: [{ name: 'certificate' }], options: { 'example.com/minimum': '1.3' } },
    }),
    'a field that is not known': { ...HTTP, name: 'bad', port: 81, filters: [{ type: 'RequestHeaderModifier' }] },
    'a field of tls that is not known': https({
      name: 'bad',
      tls: { certificateRefs: [{ name: 'certificate' }], frontendValidation: { caCertificateRefs: [] } },
    }),
    'a field of allowedRoutes that is not known': {
      ...HTTP,
      name: 'bad',
      port: 81,
      allowedRoutes: { hostnames: ['a'] },
    },
    'an address as hostname': { ...HTTP, name: 'bad', port: 81, hostname: '192.0.2.7' },
    'an unknown selection of namespaces': {
      ...HTTP,
      name: 'bad',
      port: 81,
      allowedRoutes: { namespaces: { from: 'Some' } },
    },
    'no selector': { ...HTTP, name: 'bad', port: 81, allowedRoutes: { namespaces: { from: 'Selector' } } },
    'an unknown operator': {
      ...HTTP,
      name: 'bad',
      port: 81,
      allowedRoutes: {
        namespaces: { from: 'Selector', selector: { matchExpressions: [{ key: 'a', operator: 'Like', values: [] }] } },
      },
    },
  };
  for (const [what, listener] of Object.entries(ofListener)) {
    test(`${what}: the listener is not served, and others are`, () => {
      const world = { gateways: [gateway([HTTP, listener])] };
      const conditions = listenerConditions(statusOf('Gateway', world), 'bad');
      assert.deepEqual([conditions.Accepted, conditions.Programmed], ['False UnsupportedValue', 'False Invalid']);
      assert.deepEqual(
        readOne(world).ports.map(({ id }) => id),
        ['192.0.2.1:80'],
      );
      assert.deepEqual(
        readOne(world).diagnostics.map(({ severity, reason }) => `${severity} ${reason}`),
        ['warning UnsupportedValue'],
      );
    });
  }
});

describe('namespaces', () => {
  const labels = { prod: { stage: 'prod', team: 'a' }, test: { stage: 'test' }, infra: {} };
  const expressions = (...matchExpressions: object[]): object => ({ selector: { matchExpressions } });
  const cases: readonly [object, readonly string[]][] = [
    [{}, ['infra']],
    [{ from: 'Same' }, ['infra']],
    [{ from: 'All' }, ['prod', 'test', 'infra', 'unknown']],
    [{ from: 'None' }, []],
    [{ from: 'Selector', selector: { matchLabels: { stage: 'prod' } } }, ['prod']],
    [{ from: 'Selector', selector: {} }, ['prod', 'test', 'infra']],
    [
      { from: 'Selector', ...expressions({ key: 'stage', operator: 'In', values: ['test', 'prod'] }) },
      ['prod', 'test'],
    ],
    [{ from: 'Selector', ...expressions({ key: 'stage', operator: 'NotIn', values: ['test'] }) }, ['prod', 'infra']],
    [{ from: 'Selector', ...expressions({ key: 'team', operator: 'Exists' }) }, ['prod']],
    [{ from: 'Selector', ...expressions({ key: 'team', operator: 'DoesNotExist' }) }, ['test', 'infra']],
    [{ from: 'Selector', ...expressions({ key: 'constructor', operator: 'Exists' }) }, []],
  ];
  for (const [selection, expected] of cases) {
    test(`${JSON.stringify(selection)} lets in: ${expected.join(', ') || 'none'}`, () => {
      const listener = { ...HTTP, allowedRoutes: { namespaces: selection } };
      const [read] = readOne({ gateways: [gateway([listener])], namespaces: labels }).listeners;
      const allowed = ['prod', 'test', 'infra', 'unknown'].filter(namespace => read?.allows(namespace));
      assert.deepEqual(allowed, expected);
    });
  }
});
