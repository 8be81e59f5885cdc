import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Catalog } from '../../../src/control/catalog.ts';
import { GATEWAY_KIND_NAMES, readGatewayObject } from '../../../src/resources/gateway/gateway-kinds.ts';
import type { GatewayKind, GatewayKinds } from '../../../src/resources/gateway/gateway-object.ts';
import { isShapeProblem } from '../../../src/resources/service-object.ts';
import { GatewayKeeper } from '../../../src/sources/kube/gateway-keeper.ts';
import { CONTROLLER, gateway, gatewayClass, httpRoute, namespace } from '../../support/gateways.ts';
import { service } from '../../support/services.ts';

function read<K extends GatewayKind>(kind: K, object: object): GatewayKinds[K] {
  const found = readGatewayObject(kind, object, 'default');
  assert.ok(!isShapeProblem(found), JSON.stringify(found));
  return found;
}

function catalog(): Catalog {
  const gateways = { gatewayController: CONTROLLER, gatewayAddresses: ['127.0.0.1'] };
  return new Catalog({ allowExternalName: false, waitsFor: 'services', ...gateways });
}

function fill(keeper: GatewayKeeper): void {
  for (const kind of GATEWAY_KIND_NAMES) keeper.replace(kind, []);
  keeper.replace('GatewayClass', [read('GatewayClass', gatewayClass())]);
  keeper.replace('Gateway', [read('Gateway', gateway())]);
  keeper.replace('Namespace', [read('Namespace', namespace('default'))]);
  keeper.replace('HTTPRoute', [read('HTTPRoute', httpRoute('shop'))]);
}

test('what was kept makes the same routes after a restart, before the API server has said anything', () => {
  const before = catalog();
  const keeper = new GatewayKeeper(before.gateways);
  fill(keeper);
  before.replace([service('shop', { annotations: {} })]);
  const served = before.commit()?.routes.upserts.map(({ host }) => host);
  assert.deepEqual(served, ['shop.example']);
  assert.deepEqual(
    before.referred().map(({ metadata }) => metadata.name),
    ['shop'],
    'the Service of the route is kept, too',
  );
  const after = catalog();
  const restored = new GatewayKeeper(after.gateways);
  restored.restore(keeper.kept);
  after.replace(before.referred());
  assert.deepEqual(
    after.commit()?.routes.upserts.map(({ host }) => host),
    served,
  );
  assert.equal(restored.restored('HTTPRoute').length, 1);
  assert.deepEqual(restored.kept, keeper.kept, 'a state that is written now loses nothing');
  restored.replace('HTTPRoute', []);
  assert.deepEqual(restored.restored('HTTPRoute'), []);
  assert.equal(after.commit()?.routes.removals.length, 1);
});

test('a status that changes is no reason to write the file, and is heard of', () => {
  const keeper = new GatewayKeeper(catalog().gateways);
  fill(keeper);
  let changes = 0;
  const heard: string[] = [];
  keeper.onChange = () => {
    changes += 1;
  };
  keeper.onObject = (kind, { name }) => void heard.push(`${kind} ${name}`);
  const route = read('HTTPRoute', httpRoute('shop'));
  keeper.upsert('HTTPRoute', { ...route, status: { parents: [] } });
  assert.equal(changes, 0);
  assert.deepEqual(heard, ['HTTPRoute shop']);
  assert.deepEqual(keeper.get('HTTPRoute', { namespace: 'default', name: 'shop' })?.status, { parents: [] });
  keeper.upsert('HTTPRoute', read('HTTPRoute', httpRoute('shop', {}, { generation: 2 })));
  keeper.absent('HTTPRoute', 'it may not be read');
  assert.equal(changes, 1);
  keeper.absent('HTTPRoute', undefined);
  assert.equal(changes, 2);
  assert.equal(keeper.get('HTTPRoute', { namespace: 'default', name: 'shop' }), undefined);
});
