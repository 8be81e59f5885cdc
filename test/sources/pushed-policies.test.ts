/** What the fields of ingress-nginx's records make of clusters and routes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { viewBackend } from '../../src/admin/backend-view.ts';
import { Catalog } from '../../src/control/catalog.ts';
import type { Cluster } from '../../src/model/cluster.ts';
import { readEndpointSlice } from '../../src/resources/endpoint-slice.ts';
import { isShapeProblem } from '../../src/resources/service-object.ts';
import { PushReader } from '../../src/sources/pushed.ts';
import { endpoint, endpointSlice } from '../support/endpoint-slices.ts';
import { service } from '../support/services.ts';

const TWO = [
  { address: '10.0.0.1', port: '8080' },
  { address: '10.0.0.2', port: '8080' },
];
const ANNOTATED = { metadata: { annotations: { 'kube-entry.io/path': '/own' } } };

function catalogOf(engine: 'wire' | 'node' = 'wire'): Catalog {
  const catalog = new Catalog({ allowExternalName: false, waitsFor: 'services', engine });
  catalog.replace([service('web')]);
  catalog.commit();
  return catalog;
}

function push(catalog: Catalog, ...records: object[]): void {
  catalog.replacePushed(new PushReader().read(JSON.stringify(records)));
  catalog.commit();
}

/** Each of the Services has the endpoint 10.0.0.1:8080, and one that is leaving. */
function giveEndpoints(catalog: Catalog, ...names: string[]): void {
  for (const name of names) {
    const conditions = { ready: false, serving: true, terminating: true };
    const endpoints = [endpoint('10.0.0.1'), endpoint('10.0.0.2', '', { conditions })];
    const slice = readEndpointSlice(endpointSlice(name, { endpoints }), 'default');
    assert.ok(!isShapeProblem(slice));
    catalog.endpoints.setSlices({ namespace: 'default', name }, [slice]);
  }
  catalog.commit();
}

/** The cluster of the watched Service `web` once a record of its name says this. */
function clusterWith(fields: object): Cluster {
  const catalog = catalogOf();
  push(catalog, { name: 'default-web-80', endpoints: TWO, ...fields });
  return catalog.cluster('default/web:80')?.cluster as Cluster;
}

test('endpoints take turns where a record says nothing, and are spread as load-balance says', () => {
  assert.deepEqual(clusterWith({}).balance, { policy: 'round-robin' });
  assert.deepEqual(clusterWith({ 'load-balance': '' }).balance, { policy: 'round-robin' });
  assert.deepEqual(clusterWith({ 'load-balance': null }).balance, { policy: 'round-robin' });
  assert.deepEqual(clusterWith({ 'load-balance': 'round_robin' }).balance, { policy: 'round-robin' });
  assert.deepEqual(clusterWith({ 'load-balance': 'ewma' }).balance, { policy: 'ewma' });
});

test('a hash counts more than load-balance, and may lead to a subset', () => {
  const by = (fields: object): Cluster['balance'] =>
    clusterWith({ 'load-balance': 'ewma', upstreamHashByConfig: fields }).balance;
  assert.deepEqual(by({ 'upstream-hash-by-subset-size': 3 }), { policy: 'ewma' });
  assert.deepEqual(by({ 'upstream-hash-by': '$request_uri' }), { policy: 'hash', key: { from: 'uri' } });
  assert.deepEqual(by({ 'upstream-hash-by': '$http_x_user', 'upstream-hash-by-subset': true }), {
    policy: 'hash',
    key: { from: 'header', name: 'x-user' },
    subset: 3,
  });
  assert.deepEqual(
    by({ 'upstream-hash-by': '$host', 'upstream-hash-by-subset': true, 'upstream-hash-by-subset-size': 5 }),
    { policy: 'hash', key: { from: 'text', parts: [{ variable: 'host' }] }, subset: 5 },
  );
});

test('a sticky cookie has the name, the path and the life of the record', () => {
  const cookie = (fields: object): Cluster['affinity'] =>
    clusterWith({ sessionAffinityConfig: { name: 'cookie', cookieSessionAffinity: fields } }).affinity;
  const plain = { name: 'INGRESSCOOKIE', path: '', domain: '', sameSite: 'Lax', secure: 'auto' };
  assert.deepEqual(cookie({ name: '' }), plain);
  assert.deepEqual(cookie({ name: 'route', path: '/shop', maxage: '60', expires: '120', locations: { a: ['/'] } }), {
    ...plain,
    name: 'route',
    path: '/shop',
    maxAgeSeconds: 60,
  });
  assert.deepEqual(cookie({ name: 'route', expires: '120' })?.maxAgeSeconds, 120);
  assert.equal(
    clusterWith({ sessionAffinityConfig: { name: '', cookieSessionAffinity: { name: 'x' } } }).affinity,
    undefined,
  );
});

