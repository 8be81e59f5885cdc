/** ConfigMaps of a state file are served from the first table on, also those that are asked for only once it is translated. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KnownConfigMaps } from '../../../src/control/catalog/known-config-maps.ts';
import { Catalog } from '../../../src/control/catalog.ts';
import type { ConfigMap } from '../../../src/resources/config-map.ts';
import { GATEWAY_KIND_NAMES, readGatewayObject } from '../../../src/resources/gateway/gateway-kinds.ts';
import type { GatewayKind, GatewayKinds } from '../../../src/resources/gateway/gateway-object.ts';
import { readIngress } from '../../../src/resources/ingress-object.ts';
import { isShapeProblem } from '../../../src/resources/service-object.ts';
import { GatewayKeeper, NO_GATEWAYS } from '../../../src/sources/kube/gateway-keeper.ts';
import { IngressKeeper } from '../../../src/sources/kube/ingress-keeper.ts';
import { CONTROLLER, gateway, gatewayClass, httpRoute } from '../../support/gateways.ts';
import { ingress } from '../../support/ingresses.ts';
import { selfSigned } from '../../support/self-signed.ts';
import { service } from '../../support/services.ts';

const CONFIG = { namespace: 'ingress-nginx', name: 'controller' };
const HEADERS = { namespace: 'ingress-nginx', name: 'headers' };
const CA = { namespace: 'default', name: 'ca' };

function configMap(metadata: ConfigMap['metadata'], data: Readonly<Record<string, string>>): ConfigMap {
  return { metadata, data: new Map(Object.entries(data)) };
}

function read<K extends GatewayKind>(kind: K, object: object): GatewayKinds[K] {
  const found = readGatewayObject(kind, object, 'default');
  assert.ok(!isShapeProblem(found), JSON.stringify(found));
  return found;
}

function ingressCatalog(): Catalog {
  const settings = { allowExternalName: false, ingressClass: ['nginx'], ingressConfigmap: CONFIG };
  const made = new Catalog({ waitsFor: 'services', ...settings });
  made.replace([service('web', { annotations: {} })]);
  return made;
}

function policiesOf(catalog: Catalog): unknown {
  catalog.commit();
  return [...catalog.table.routes()].map(({ policies }) => policies);
}

test('the ConfigMap that the one of ingress-nginx names counts for the first table, and is kept until the API server speaks', () => {
  const object = readIngress(ingress('web'), 'default');
  assert.ok(!isShapeProblem(object));
  const config = configMap(CONFIG, { 'add-headers': 'ingress-nginx/headers' });
  const headers = configMap(HEADERS, { 'X-A': '1' });
  const saved = { ingresses: [object], ingressClasses: [], configMaps: [config, headers] };
  const made = ingressCatalog();
  const keeper = new IngressKeeper(made.ingresses);
  keeper.restore(saved);
  const edits = [{ op: 'set', name: 'X-A', value: '1' }];
  assert.deepEqual(policiesOf(made), [[{ kind: 'response-headers', edits }]]);
  assert.deepEqual(keeper.kept, saved, 'a state that is written now loses nothing');
  keeper.replace([object]);
  keeper.classes.replace([]);
  assert.deepEqual(policiesOf(made), [[{ kind: 'response-headers', edits }]]);
  keeper.configMaps.configMapUnreadable(HEADERS, 'no right');
  assert.deepEqual(policiesOf(made), [[{ kind: 'response-headers', edits }]]);
  keeper.configMaps.setConfigMap(HEADERS, undefined);
  assert.deepEqual(policiesOf(made), [undefined]);
  assert.deepEqual(
    keeper.kept.configMaps.map(({ metadata }) => metadata.name),
    ['controller'],
  );
});

test('the authorities of a BackendTLSPolicy count for the first table', () => {
  const targetRefs = [{ group: '', kind: 'Service', name: 'shop' }];
  const validation = { hostname: 'shop.test', caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }] };
  const apiVersion = 'gateway.networking.k8s.io/v1';
  const metadata = { name: 'shop', namespace: 'default', generation: 1 };
  const made = new Catalog({
    ...{ waitsFor: 'services', allowExternalName: false },
    ...{ gatewayController: CONTROLLER, gatewayAddresses: ['127.0.0.1'] },
  });
  made.replace([service('shop', { annotations: {} })]);
  const keeper = new GatewayKeeper(made.gateways);
  const objects = GATEWAY_KIND_NAMES.flatMap(kind => {
    switch (kind) {
      case 'GatewayClass':
        return { kind, object: read(kind, gatewayClass()) };
      case 'Gateway':
        return { kind, object: read(kind, gateway()) };
      case 'HTTPRoute':
        return { kind, object: read(kind, httpRoute('shop')) };
      case 'BackendTLSPolicy':
        return { kind, object: read(kind, { apiVersion, kind, metadata, spec: { targetRefs, validation } }) };
      default:
        return [];
    }
  });
  const { cert } = selfSigned({ names: ['ca.test'] });
  keeper.restore({ ...NO_GATEWAYS, gatewayObjects: objects, configMaps: [configMap(CA, { 'ca.crt': cert })] });
  const delta = made.commit();
  const [{ tls } = {}] = delta?.clusters.upserts ?? [];
  assert.ok(tls?.ca !== undefined, JSON.stringify(delta));
});

test('what a state file held is forgotten where nothing has asked for it by the time the API server has spoken', () => {
  const known = new KnownConfigMaps();
  for (const ref of [CA, HEADERS]) known.restoreConfigMap(configMap(ref, { a: '1' }));
  known.ask('one', [CA]);
  known.forgetRestored();
  assert.equal(known.of(CA).state, 'known');
  assert.equal(known.of(HEADERS).state, 'awaited');
  known.ask('one', []);
  assert.equal(known.of(CA).state, 'awaited');
});
