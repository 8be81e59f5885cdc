import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Catalog } from '../../../src/control/catalog.ts';
import { GATEWAY_KIND_NAMES, readGatewayObject } from '../../../src/resources/gateway/gateway-kinds.ts';
import type { GatewayKind, GatewayKinds } from '../../../src/resources/gateway/gateway-object.ts';
import type { GatewayService } from '../../../src/resources/gateway/gateway-service.ts';
import { isShapeProblem } from '../../../src/resources/service-object.ts';
import { GatewayKeeper } from '../../../src/sources/kube/gateway-keeper.ts';
import { gatewayServiceName } from '../../../src/translate/gateway/services/gateway-service.ts';
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

test('Gateways of the mode service are reached after a restart by the Services that they had', () => {
  const settings = {
    gatewayMode: 'service',
    gatewayServiceType: 'LoadBalancer',
    gatewayPorts: { first: 10_000, last: 10_099 },
  } as const;
  const make = (): Catalog =>
    new Catalog({ allowExternalName: false, waitsFor: 'services', gatewayController: CONTROLLER, ...settings });
  const manifest = gateway();
  const owned = read('Gateway', { ...manifest, metadata: { ...manifest.metadata, uid: 'uid-0' } });
  const made: GatewayService = {
    ...{ namespace: 'default', name: gatewayServiceName(owned), uid: 'uid-1', owners: new Set(['uid-0']) },
    ...{ targets: new Map([[80, 10_080]]), addresses: [{ type: 'IPAddress', value: '192.0.2.1' }], isConnected: true },
  };
  const before = make();
  const keeper = new GatewayKeeper(before.gateways);
  fill(keeper);
  keeper.replace('Gateway', [owned]);
  let changes = 0;
  keeper.onChange = () => {
    changes += 1;
  };
  for (let times = 0; times < 2; times += 1) keeper.services.set([made], true);
  assert.equal(changes, 1);
  const after = make();
  const restored = new GatewayKeeper(after.gateways);
  restored.restore(keeper.kept);
  after.replace([service('shop', { annotations: {} })]);
  const portsOf = (catalog: Catalog): number[] => {
    catalog.commit();
    return [...catalog.gateways.ports()].map(({ listen }) => listen.port);
  };
  assert.deepEqual(portsOf(after), [10_080]);
  assert.deepEqual(restored.kept, keeper.kept, 'a state that is written now loses nothing');
  restored.services.set([], false);
  assert.deepEqual(portsOf(after), [10_080], 'the API server has not named all of them');
  restored.services.set([], true);
  assert.deepEqual(portsOf(after), []);
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
