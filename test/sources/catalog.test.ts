import assert from 'node:assert/strict';
import { test } from 'node:test';
import { viewBackend } from '../../src/admin/backend-view.ts';
import { Catalog } from '../../src/control/catalog.ts';
import type { ClusterInForce } from '../../src/model/cluster.ts';
import { type Route, routeKey } from '../../src/model/route.ts';
import type { ServiceObject } from '../../src/resources/service-object.ts';
import { type PushedBackend, parsePushedBackends } from '../../src/sources/pushed.ts';
import fc from '../support/property.ts';
import { service } from '../support/services.ts';

const OPTIONS = { allowExternalName: false, waitsFor: 'services' } as const;

function catalogOf(...services: ServiceObject[]): Catalog {
  const catalog = new Catalog(OPTIONS);
  catalog.replace(services);
  catalog.commit();
  return catalog;
}

function pushed(...records: unknown[]): PushedBackend[] {
  return parsePushedBackends(JSON.stringify(records));
}

function annotated(name: string, path: string, endpoints: unknown = [{ address: '10.0.0.9', port: '8080' }]): unknown {
  return { name, port: 8080, endpoints, service: { metadata: { annotations: { 'kube-entry.io/path': path } } } };
}

function clusterAt(catalog: Catalog, path: string): ClusterInForce | undefined {
  const route = catalog.table.match('', path);
  return route && catalog.cluster(route.cluster);
}

function addresses(catalog: Catalog, path: string): string[] | undefined {
  return clusterAt(catalog, path)?.endpoints.map(({ address, port }) => `${address}:${port}`);
}

test('nothing is served before the source that is waited for has given a complete set', () => {
  const catalog = new Catalog(OPTIONS);
  catalog.upsert(service('web'));
  catalog.replacePushed(pushed(annotated('own', '/own')));
  assert.equal(catalog.isInitialised, false);
  assert.equal(catalog.commit(), undefined);
  assert.equal(catalog.table.size, 0);
  catalog.replace([service('web')]);
  assert.equal(catalog.isInitialised, true);
  assert.deepEqual(catalog.commit()?.routes.upserts.map(routeKey), [' /web', ' /own']);
});

test('a catalog of pushed backends waits for the first push, be it empty', () => {
  const catalog = new Catalog({ allowExternalName: false, waitsFor: 'pushed' });
  assert.equal(catalog.isInitialised, false);
  catalog.replacePushed([]);
  assert.equal(catalog.isInitialised, true);
});

test('a complete set takes out what is not in it', () => {
  const catalog = catalogOf(service('a'), service('b'));
  catalog.replace([service('b'), service('c')]);
  const delta = catalog.commit();
  assert.deepEqual(delta?.routes.removals, [{ host: '', path: '/a' }]);
  assert.deepEqual(delta?.routes.upserts.map(routeKey), [' /c']);
});

test('a change that is not served makes no new version', () => {
  const catalog = catalogOf(service('web'));
  const { metadata, spec } = service('web');
  catalog.upsert({ metadata: { ...metadata, resourceVersion: '43' }, spec: { ...spec, selector: { app: 'web' } } });
  assert.equal(catalog.commit(), undefined);
  catalog.upsert(service('hidden', { annotations: {} }));
  assert.equal(catalog.commit(), undefined);
  catalog.remove({ namespace: 'default', name: 'unknown' });
  assert.equal(catalog.commit(), undefined);
  assert.equal(catalog.table.version, 1);
});

test('a Service edited into something invalid keeps nothing, and the reason shows until it is mended', () => {
  const catalog = catalogOf(service('web'), service('other'));
  catalog.upsert(service('web', { annotations: { path: 'web' } }));
  assert.deepEqual(catalog.commit()?.routes.removals, [{ host: '', path: '/web' }]);
  assert.deepEqual(
    catalog.refusals().map(({ reason, object: { name } }) => [name, reason]),
    [['web', 'BadAnnotation']],
  );
  assert.deepEqual(addresses(catalog, '/other'), ['10.96.0.1:80']);
  catalog.upsert(service('web'));
  assert.equal(catalog.commit()?.routes.upserts.length, 1);
  assert.deepEqual(catalog.refusals(), []);
});

test('warnings are shown beside routes', () => {
  const catalog = catalogOf(service('web', { annotations: { path: '/web', pathe: '/x' } }));
  assert.equal(catalog.warnings()[0]?.field, 'kube-entry.io/pathe');
  assert.equal(catalog.table.size, 1);
});