test('what the Service says of itself stays where a record is silent', () => {
  const catalog = catalogOf();
  const annotations = { path: '/web', balance: 'ewma', affinity: 'cookie', 'affinity-samesite': 'Strict' };
  catalog.replace([service('web', { annotations: { ...annotations, 'max-requests': '7' } })]);
  push(catalog, {
    name: 'default-web-80',
    endpoints: TWO,
    sessionAffinityConfig: { name: 'cookie', cookieSessionAffinity: { name: 'route' } },
  });
  const cluster = catalog.cluster('default/web:80')?.cluster;
  assert.equal(cluster?.maxRequests, 7);
  assert.deepEqual(cluster?.balance, { policy: 'ewma' });
  assert.deepEqual([cluster?.affinity?.name, cluster?.affinity?.sameSite], ['route', 'Strict']);
});

test('the first alternative of a record takes requests by its own rule, with its own endpoints', () => {
  const catalog = catalogOf();
  const canary = {
    name: 'canary',
    port: 80,
    endpoints: [{ address: '10.0.0.9', port: '80' }],
    noServer: true,
    service: ANNOTATED,
    trafficShapingPolicy: { weight: 20, header: 'X-Canary', headerValue: '', cookie: 'beta' },
  };
  const primary = { name: 'default-web-80', endpoints: TWO, alternativeBackends: ['canary', 'more'] };
  push(catalog, primary, canary);
  const route = catalog.table.match('', '/web');
  assert.deepEqual(route?.canary, {
    weight: 20,
    header: 'x-canary',
    headerValue: '',
    cookie: 'beta',
    cluster: '~pushed canary',
  });
  const served = catalog.cluster('~pushed canary');
  assert.deepEqual(
    served?.endpoints.map(({ id }) => id),
    ['10.0.0.9:80'],
  );
  assert.deepEqual(served?.cluster.service, { namespace: 'pushed', name: 'canary' });
  assert.equal(catalog.table.match('', '/own'), undefined, 'without a server it has no place of its own');

  push(catalog, primary, { ...canary, noServer: false });
  assert.equal(catalog.table.match('', '/own')?.cluster, '~pushed canary', 'with one it has both');
  assert.equal(catalog.table.match('', '/web')?.canary?.cluster, '~pushed canary');

  for (const others of [[primary], [primary, { ...canary, trafficShapingPolicy: {} }], []]) {
    push(catalog, ...others);
    assert.equal(catalog.table.match('', '/web')?.canary, undefined);
  }
});

test('the fields of later versions count: a total of the weight, and a pattern of the header', () => {
  const ruleOf = (shaping: object): object | undefined => {
    const catalog = catalogOf();
    push(
      catalog,
      { name: 'default-web-80', endpoints: TWO, alternativeBackends: ['canary'] },
      { name: 'canary', endpoints: TWO, noServer: true, trafficShapingPolicy: shaping },
    );
    return catalog.table.match('', '/web')?.canary;
  };
  const rule = { cluster: '~pushed canary', header: '', headerValue: '', cookie: '' };
  const rows: readonly (readonly [shaping: object, rule: object])[] = [
    [
      { weight: 200, weightTotal: 1000 },
      { weight: 200, weightTotal: 1000 },
    ],
    [{ weight: 5, weightTotal: 100 }, { weight: 5 }],
    [{ weight: 5, weightTotal: 50 }, { weight: 5 }],
    [
      { header: 'X-User', headerPattern: '^(ann|bob)$' },
      { weight: 0, header: 'x-user', headerPattern: '^(ann|bob)$' },
    ],
    [
      { header: 'X-User', headerValue: 'ann', headerPattern: '(' },
      { weight: 0, header: 'x-user', headerValue: 'ann' },
    ],
  ];
  for (const [shaping, expected] of rows) assert.deepEqual(ruleOf(shaping), { ...rule, ...expected });
});

