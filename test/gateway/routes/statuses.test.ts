import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { GatewayKinds, RouteKind } from '../../../src/resources/gateway/gateway-object.ts';
import type { RouteReading } from '../../../src/translate/gateway/readings.ts';
import { readRoute } from '../../../src/translate/gateway/routes/read-route.ts';
import {
  type Around,
  around,
  grpcRoute,
  httpRoute,
  listener,
  listeners,
  NAMESPACE,
  service,
  tlsRoute,
} from './scene.ts';

/** `Accepted=True Accepted`, and so on, for each parent. */
function conditions({ status }: RouteReading): string[] {
  assert.ok('parents' in status.status);
  return status.status.parents.map(parent =>
    parent.conditions.map(({ type, status, reason }) => `${type}=${status} ${reason}`).join(', '),
  );
}

function read<K extends RouteKind>(kind: K, route: GatewayKinds[K], all: Around = {}): RouteReading {
  return readRoute(kind, route, around(all));
}

const FINE = 'Accepted=True Accepted, ResolvedRefs=True ResolvedRefs';
const refused = (reason: string): string => `Accepted=False ${reason}, ResolvedRefs=True ResolvedRefs`;
const unresolved = (reason: string): string => `Accepted=True Accepted, ResolvedRefs=False ${reason}`;

