/** Canaries, and with them Services that others name: what the catalog keeps of them, and when. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { viewBackend } from '../../src/admin/backend-view.ts';
import type { Catalog } from '../../src/control/catalog.ts';
import { readEndpointSlice } from '../../src/resources/endpoint-slice.ts';
import { isShapeProblem } from '../../src/resources/service-object.ts';
import { endpoint, endpointSlice } from '../support/endpoint-slices.ts';
import { service } from '../support/services.ts';
import { addresses, annotated, catalogOf, pushed } from './catalog-fixture.ts';

const PRIMARY = service('shop', { spec: { clusterIP: '10.96.0.7' } });

function canary(name: string, annotations: Record<string, string> = {}, createdAt = '2024-01-01T00:00:00Z') {
  return service(name, {
    annotations: { 'canary-of': 'shop', canary: 'weight=10', ...annotations },
    createdAt,
    spec: { clusterIP: '10.96.0.8' },
  });
}

function canaryAt(catalog: Catalog, path = '/shop'): string | undefined {
  return catalog.table.match('', path)?.canary?.cluster;
}

function warnings(catalog: Catalog): string[] {
  return catalog.warnings().map(({ object, reason }) => `${object.name} ${reason}`);
}

/** What a source says of the endpoints of `next`. */
function giveEndpoint(catalog: Catalog): void {
  const slice = readEndpointSlice(endpointSlice('next', { endpoints: [endpoint('10.0.0.1')] }), 'default');
  assert.ok(!isShapeProblem(slice));
  catalog.endpoints.setSlices({ namespace: 'default', name: 'next' }, [slice]);
  catalog.commit();
}

test('a canary comes and goes with its Service, in whichever order the two come', () => {
  for (const order of [
    [PRIMARY, canary('next')],
    [canary('next'), PRIMARY],
  ]) {
    const catalog = catalogOf(...order);
    assert.equal(canaryAt(catalog), 'default/next:80');
    assert.deepEqual(
      catalog.cluster('default/next:80')?.endpoints.map(({ address }) => address),
      ['10.96.0.8'],
    );
    assert.deepEqual(warnings(catalog), []);
    assert.equal(catalog.table.size, 1, 'it has no route of its own');
    catalog.remove(canary('next').metadata);
    const delta = catalog.commit();
    assert.equal(canaryAt(catalog), undefined);
    assert.deepEqual(delta?.clusters.removals, ['default/next:80']);
  }
});

test('a canary of a Service that is not there is a warning until it comes', () => {
  const catalog = catalogOf(canary('next'));
  assert.deepEqual(warnings(catalog), ['next ServiceNotFound']);
  assert.equal(catalog.commit(), undefined, 'nothing leads to it');
  catalog.upsert(PRIMARY);
  const delta = catalog.commit();
  assert.deepEqual(delta?.clusters.upserts.map(({ id }) => id).sort(), ['default/next:80', 'default/shop:80']);
  assert.equal(canaryAt(catalog), 'default/next:80');
  assert.deepEqual(warnings(catalog), []);
  catalog.remove(PRIMARY.metadata);
  assert.deepEqual(catalog.commit()?.clusters.removals.length, 2);
  assert.deepEqual(warnings(catalog), ['next ServiceNotFound']);
  catalog.upsert(service('shop', { annotations: {} }));
  catalog.commit();
  assert.deepEqual(warnings(catalog), ['next ServiceNotUsable'], 'it has no path');
});

test('of two canaries of a Service the older counts, and the other one takes over when it goes', () => {
  const older = canary('older', {}, '2020-01-01T00:00:00Z');
  const catalog = catalogOf(canary('a-younger'), PRIMARY, older);
  assert.equal(canaryAt(catalog), 'default/older:80');
  assert.deepEqual(warnings(catalog), ['a-younger CanaryConflict']);
  assert.match(catalog.warnings()[0]?.message ?? '', /the canary of default\/shop is the older Service default\/older/);
  catalog.upsert(canary('a-younger', { canary: 'weight=20' }));
  catalog.commit();
  assert.deepEqual(warnings(catalog), ['a-younger CanaryConflict']);
  catalog.remove(older.metadata);
  catalog.commit();
  assert.equal(canaryAt(catalog), 'default/a-younger:80');
  assert.equal(catalog.table.match('', '/shop')?.canary?.weight, 20);
  assert.deepEqual(warnings(catalog), []);
});

