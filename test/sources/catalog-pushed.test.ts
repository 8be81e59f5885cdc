/** What is pushed to a catalog, beside watched Services and alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { viewBackend } from '../../src/admin/backend-view.ts';
import { Catalog } from '../../src/control/catalog.ts';
import { routeKey } from '../../src/model/route.ts';
import { PushReader } from '../../src/sources/pushed.ts';
import { service } from '../support/services.ts';
import { addresses, annotated, catalogOf, clusterAt, pushed } from './catalog-fixture.ts';

test('a catalog of pushed backends waits for the first push, be it empty', () => {
  const catalog = new Catalog({ allowExternalName: false, waitsFor: 'pushed' });
  assert.equal(catalog.isInitialised, false);
  catalog.replacePushed([]);
  assert.equal(catalog.isInitialised, true);
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
  catalog.replacePushed(new PushReader().read(JSON.stringify(catalog.backends().map(viewBackend))));
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