describe('attachment', () => {
  test('a route has an entry for each parentRef of ours, in their order, and none for others', () => {
    const parents = [
      { name: 'other' },
      { sectionName: 'b' },
      { group: '', kind: 'Service', name: 'gateway' },
      { sectionName: 'missing' },
      { sectionName: 'a' },
    ];
    const all = { listeners: ['a', 'b'].map(section => listener({ section })) };
    const reading = read('HTTPRoute', httpRoute([{}], { parents }), all);
    assert.deepEqual(conditions(reading), [FINE, refused('NoMatchingParent'), FINE]);
    const { status } = reading.status;
    assert.ok('parents' in status);
    assert.deepEqual(
      status.parents.map(parent => parent.parentRef.sectionName),
      ['b', 'missing', 'a'],
    );
    assert.equal(reading.status.generation, 3);
    assert.equal(reading.attached.size, 2);
  });

  test('a route that names no parent of ours gets no status, and leads nowhere', () => {
    const reading = read('HTTPRoute', httpRoute([{ to: ['missing'] }], { parents: [{ name: 'other' }] }));
    assert.deepEqual(conditions(reading), []);
    assert.deepEqual([reading.routes, reading.destinations, reading.diagnostics], [[], [], []]);
  });

  test('a ListenerSet that its Gateway does not take has no listener for a route', () => {
    const parent = { kind: 'ListenerSet', namespace: NAMESPACE, name: 'set' } as const;
    const all = { listeners: [listener(), listener({ parent, detached: 'the Gateway takes no ListenerSets' })] };
    const route = httpRoute([{}], { parents: [{}, { kind: 'ListenerSet', name: 'set' }] });
    const reading = read('HTTPRoute', route, all);
    assert.deepEqual(conditions(reading), [FINE, refused('NoMatchingParent')]);
    assert.equal(reading.attached.size, 1);
    assert.match(reading.diagnostics[0]?.message ?? '', /the Gateway takes no ListenerSets/);
  });

  test('one parentRef that stands twice has one entry', () => {
    assert.deepEqual(conditions(read('HTTPRoute', httpRoute([{}], { parents: [{}, {}] }))), [FINE]);
  });

  const section = (parent: { sectionName?: string; port?: number }): string[] =>
    conditions(read('HTTPRoute', httpRoute([{}], { parents: [parent] })));

  test('a section and a port both have to be there', () => {
    assert.deepEqual(section({ sectionName: 'http', port: 80 }), [FINE]);
    for (const parent of [{ sectionName: 'http1' }, { port: 81 }, { sectionName: 'http', port: 81 }])
      assert.deepEqual(section(parent), [refused('NoMatchingParent')]);
  });

  test('a port stands for all its listeners', () => {
    const all = {
      listeners: [listener(), listener({ section: 'alt', port: 8080 }), listener({ section: 'two', port: 8080 })],
    };
    const { attached } = read('HTTPRoute', httpRoute([{}], { parents: [{ port: 8080 }] }), all);
    assert.deepEqual(
      [...attached].map(one => one.section),
      ['alt', 'two'],
    );
  });

  test('a namespace that no listener allows is refused, and its references are judged all the same', () => {
    const own = service('v1', {}, 'web');
    const parents = [{ namespace: NAMESPACE }];
    const route = httpRoute([{}], { namespace: 'web', parents });
    const reading = read('HTTPRoute', route, { services: [own] });
    assert.deepEqual(conditions(reading), [refused('NotAllowedByListeners')]);
    assert.deepEqual([reading.attached.size, reading.routes.length], [0, 0]);
    const allowing = { services: [own], listeners: [listener({ allows: () => true })] };
    assert.deepEqual(conditions(read('HTTPRoute', route, allowing)), [FINE]);
  });

  test('a kind that no listener takes is refused', () => {
    const tls = { listeners: [listener({ protocol: 'TLS', mode: 'Passthrough' })] };
    assert.deepEqual(conditions(read('HTTPRoute', httpRoute([{}]), tls)), [refused('NotAllowedByListeners')]);
    const route = tlsRoute(['v1'], { hostnames: ['a.example'] });
    assert.deepEqual(conditions(read('TLSRoute', route)), [refused('NotAllowedByListeners')]);
  });

  test('a route without a host in common with a listener is refused', () => {
    const route = httpRoute([{}], { hostnames: ['not-accepted.test.com'] });
    const all = { listeners: listeners('foo.example.com') };
    assert.deepEqual(conditions(read('HTTPRoute', route, all)), [refused('NoMatchingListenerHostname')]);
  });

  test('a route attaches to a listener that is not served, and counts there', () => {
    const reading = read('HTTPRoute', httpRoute([{ to: ['missing'] }]), {
      listeners: [listener({ portId: undefined })],
    });
    assert.deepEqual(conditions(reading), [unresolved('BackendNotFound')]);
    assert.deepEqual([reading.attached.size, reading.routes.length], [1, 0]);
  });

  for (const host of ['example.com:80', '192.0.2.1', '[::1]', '*.192.0.2.1', 'a..b', '*', 'a b', '*.*.example']) {
    test(`${host} is no hostname, and does not stand for all hosts`, () => {
      const only = read('HTTPRoute', httpRoute([{}], { hostnames: [host] }));
      assert.deepEqual(conditions(only), [refused('UnsupportedValue')]);
      assert.deepEqual([only.routes, only.attached.size], [[], 0]);
      const with_ = read('HTTPRoute', httpRoute([{}], { hostnames: [host, 'good.example'] }));
      assert.deepEqual([conditions(with_), with_.routes.map(route => route.host)], [[FINE], ['good.example']]);
    });
  }
});