test('a canary with a bad value takes no request, and the Service says why', () => {
  const catalog = catalogOf(PRIMARY, canary('next', { canary: 'weight=many' }));
  assert.equal(canaryAt(catalog), undefined);
  assert.deepEqual(
    catalog.refusals().map(({ object, reason }) => [object.name, reason]),
    [['next', 'BadAnnotation']],
  );
});

test('a canary may have a route of its own, and loses neither role', () => {
  const catalog = catalogOf(PRIMARY, canary('next', { path: '/next' }));
  assert.equal(canaryAt(catalog), 'default/next:80');
  assert.deepEqual(addresses(catalog, '/next'), ['10.96.0.8:80']);
  catalog.upsert(canary('next', {}));
  catalog.commit();
  assert.equal(catalog.table.match('', '/next'), undefined);
  assert.equal(canaryAt(catalog), 'default/next:80', 'it goes on as the canary');
  assert.deepEqual(catalog.cluster('default/next:80')?.endpoints.length, 1);
});

test('the endpoints of a canary are asked for while it asks to be balanced, and no longer', () => {
  const catalog = catalogOf(PRIMARY, canary('next'));
  const { demand } = catalog.endpoints;
  assert.equal(demand.size, 0);
  catalog.upsert(canary('next', { balance: 'least-request' }));
  assert.deepEqual([...demand.values()], [{ namespace: 'default', name: 'next' }]);
  giveEndpoint(catalog);
  assert.deepEqual(
    catalog.cluster('default/next:80')?.endpoints.map(({ address }) => address),
    ['10.0.0.1'],
  );
  catalog.remove(canary('next').metadata);
  assert.equal(demand.size, 0);
});

test('a canary binds clients by the cookie of its primary, unless it says something of its own', () => {
  const bound = service('shop', { annotations: { path: '/shop', affinity: 'cookie', 'affinity-name': 'shop' } });
  const catalog = catalogOf(bound, canary('next'));
  giveEndpoint(catalog);
  const cookie = (): string | undefined => catalog.cluster('default/next:80')?.cluster.affinity?.name;
  assert.equal(cookie(), 'shop');
  catalog.upsert(service('shop', { annotations: { path: '/shop', affinity: 'cookie', 'affinity-name': 'cart' } }));
  catalog.commit();
  assert.equal(cookie(), 'cart');
  catalog.upsert(canary('next', { affinity: 'cookie', 'affinity-name': 'own' }));
  catalog.commit();
  assert.equal(cookie(), 'own');
});

test('the canary of a record that was pushed for the primary counts before that of a Service', () => {
  const catalog = catalogOf(PRIMARY, canary('next'));
  const record = { ...(annotated('default-shop-80', '/unused') as object), alternativeBackends: ['beta'] };
  const beta = {
    ...{ name: 'beta', port: 80, endpoints: [{ address: '10.0.0.9', port: '80' }] },
    trafficShapingPolicy: { weight: 50, header: '', headerValue: '', cookie: '' },
  };
  catalog.replacePushed(pushed(record, beta));
  catalog.commit();
  assert.equal(canaryAt(catalog), '~pushed beta');
  catalog.replacePushed([]);
  catalog.commit();
  assert.equal(canaryAt(catalog), 'default/next:80');
});

test('nothing is kept of Services that nothing names', () => {
  const catalog = catalogOf(PRIMARY, service('plain', { annotations: {} }), canary('next'));
  assert.deepEqual(
    catalog.referred().map(({ metadata }) => metadata.name),
    ['shop'],
  );
  catalog.remove(canary('next').metadata);
  assert.deepEqual(catalog.referred(), []);
});

test('a canary and what it takes requests of are shown as ingress-nginx shows them', () => {
  const rule = { canary: 'weight=1/1000 header=X-User~^ann cookie=c' };
  const shown = catalogOf(PRIMARY, canary('next', rule)).backends().map(viewBackend);
  const byName = new Map(shown.map(backend => [backend.name, backend]));
  const [shop, next] = [byName.get('default-shop-80'), byName.get('default-next-80')];
  assert.deepEqual(shop?.alternativeBackends, ['default-next-80']);
  assert.deepEqual(next?.trafficShapingPolicy, {
    ...{ weight: 1, weightTotal: 1000, header: 'x-user', headerValue: '', headerPattern: '^ann', cookie: 'c' },
  });
  assert.deepEqual(
    [shop?.trafficShapingPolicy, next?.alternativeBackends],
    [{ weight: 0, header: '', headerValue: '', cookie: '' }, undefined],
  );
});
