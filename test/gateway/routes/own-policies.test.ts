import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRoute } from '../../../src/translate/gateway/routes/read-route.ts';
import { around, grpcRoute, httpRoute, listener, tlsRoute } from './scene.ts';

const annotated = (annotations: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(annotations).map(([name, value]) => [`kube-entry.io/${name}`, value]));

test('annotations of a route are policies of all its rules, in the order in which requests meet them', () => {
  const annotations = annotated({ 'rate-limit': '10/s', 'allow-from': '10.0.0.0/8', mirror: 'v2 50%' });
  const { routes, destinations, diagnostics } = readRoute(
    'HTTPRoute',
    httpRoute([{}, { matches: ['/b'] }], { annotations }),
    around(),
  );
  for (const { policies } of routes)
    assert.deepEqual(
      policies?.map(({ kind }) => kind),
      ['rate-limit', 'allow-from', 'mirror'],
    );
  const limit = routes[0]?.policies?.find(policy => policy.kind === 'rate-limit');
  assert.equal(limit?.owner, 'HTTPRoute infra/route');
  assert.equal(routes[0]?.policies?.[0], routes[1]?.policies?.[0]);
  assert.deepEqual(
    destinations.map(({ cluster }) => cluster.service.name),
    ['v2', 'v1'],
  );
  assert.deepEqual(diagnostics, []);
});

test('an annotation that cannot be read refuses all requests of the route', () => {
  const route = grpcRoute([{}], { annotations: annotated({ 'allow-from': 'nowhere' }) });
  const { routes, status, attached } = readRoute('GRPCRoute', route, around());
  assert.deepEqual(
    routes.map(({ cluster, policies }) => [cluster, policies]),
    [['gateway invalid-backend/grpc', undefined]],
  );
  assert.ok('parents' in status.status);
  const [accepted] = status.status.parents[0]?.conditions ?? [];
  assert.deepEqual([accepted?.status, accepted?.reason, attached.size], ['False', 'UnsupportedValue', 0]);
  assert.match(accepted?.message ?? '', /kube-entry\.io\/allow-from: "nowhere"/);
});

test('a policy whose Secret is missing refuses all requests until it is there', () => {
  const { routes, diagnostics } = readRoute(
    'HTTPRoute',
    httpRoute([{}], { annotations: annotated({ 'basic-auth': 'users' }) }),
    {
      ...around({ options: { credentials: () => ({ fault: 'it is not there' }) } }),
    },
  );
  assert.equal(routes[0]?.policies?.[0]?.kind, 'unavailable');
  assert.match(diagnostics[0]?.message ?? '', /users cannot be used: it is not there/);
});

test('an annotation that means nothing on a route is told', () => {
  const { diagnostics } = readRoute(
    'HTTPRoute',
    httpRoute([{}], {
      annotations: { ...annotated({ path: '/a', 'rate-limits': '1/s' }), 'other.example/path': '/b' },
    }),
    around(),
  );
  assert.deepEqual(
    diagnostics.map(({ reason, message }) => [reason, message]),
    [
      ['UnknownAnnotation', 'kube-entry.io/path: has no effect on HTTPRoutes'],
      [
        'UnknownAnnotation',
        'kube-entry.io/rate-limits: has no effect on HTTPRoutes; did you mean kube-entry.io/rate-limit?',
      ],
    ],
  );
});

test('annotations of a route limit the times and sizes of rules that say nothing of them', () => {
  const annotations = annotated({ 'read-timeout': '1h', 'connect-timeout': '3s', 'max-body-size': '50m' });
  const rules = [{}, { matches: ['/b'], timeouts: { request: '2s' } }];
  const { routes, diagnostics } = readRoute('HTTPRoute', httpRoute(rules, { annotations }), around());
  const size = { connectTimeoutMs: 3_000, maxBodySize: 50 * 1024 ** 2 };
  assert.deepEqual(
    routes.map(({ overrides }) => overrides),
    [
      { ...size, readTimeoutMs: 3_600_000 },
      { ...size, readTimeoutMs: 2_000 },
    ],
  );
  assert.deepEqual(diagnostics, []);
  const bad = readRoute('HTTPRoute', httpRoute([{}], { annotations: annotated({ 'max-body-size': 'big' }) }), around());
  assert.equal(bad.routes[0]?.cluster, 'gateway invalid-backend');
});

test('a policy on a TLSRoute, which sees no requests, is told to have no effect', () => {
  const all = around({ listeners: [listener({ protocol: 'TLS', mode: 'Passthrough' })] });
  const route = tlsRoute(['v1'], { annotations: annotated({ 'allow-from': '10.0.0.0/8' }) });
  assert.deepEqual(
    readRoute('TLSRoute', route, all).diagnostics.map(({ message }) => message),
    ['kube-entry.io/allow-from: has no effect on TLSRoutes'],
  );
});
