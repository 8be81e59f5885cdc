/** Services that policies of others name: what the catalog keeps of them, and when. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Catalog } from '../../src/control/catalog.ts';
import { clustersOf } from '../../src/model/route.ts';
import { readEndpointSlice } from '../../src/resources/endpoint-slice.ts';
import { isShapeProblem } from '../../src/resources/service-object.ts';
import { endpoint, endpointSlice } from '../support/endpoint-slices.ts';
import { service } from '../support/services.ts';
import { catalogOf } from './catalog-fixture.ts';

const PAGES = { namespace: 'default', name: 'pages' };
const plain = service('pages', { annotations: {}, spec: { clusterIP: '10.96.0.8' } });
const balanced = service('pages', { annotations: { balance: 'least-request' }, spec: { clusterIP: '10.96.0.8' } });

function shop(pages = 'pages 404', name = 'shop') {
  const annotations = { path: `/${name}`, ...(pages !== '' && { 'error-pages': pages }) };
  return service(name, { annotations });
}

function clustersAt(catalog: Catalog, path = '/shop'): string[] {
  const route = catalog.table.match('', path);
  return route === undefined ? [] : clustersOf(route);
}

function reasons(catalog: Catalog): string[] {
  return catalog.warnings().map(({ object, reason }) => `${object.name} ${reason}`);
}

test('a Service that is named need not be exposed, and goes when it is named no longer', () => {
  for (const order of [
    [plain, shop()],
    [shop(), plain],
  ]) {
    const catalog = catalogOf(...order);
    assert.deepEqual(clustersAt(catalog), ['default/shop:80', 'default/pages:80']);
    assert.deepEqual(
      catalog.cluster('default/pages:80')?.endpoints.map(({ address }) => address),
      ['10.96.0.8'],
    );
    assert.deepEqual(reasons(catalog), []);
    catalog.upsert(shop(''));
    const delta = catalog.commit();
    assert.deepEqual(delta?.clusters.removals, ['default/pages:80']);
    assert.deepEqual(catalog.referred(), []);
  }
});

test('two Services may name one: it goes with the last of them', () => {
  const catalog = catalogOf(shop(), shop('pages 503', 'cart'), plain);
  catalog.remove(shop().metadata);
  assert.deepEqual(catalog.commit()?.clusters.removals, ['default/shop:80']);
  assert.deepEqual(clustersAt(catalog, '/cart'), ['default/cart:80', 'default/pages:80']);
  catalog.remove(shop('', 'cart').metadata);
  assert.deepEqual(catalog.commit()?.clusters.removals.toSorted(), ['default/cart:80', 'default/pages:80']);
});

test('a policy waits for its Service, which is said, and comes by itself', () => {
  const catalog = catalogOf(shop());
  assert.deepEqual(clustersAt(catalog), ['default/shop:80'], 'the route is served without it');
  assert.deepEqual(reasons(catalog), ['shop ServiceNotFound']);
  catalog.upsert(plain);
  const delta = catalog.commit();
  assert.deepEqual(
    delta?.clusters.upserts.map(({ id }) => id),
    ['default/pages:80'],
  );
  assert.deepEqual([delta?.routes.upserts.length, reasons(catalog)], [1, []]);
  catalog.remove(plain.metadata);
  catalog.commit();
  assert.deepEqual([clustersAt(catalog), reasons(catalog)], [['default/shop:80'], ['shop ServiceNotFound']]);
  catalog.upsert(service('pages', { annotations: {}, spec: { clusterIP: 'None' } }));
  catalog.commit();
  assert.deepEqual(reasons(catalog), ['shop ServiceNotUsable']);
});

test('its endpoints are asked for while a policy needs them, and the news of them reaches the cluster', () => {
  const catalog = catalogOf(shop(), balanced);
  const { demand } = catalog.endpoints;
  assert.deepEqual([...demand.values()], [PAGES]);
  const slice = readEndpointSlice(endpointSlice('pages', { endpoints: [endpoint('10.0.0.1')] }), 'default');
  assert.ok(!isShapeProblem(slice));
  catalog.endpoints.setSlices(PAGES, [slice]);
  const delta = catalog.commit();
  assert.deepEqual(
    delta?.endpoints.map(({ cluster, endpoints }) => [cluster, endpoints[0]?.address]),
    [['default/pages:80', '10.0.0.1']],
  );
  assert.deepEqual(delta?.routes.upserts, [], 'no route is touched');
  catalog.upsert(shop(''));
  assert.equal(demand.size, 0);
  catalog.upsert(shop());
  catalog.upsert(plain);
  catalog.commit();
  assert.equal(demand.size, 0, 'its ClusterIP needs none');
});

test('a Service that is exposed and named has one cluster, whichever goes first', () => {
  const exposed = service('pages', { annotations: { path: '/pages' }, spec: { clusterIP: '10.96.0.8' } });
  const catalog = catalogOf(shop(), exposed);
  assert.deepEqual(clustersAt(catalog, '/pages'), ['default/pages:80']);
  catalog.upsert(plain);
  assert.deepEqual(catalog.commit()?.clusters.removals, []);
  assert.deepEqual(clustersAt(catalog), ['default/shop:80', 'default/pages:80']);
  catalog.upsert(exposed);
  catalog.commit();
  catalog.upsert(shop(''));
  assert.deepEqual(catalog.commit()?.clusters.removals, []);
  assert.equal(catalog.cluster('default/pages:80')?.endpoints.length, 1);
});

test('a Service may name itself', () => {
  const catalog = catalogOf(shop('shop 404'));
  assert.deepEqual(clustersAt(catalog), ['default/shop:80', 'default/shop:80']);
  catalog.remove(shop().metadata);
  assert.deepEqual(catalog.commit()?.clusters.removals, ['default/shop:80']);
});