test('a moved path is one change: the old goes and the new comes in one version', () => {
  const catalog = catalogOf(service('web'));
  catalog.upsert(service('web', { annotations: { path: '/moved' } }));
  const delta = catalog.commit();
  assert.deepEqual(
    [delta?.version, delta?.routes.upserts.map(routeKey), delta?.routes.removals],
    [2, [' /moved'], [{ host: '', path: '/web' }]],
  );
});

test('the older of two Services keeps the path, and the younger takes over when it goes', () => {
  const older = service('older', {
    annotations: { path: '/x' },
    createdAt: '2020-01-01T00:00:00Z',
    spec: { clusterIP: '10.96.0.2' },
  });
  const younger = service('a-younger', { annotations: { path: '/x' }, createdAt: '2021-01-01T00:00:00Z' });
  const catalog = catalogOf(younger, older);
  assert.deepEqual(addresses(catalog, '/x'), ['10.96.0.2:80']);
  assert.deepEqual(catalog.conflicts(), [
    {
      host: '',
      path: '/x',
      winner: { namespace: 'default', name: 'older' },
      loser: { namespace: 'default', name: 'a-younger' },
    },
  ]);
  catalog.remove(older.metadata);
  const delta = catalog.commit();
  assert.deepEqual(delta?.routes.removals, []);
  assert.deepEqual(addresses(catalog, '/x'), ['10.96.0.1:80']);
  assert.deepEqual(catalog.conflicts(), []);
});

test('pushed endpoints take over a watched backend, and it has its ClusterIP back when they are cleared', () => {
  const catalog = catalogOf(service('web', { annotations: { path: '/web,/www' } }), service('other'));
  const endpoints = [
    { address: '10.0.0.1', port: '8080' },
    { address: '10.0.0.2', port: 8081 },
  ];
  catalog.replacePushed(pushed({ name: 'default-web-80', endpoints }));
  assert.equal(catalog.commit()?.endpoints.length, 1);
  for (const path of ['/web', '/www']) assert.deepEqual(addresses(catalog, path), ['10.0.0.1:8080', '10.0.0.2:8081']);
  assert.deepEqual(addresses(catalog, '/other'), ['10.96.0.1:80']);

  catalog.upsert(service('web', { annotations: { path: '/www' }, spec: { clusterIP: '10.96.0.9' } }));
  catalog.commit();
  assert.deepEqual(
    addresses(catalog, '/www'),
    ['10.0.0.1:8080', '10.0.0.2:8081'],
    'a change of the Service leaves them',
  );

  catalog.replacePushed([]);
  assert.equal(catalog.commit()?.endpoints.length, 1);
  assert.deepEqual(addresses(catalog, '/www'), ['10.96.0.9:80']);
});

test('the same push again makes no new version', () => {
  const catalog = catalogOf(service('web'));
  const push = () =>
    pushed({ name: 'default-web-80', endpoints: [{ address: '10.0.0.1', port: '80' }] }, annotated('own', '/own'));
  catalog.replacePushed(push());
  assert.equal(catalog.commit()?.version, 2);
  catalog.replacePushed(push());
  assert.equal(catalog.commit(), undefined);
});

test('a pushed record with annotations makes a route of its own, to its endpoints, until the next push', () => {
  const catalog = catalogOf(service('web'));
  catalog.replacePushed(
    pushed(annotated('own', '/own'), { name: 'plain', endpoints: [{ address: '10.0.0.1', port: '1' }] }),
  );
  assert.deepEqual(catalog.commit()?.routes.upserts.map(routeKey), [' /own']);
  assert.deepEqual(addresses(catalog, '/own'), ['10.0.0.9:8080']);
  assert.equal(clusterAt(catalog, '/own')?.cluster.name, 'own');
  catalog.replacePushed(pushed(annotated('next', '/next')));
  const delta = catalog.commit();
  assert.deepEqual(
    [delta?.routes.upserts.map(routeKey), delta?.routes.removals],
    [[' /next'], [{ host: '', path: '/own' }]],
  );
});

test('a pushed record without endpoints leads to the ClusterIP of its Service', () => {
  const catalog = catalogOf();
  const metadata = { annotations: { 'kube-entry.io/path': '/own' } };
  catalog.replacePushed(
    pushed({ name: 'own', service: { metadata, spec: { clusterIP: '10.96.0.5', ports: [{ port: 81 }] } } }),
  );
  catalog.commit();
  assert.deepEqual(addresses(catalog, '/own'), ['10.96.0.5:81']);
});

