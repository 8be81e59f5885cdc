import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Catalog } from '../../src/control/catalog.ts';
import { routeKey } from '../../src/model/route.ts';
import { service } from '../support/services.ts';
import { addresses, annotated, catalogOf, OPTIONS, pushed } from './catalog-fixture.ts';

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