describe('references', () => {
  const cases: readonly [string, Parameters<typeof httpRoute>[0][number]['to'], string][] = [
    ['a kind that is no Service', [{ kind: 'Unknown' }], 'InvalidKind'],
    ['a group that is not that of Services', [{ group: 'other.example' }], 'InvalidKind'],
    ['a Service that is not there', [{ name: 'missing' }], 'BackendNotFound'],
    ['a port that the Service lacks', [{ port: 9 }], 'BackendNotFound'],
    ['a Service without a port', [{ port: undefined }], 'BackendNotFound'],
    ['another namespace', [{ namespace: 'web' }], 'RefNotPermitted'],
    ['another namespace, of a Service that is not there', [{ namespace: 'web', name: 'missing' }], 'RefNotPermitted'],
    ['a Service outside', [{ name: 'outside' }], 'BackendNotFound'],
    ['an appProtocol that is not known', [{ name: 'odd' }], 'UnsupportedProtocol'],
    ['an appProtocol of TLS without a policy', [{ name: 'tls' }], 'UnsupportedProtocol'],
  ];
  const services = [
    service('v1'),
    service('v1', {}, 'web'),
    service('outside', { type: 'ExternalName', externalName: 'example.com' }),
    service('odd', { ports: [{ port: 8080, appProtocol: 'mysql' }] }),
    service('tls', { ports: [{ port: 8080, appProtocol: 'HTTPS' }] }),
  ];
  for (const [name, to = [], reason] of cases) {
    test(`${name}: 500, and the status says why`, () => {
      const reading = read('HTTPRoute', httpRoute([{ to }]), { services });
      assert.deepEqual(conditions(reading), [unresolved(reason)]);
      assert.deepEqual(
        reading.routes.map(route => route.cluster),
        ['gateway invalid-backend'],
      );
      assert.equal(
        reading.destinations.find(one => one.cluster.id === 'gateway invalid-backend')?.cluster.absentStatus,
        500,
      );
    });
  }

  test('a grant of the target namespace lets a route name its Service', () => {
    const asked: unknown[] = [];
    const reading = read('HTTPRoute', httpRoute([{ to: [{ namespace: 'web' }] }]), {
      services,
      isGranted: (from, to) => asked.push([from, to]) > 0,
    });
    assert.deepEqual(conditions(reading), [FINE]);
    assert.deepEqual(asked, [
      [
        { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: NAMESPACE },
        { group: '', kind: 'Service', namespace: 'web', name: 'v1' },
      ],
    ]);
    assert.deepEqual(
      reading.destinations.map(one => one.cluster.id),
      ['gateway/web/v1:8080'],
    );
  });

  test('a reference that cannot be had keeps its share', () => {
    const to = [{ weight: 3 }, { name: 'missing', weight: 1 }];
    const reading = read('HTTPRoute', httpRoute([{ to }]));
    assert.deepEqual(conditions(reading), [unresolved('BackendNotFound')]);
    assert.deepEqual(reading.routes[0]?.backends, [
      { cluster: 'gateway/infra/v1:8080', weight: 3 },
      { cluster: 'gateway invalid-backend', weight: 1 },
    ]);
  });

  test('a backend without a weight gets nothing, and all without one answer 500', () => {
    const some = read(
      'HTTPRoute',
      httpRoute([{ to: [{ weight: 70 }, { name: 'v2', weight: 30 }, { name: 'v3', weight: 0 }] }]),
    );
    assert.deepEqual(some.routes[0]?.backends, [
      { cluster: 'gateway/infra/v1:8080', weight: 70 },
      { cluster: 'gateway/infra/v2:8080', weight: 30 },
    ]);
    const none = read('HTTPRoute', httpRoute([{ to: [{ weight: 0 }, { name: 'v2', weight: 0 }] }]));
    assert.equal(none.routes[0]?.cluster, 'gateway invalid-backend');
    assert.deepEqual(conditions(none), [FINE]);
  });
});