test('a bad annotation of a pushed record is refused by the rules of Services, the others go on', () => {
  const catalog = catalogOf();
  catalog.replacePushed(pushed(annotated('bad', 'own'), annotated('half', '/\ud800'), annotated('good', '/good')));
  assert.deepEqual(catalog.commit()?.routes.upserts.map(routeKey), [' /good']);
  assert.deepEqual(
    catalog.refusals().map(({ reason, object: { name } }) => [name, reason]),
    [
      ['bad', 'BadAnnotation'],
      ['half', 'BadAnnotation'],
    ],
  );
});

test('a pushed route waits while a watched Service has its name, or its path', () => {
  const catalog = catalogOf(service('web', { createdAt: '2020-01-01T00:00:00Z' }));
  catalog.replacePushed(pushed(annotated('default-web-80', '/elsewhere'), annotated('own', '/web')));
  catalog.commit();
  assert.deepEqual(addresses(catalog, '/web'), ['10.0.0.9:8080'], 'the endpoints of the one with the same name');
  assert.equal(catalog.table.match('', '/elsewhere'), undefined);
  assert.deepEqual(
    catalog.conflicts().map(({ loser }) => loser.name),
    ['own'],
  );
  catalog.remove({ namespace: 'default', name: 'web' });
  catalog.commit();
  assert.ok(catalog.table.match('', '/elsewhere') !== undefined);
  assert.equal(clusterAt(catalog, '/web')?.cluster.name, 'own');
});

test('a watched Service can be asked for, a pushed one cannot', () => {
  const web = service('web');
  const catalog = catalogOf(web);
  catalog.replacePushed(pushed(annotated('own', '/own')));
  assert.equal(catalog.serviceOf({ namespace: 'default', name: 'web' }), web);
  assert.equal(catalog.serviceOf({ namespace: 'pushed', name: 'own' }), undefined);
});

test('an exposed Service is shown as ingress-nginx 0.25 shows a backend, field by field', () => {
  const catalog = catalogOf(
    service('web', { annotations: { path: '/web,/www' } }),
    service('hidden', { annotations: {} }),
  );
  const [record, ...others] = catalog.backends().map(viewBackend);
  assert.deepEqual(others, []);
  assert.deepEqual(record, {
    name: 'default-web-80',
    service: {
      metadata: { creationTimestamp: null },
      spec: { type: 'ClusterIP', clusterIP: '10.96.0.1', ports: [{ name: 'http', port: 80 }] },
      status: { loadBalancer: {} },
    },
    port: 80,
    secureCACert: { secret: '', caFilename: '', pemSha: '' },
    sslPassthrough: false,
    endpoints: [{ address: '10.96.0.1', port: '80' }],
    sessionAffinityConfig: { name: '', cookieSessionAffinity: { name: '' } },
    upstreamHashByConfig: { 'upstream-hash-by-subset-size': 3 },
    noServer: false,
    trafficShapingPolicy: { weight: 0, header: '', headerValue: '', cookie: '' },
  });
});

test('what is shown can be pushed back: it then changes nothing', () => {
  const catalog = catalogOf(service('web'), service('other', { spec: { clusterIP: 'fd00::7' } }));
  catalog.replacePushed(parsePushedBackends(JSON.stringify(catalog.backends().map(viewBackend))));
  assert.equal(catalog.commit(), undefined);
});

test('pushed records are shown as they came, and endpoints in force with the backend they serve', () => {
  const catalog = catalogOf(service('web'));
  const other = { name: 'other', endpoints: [], future: { field: 1 } };
  catalog.replacePushed(pushed(other, { name: 'default-web-80', endpoints: [{ address: '10.0.0.1', port: '8080' }] }));
  catalog.commit();
  const [web, shown, ...rest] = catalog.backends().map(viewBackend);
  assert.deepEqual(web?.endpoints, [{ address: '10.0.0.1', port: '8080' }]);
  assert.deepEqual(shown, other);
  assert.deepEqual(rest, []);
});

test('with pushed backends alone, what was pushed is what is shown', () => {
  const catalog = new Catalog({ allowExternalName: false, waitsFor: 'pushed' });
  assert.deepEqual(catalog.backends(), []);
  const records = [annotated('own', '/own'), { name: 'b', unknown: [null] }];
  catalog.replacePushed(pushed(...records));
  assert.deepEqual(catalog.backends().map(viewBackend), records);
});