test('workers have the cluster of a canary for as long as a route leads to it', () => {
  const catalog = catalogOf();
  const canary = { name: 'canary', endpoints: TWO, trafficShapingPolicy: { weight: 1 } };
  const records = [{ name: 'default-web-80', endpoints: TWO, alternativeBackends: ['canary'] }, canary];
  catalog.replacePushed(new PushReader().read(JSON.stringify(records)));
  assert.ok(catalog.commit()?.clusters.upserts.some(({ id }) => id === '~pushed canary'));
  catalog.replacePushed(new PushReader().read(JSON.stringify([canary])));
  assert.deepEqual(catalog.commit()?.clusters.removals, ['~pushed canary']);
});

test('a record that cannot be meant is refused with its place, and nothing of the push is used', () => {
  const rows: [fields: object, message: RegExp][] = [
    [{ 'load-balance': 'least_conn' }, /^\[1\]\.load-balance: "least_conn" must be one of round_robin, ewma/],
    [{ trafficShapingPolicy: { weight: 101 } }, /^\[1\]\.trafficShapingPolicy\.weight: must be .* from 0 to 100/],
    [{ trafficShapingPolicy: { weight: 9, weightTotal: -1 } }, /^\[1\]\.trafficShapingPolicy\.weightTotal: /],
    [
      { trafficShapingPolicy: { weight: 1001, weightTotal: 1000 } },
      /^\[1\]\.trafficShapingPolicy\.weight: must be .* to 1000/,
    ],
    [{ trafficShapingPolicy: { header: 'X', headerPattern: '(' } }, /^\[1\]\.trafficShapingPolicy\.headerPattern: /],
    [{ 'load-balance': 'constructor' }, /^\[1\]\.load-balance: /],
    [{ sessionAffinityConfig: { name: 'ip' } }, /^\[1\]\.sessionAffinityConfig\.name: "ip" must be one of cookie/],
    [
      { sessionAffinityConfig: { name: 'cookie', cookieSessionAffinity: { name: 'a\r\nX: y' } } },
      /^\[1\]\.sessionAffinityConfig\.cookieSessionAffinity\.name: "a\\r\\nX: y" is not the name of a cookie/,
    ],
    [
      { sessionAffinityConfig: { name: 'cookie', cookieSessionAffinity: { name: 'a', path: '/;a' } } },
      /\.cookieSessionAffinity\.path: "\/;a" must hold neither a semicolon/,
    ],
    [
      { sessionAffinityConfig: { name: 'cookie', cookieSessionAffinity: { name: 'a', maxage: '-1' } } },
      /\.cookieSessionAffinity\.maxage: must be whole seconds/,
    ],
    [
      { upstreamHashByConfig: { 'upstream-hash-by': '$no_such' } },
      /^\[1\]\.upstreamHashByConfig\.upstream-hash-by: \$no_such is no variable that a key may hold/,
    ],
    [{ upstreamHashByConfig: { 'upstream-hash-by': 'constant' } }, /has no variable/],
    [{ trafficShapingPolicy: { header: 'a b' } }, /^\[1\]\.trafficShapingPolicy\.header: must be the name of a header/],
    [{ trafficShapingPolicy: { cookie: 'a;b' } }, /^\[1\]\.trafficShapingPolicy\.cookie: "a;b" is not the name/],
  ];
  for (const [fields, message] of rows) {
    const catalog = catalogOf();
    const records = [
      { name: 'default-web-80', endpoints: TWO },
      { name: 'bad', endpoints: TWO, ...fields },
    ];
    assert.throws(() => push(catalog, ...records), { name: 'PushError', message }, JSON.stringify(fields));
    assert.equal(catalog.commit(), undefined);
    assert.deepEqual(catalog.cluster('default/web:80')?.cluster.balance, { policy: 'service' });
  }
});

test('with the engine node, a record that asks for more than turns is refused', () => {
  const asks: [fields: object, field: string][] = [
    [{ 'load-balance': 'ewma' }, 'load-balance'],
    [{ upstreamHashByConfig: { 'upstream-hash-by': '$uri' } }, 'upstreamHashByConfig'],
    [{ sessionAffinityConfig: { name: 'cookie' } }, 'sessionAffinityConfig'],
    [{ trafficShapingPolicy: { weight: 1 } }, 'trafficShapingPolicy'],
  ];
  for (const [fields, field] of asks) {
    const message = `[0].${field}: needs --engine wire: with --engine node, endpoints take turns`;
    assert.throws(() => push(catalogOf('node'), { name: 'a', ...fields }), { name: 'PushError', message });
  }
  push(catalogOf('node'), { name: 'default-web-80', endpoints: TWO, 'load-balance': 'round_robin' });
});