describe('clusters', () => {
  const clusterOf = (
    kind: 'HTTPRoute' | 'GRPCRoute',
    spec: Parameters<typeof service>[1],
    all: Around = {},
    annotations = {},
  ) => {
    const v1 = service('v1', spec);
    const services = [{ ...v1, metadata: { ...v1.metadata, annotations } }];
    const reading =
      kind === 'HTTPRoute'
        ? read(kind, httpRoute([{}]), { services, ...all })
        : read(kind, grpcRoute([{}]), { services, ...all });
    return reading.destinations[0];
  };
  const of = (appProtocol?: string) => ({ ports: [{ port: 8080, appProtocol }] });
  const tls = { serverName: 'abc.example.com', ca: 'PEM', isVerified: true };
  const backendTls = () => ({ tls });

  test('what is spoken is said by the kind of the route, the appProtocol and the BackendTLSPolicy', () => {
    const spoken = (kind: 'HTTPRoute' | 'GRPCRoute', appProtocol?: string, all?: Around) =>
      clusterOf(kind, of(appProtocol), all)?.cluster.protocol;
    for (const clear of [undefined, 'http', 'kubernetes.io/ws']) assert.equal(spoken('HTTPRoute', clear), undefined);
    assert.equal(spoken('HTTPRoute', 'kubernetes.io/h2c'), 'h2c');
    for (const clear of [undefined, 'kubernetes.io/h2c']) assert.equal(spoken('GRPCRoute', clear), 'grpc');
    for (const one of [undefined, 'HTTPS', 'kubernetes.io/wss', 'whatever'])
      assert.equal(spoken('HTTPRoute', one, { backendTls }), 'https');
    assert.equal(spoken('HTTPRoute', 'kubernetes.io/h2c', { backendTls }), 'h2');
    assert.equal(spoken('GRPCRoute', undefined, { backendTls }), 'grpcs');
  });

  test('connections that differ by TLS have clusters of their own', () => {
    const ids = [undefined, backendTls, () => ({ tls: { ...tls, serverName: 'other.example.com' } })].map(
      policy => clusterOf('HTTPRoute', of(), policy && { backendTls: policy })?.cluster,
    );
    assert.equal(new Set(ids.map(cluster => cluster?.id)).size, 3);
    assert.deepEqual(ids[1]?.tls, tls);
    assert.match(ids[1]?.id ?? '', /^gateway\/infra\/v1:8080\/https\+[0-9a-f]{16}$/);
  });

  test('a Service whose policy cannot be obeyed gets no connection, in clear least of all', () => {
    const reading = read('HTTPRoute', httpRoute([{}]), { backendTls: () => ({ fault: 'no CA' }) });
    assert.deepEqual(conditions(reading), [FINE]);
    assert.equal(reading.routes[0]?.cluster, 'gateway invalid-backend');
  });

  test('endpoints are balanced as the Service says, else by the fewest requests', () => {
    assert.deepEqual(clusterOf('HTTPRoute', {})?.cluster.balance, { policy: 'least-request' });
    const balanced = clusterOf(
      'HTTPRoute',
      {},
      {},
      { 'kube-entry.io/balance': 'round-robin', 'kube-entry.io/max-requests': '7' },
    );
    assert.deepEqual([balanced?.cluster.balance, balanced?.cluster.maxRequests], [{ policy: 'round-robin' }, 7]);
    assert.deepEqual(clusterOf('HTTPRoute', {}, {}, { 'kube-entry.io/balance': 'service' })?.cluster.balance, {
      policy: 'service',
    });
  });

  test('a headless Service is served by its endpoints, whatever it says', () => {
    const headless = clusterOf('HTTPRoute', { clusterIP: 'None' }, {}, { 'kube-entry.io/balance': 'service' });
    assert.deepEqual([headless?.cluster.balance, headless?.endpoints], [{ policy: 'least-request' }, []]);
    assert.equal(headless?.port?.port, 8080);
  });

  test('an annotation of a Service that cannot be read counts as absent, and is told', () => {
    const v1 = service('v1');
    const services = [{ ...v1, metadata: { ...v1.metadata, annotations: { 'kube-entry.io/max-requests': 'many' } } }];
    const reading = read('HTTPRoute', httpRoute([{}]), { services });
    assert.deepEqual([conditions(reading), reading.destinations[0]?.cluster.maxRequests], [[FINE], 0]);
    assert.match(reading.diagnostics[0]?.message ?? '', /Service infra\/v1: kube-entry\.io\/max-requests: "many"/);
  });

  test('a Service outside is served where that is allowed', () => {
    const spec = { type: 'ExternalName', externalName: 'example.com', clusterIP: '' };
    const reached = clusterOf('HTTPRoute', spec, { options: { allowExternalName: true } });
    assert.deepEqual(
      [reached?.cluster.balance, reached?.endpoints.map(one => `${one.address}:${one.port}`)],
      [{ policy: 'service' }, ['example.com:8080']],
    );
    const local = clusterOf(
      'HTTPRoute',
      { ...spec, externalName: 'localhost' },
      { options: { allowExternalName: true } },
    );
    assert.equal(local?.cluster.id, 'gateway invalid-backend');
  });
});