const SERVICES: readonly ServiceObject[] = [
  service('a', { createdAt: '2020-01-01T00:00:00Z' }),
  service('a', { annotations: { path: '/b,/own' } }),
  service('a', { annotations: { path: 'bad' } }),
  service('a', { annotations: {} }),
  service('b', { createdAt: '2021-01-01T00:00:00Z' }),
  service('b', { annotations: { path: '/a,/b' } }),
  service('c', { annotations: { path: '/a' }, spec: { ports: [{ port: 81 }] } }),
  service('c', { annotations: { path: '/c', pathe: '/a' } }),
];
const RECORDS: readonly unknown[] = [
  { name: 'default-a-80', endpoints: [{ address: '10.0.0.1', port: '80' }] },
  { name: 'default-c-81', endpoints: [{ address: '10.0.0.2', port: '80' }] },
  annotated('default-b-80', '/own'),
  annotated('own', '/own', []),
  annotated('second', '/a'),
  {
    name: 'namesake',
    endpoints: [{ address: '::1', port: 1 }],
    service: { metadata: { name: 'b', namespace: 'default', annotations: { 'kube-entry.io/path': '/b' } } },
  },
];

type Step = (catalog: Catalog) => void;
const anyServices = fc
  .subarray([...SERVICES])
  .map(list => [...new Map(list.map(object => [object.metadata.name, object])).values()]);
const anyPush = fc.shuffledSubarray([...RECORDS]).map(records => pushed(...records));
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  anyServices.map(
    (services): Step =>
      catalog =>
        catalog.replace(services),
  ),
  fc.constantFrom(...SERVICES).map(
    (object): Step =>
      catalog =>
        catalog.upsert(object),
  ),
  fc.constantFrom(...SERVICES).map(
    (object): Step =>
      catalog =>
        catalog.remove(object.metadata),
  ),
  anyPush.map(
    (push): Step =>
      catalog =>
        catalog.replacePushed(push),
  ),
  fc.constant<Step>(catalog => void catalog.commit()),
);

/** All that a catalog shows, without the order in which it came. */
function stateOf(catalog: Catalog): unknown {
  const sorted = (values: readonly unknown[]) => values.map(value => JSON.stringify(value)).sort();
  return {
    routes: sorted([...catalog.table.routes()] satisfies Route[]),
    clusters: sorted([...catalog.table.routes()].map(({ cluster }) => catalog.cluster(cluster))),
    conflicts: sorted(catalog.conflicts()),
    refusals: sorted(catalog.refusals()),
    warnings: sorted(catalog.warnings()),
    backends: sorted(catalog.backends().map(viewBackend)),
  };
}

test('whatever happened before and in whatever order, the same Services and the same push make the same table', () => {
  fc.assert(
    fc.property(
      fc.array(anyStep, { maxLength: 12 }),
      anyServices,
      anyPush,
      fc.boolean(),
      (steps, services, push, pushedFirst) => {
        const used = new Catalog(OPTIONS);
        for (const step of steps) step(used);
        if (pushedFirst) used.replacePushed(push);
        used.replace([...services].reverse());
        if (!pushedFirst) used.replacePushed(push);
        used.commit();

        const fresh = new Catalog(OPTIONS);
        fresh.replacePushed(push);
        fresh.replace(services);
        fresh.commit();
        assert.deepEqual(stateOf(used), stateOf(fresh));
        assert.equal(used.commit(), undefined);
      },
    ),
    { numRuns: 1_000 },
  );
});

test('what is news is what changed since it was taken last, however much else is refused or in conflict', () => {
  const catalog = new Catalog(OPTIONS);
  const contested = { annotations: { path: '/contested' } };
  const refused = Array.from({ length: 100 }, (_, index) => service(`r${index}`, { annotations: { path: 'bad' } }));
  catalog.replace([...refused, service('first', contested), service('second', contested)]);
  catalog.commit();
  const all = catalog.takeNews();
  assert.equal([...all.refusals.values()].flat().length, 100);
  assert.equal([...all.conflicts.values()].flat().length, 1);

  catalog.upsert(service('r7', { annotations: { path: 'worse' } }));
  catalog.upsert(service('r8'));
  catalog.commit();
  const { refusals, conflicts } = catalog.takeNews();
  assert.deepEqual(
    [...refusals].map(([owner, found]) => [owner, found.map(({ reason }) => reason)]),
    [
      ['default/r7', ['BadAnnotation']],
      ['default/r8', []],
    ],
  );
  assert.deepEqual([...conflicts.values()].flat(), []);

  catalog.remove({ namespace: 'default', name: 'second' });
  catalog.commit();
  const last = catalog.takeNews();
  assert.deepEqual([...last.refusals.keys()], ['default/second']);
  assert.deepEqual(
    [...last.conflicts].filter(([, found]) => found.length > 0),
    [],
  );
  assert.equal(last.conflicts.size, 1, 'the place is settled');
});