test('all that is in force is shown in the fields of ingress-nginx 0.25, and may be pushed back', () => {
  const catalog = new Catalog({ allowExternalName: false, waitsFor: 'services' });
  const annotations = { path: '/a,/b', balance: 'hash header:X-User', affinity: 'cookie', 'affinity-max-age': '1h' };
  catalog.replace([
    service('web', { annotations }),
    service('shop', {
      annotations: { path: '/', host: 'shop.test', balance: 'ewma', affinity: 'cookie', 'affinity-path': '/' },
    }),
  ]);
  giveEndpoints(catalog, 'web', 'shop');
  const shown = catalog.backends().map(viewBackend);
  assert.deepEqual(shown[0]?.endpoints, [{ address: '10.0.0.1', port: '8080' }]);
  assert.deepEqual(shown[0]?.sessionAffinityConfig, {
    name: 'cookie',
    cookieSessionAffinity: { name: 'INGRESSCOOKIE', maxage: '3600', locations: { _: ['/a', '/b'] } },
  });
  assert.deepEqual(shown[0]?.upstreamHashByConfig, {
    'upstream-hash-by': '$http_x_user',
    'upstream-hash-by-subset-size': 3,
  });
  assert.equal(shown[1]?.['load-balance'], 'ewma');
  assert.deepEqual(shown[1]?.sessionAffinityConfig, {
    name: 'cookie',
    cookieSessionAffinity: { name: 'INGRESSCOOKIE', locations: { 'shop.test': ['/'] }, path: '/' },
  });
  const before = [catalog.cluster('default/web:80')?.cluster, catalog.cluster('default/shop:80')?.cluster];
  catalog.replacePushed(new PushReader().read(JSON.stringify(shown)));
  catalog.commit();
  assert.deepEqual([catalog.cluster('default/web:80')?.cluster, catalog.cluster('default/shop:80')?.cluster], before);
});

test('a watched Service shows what was pushed under its name', () => {
  const catalog = catalogOf();
  const shaping = { weight: 5, header: 'X', headerValue: 'v', cookie: '' };
  const said = {
    'load-balance': 'round_robin',
    noServer: true,
    sslPassthrough: true,
    trafficShapingPolicy: shaping,
    alternativeBackends: ['canary'],
  };
  push(catalog, { name: 'default-web-80', endpoints: TWO, ...said });
  const [web] = catalog.backends().map(viewBackend);
  assert.deepEqual(web?.endpoints, TWO);
  for (const [field, value] of Object.entries(said)) assert.deepEqual(web?.[field], value, field);
  assert.deepEqual(Object.keys(web ?? {}), [
    'name',
    'service',
    'port',
    'secureCACert',
    'sslPassthrough',
    'endpoints',
    'sessionAffinityConfig',
    'upstreamHashByConfig',
    'load-balance',
    'noServer',
    'trafficShapingPolicy',
    'alternativeBackends',
  ]);
});

test('what a record asks of the TLS port is said to have no effect, or refused: it is never left out in silence', () => {
  const catalog = catalogOf();
  const record = (name: string, annotations: Readonly<Record<string, string>>): object => ({
    name,
    endpoints: TWO,
    service: {
      spec: { ports: [{ port: 80 }] },
      metadata: {
        annotations: Object.fromEntries(
          Object.entries(annotations).map(([key, value]) => [`kube-entry.io/${key}`, value]),
        ),
      },
    },
  });
  push(
    catalog,
    record('named', { path: '/named', host: 'a.example', 'tls-secret': 'own' }),
    record('sealed', { path: '/sealed', host: 'b.example', 'tls-passthrough': 'true' }),
    record('strict', { path: '/strict', host: 'c.example', 'client-ca-secret': 'ca' }),
  );
  assert.deepEqual(
    [...catalog.warnings(), ...catalog.refusals()].map(({ severity, reason, message }) => [severity, reason, message]),
    [
      [
        'warning',
        'AnnotationWithoutEffect',
        'kube-entry.io/tls-secret: has no effect in a pushed record: Secrets are read for Services of the Kubernetes API and of manifests',
      ],
      [
        'refused',
        'BadAnnotation',
        'kube-entry.io/tls-passthrough: is for Services of the Kubernetes API and of manifests, not for pushed records',
      ],
      [
        'refused',
        'AuthoritiesNotUsable',
        'kube-entry.io/client-ca-secret: the Secret ca cannot be used: Secrets are read for Services of the Kubernetes API and of manifests',
      ],
    ],
  );
});
