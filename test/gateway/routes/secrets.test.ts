/** Secrets that annotations of routes name, as the catalog knows them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Catalog } from '../../../src/control/catalog.ts';
import { GATEWAY_KIND_NAMES, readGatewayObject } from '../../../src/resources/gateway/gateway-kinds.ts';
import type { GatewayKind } from '../../../src/resources/gateway/gateway-object.ts';
import { readSecret } from '../../../src/resources/secret.ts';
import { isShapeProblem } from '../../../src/resources/service-object.ts';
import { HASHES } from '../../support/passwords.ts';
import { secret } from '../../support/secrets.ts';
import { service } from './scene.ts';

const USERS = { namespace: 'infra', name: 'users' };

test('an HTTPRoute that asks for a password is served as soon as its Secret is there', () => {
  const catalog = new Catalog({
    allowExternalName: false,
    waitsFor: 'services',
    gatewayController: 'test.example/gateway',
    gatewayAddresses: ['192.0.2.1'],
  });
  for (const kind of GATEWAY_KIND_NAMES) catalog.gateways.replace(kind, []);
  catalog.replace([service('v1')]);
  const add = (kind: GatewayKind, name: string, spec: object, annotations: object = {}): void => {
    const object = readGatewayObject(kind, { metadata: { name, annotations }, spec }, 'infra');
    assert.ok(!isShapeProblem(object), JSON.stringify(object));
    catalog.gateways.upsert(kind, object);
  };
  add('GatewayClass', 'ours', { controllerName: 'test.example/gateway' });
  add('Gateway', 'gateway', { gatewayClassName: 'ours', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] });
  add(
    'HTTPRoute',
    'route',
    { parentRefs: [{ name: 'gateway' }], rules: [{ backendRefs: [{ name: 'v1', port: 8080 }] }] },
    { 'kube-entry.io/basic-auth': 'users' },
  );
  const kinds = (): (string | undefined)[] => {
    catalog.commit();
    return [...catalog.table.routes()].map(route => route.policies?.[0]?.kind);
  };
  assert.deepEqual(kinds(), ['unavailable']);
  assert.deepEqual([...catalog.secrets.named.demand.values()], [USERS]);
  const metadata = { ...USERS, resourceVersion: '' };
  catalog.secrets.named.setSecret(USERS, readSecret(secret('users', { auth: `ann:${HASHES.sha1}` }, USERS), metadata));
  assert.deepEqual(kinds(), ['basic-auth']);
  catalog.gateways.remove('HTTPRoute', { namespace: 'infra', name: 'route' });
  assert.deepEqual(kinds(), []);
  assert.deepEqual([...catalog.secrets.named.demand.values()], []);
});
