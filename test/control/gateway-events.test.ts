import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Announcer } from '../../src/control/announcer.ts';
import { Catalog } from '../../src/control/catalog.ts';
import { silentLogger } from '../../src/observe/logger.ts';
import { GATEWAY_KIND_NAMES, readGatewayObject } from '../../src/resources/gateway/gateway-kinds.ts';
import type { GatewayKind, GatewayKinds } from '../../src/resources/gateway/gateway-object.ts';
import { isShapeProblem } from '../../src/resources/service-object.ts';
import { eventObject, type ServiceEvent } from '../../src/sources/kube/event-object.ts';
import { CONTROLLER, gateway, gatewayClass, httpRoute, namespace } from '../support/gateways.ts';
import { service } from '../support/services.ts';

function read<K extends GatewayKind>(kind: K, object: object): GatewayKinds[K] {
  const found = readGatewayObject(kind, object, 'default');
  assert.ok(!isShapeProblem(found), JSON.stringify(found));
  return found;
}

/** The owners of objects of the Gateway API, and what they are told. */
class Owners {
  readonly catalog = new Catalog({
    ...{ allowExternalName: false, waitsFor: 'services' },
    ...{ gatewayController: CONTROLLER, gatewayAddresses: ['127.0.0.1'] },
  });
  readonly events: ServiceEvent[] = [];
  readonly #announcer = new Announcer(this.catalog, silentLogger());

  constructor() {
    this.#announcer.events = { record: event => void this.events.push(event) };
    const { gateways } = this.catalog;
    for (const kind of GATEWAY_KIND_NAMES) gateways.replace(kind, []);
    gateways.replace('GatewayClass', [read('GatewayClass', gatewayClass())]);
    gateways.replace('Gateway', [read('Gateway', gateway())]);
    gateways.replace('Namespace', [read('Namespace', namespace('default'))]);
    this.catalog.replace([service('shop', { annotations: {} })]);
    this.commit();
  }

  /** @returns what was told, as kubectl would show it */
  commit(): string[] {
    this.#announcer.announce(this.catalog.commit(), 'all');
    return this.events.map(
      ({ service: { kind = 'Service', name }, type, reason, message }) =>
        `${kind} ${name}: ${type} ${reason} ${message}`,
    );
  }
}

test('what is wrong with a route of a Gateway is a warning on it, once', () => {
  const owners = new Owners();
  const rules = [{ filters: [{ type: 'Unheard' }], backendRefs: [{ name: 'shop', port: 80 }] }];
  owners.catalog.gateways.upsert('HTTPRoute', read('HTTPRoute', httpRoute('a', { rules })));
  const told = owners.commit();
  assert.equal(told.length, 1, told.join('\n'));
  assert.match(told[0] ?? '', /^HTTPRoute a: Warning \w+ .*Unheard/);
  owners.catalog.gateways.upsert('HTTPRoute', read('HTTPRoute', httpRoute('a', { rules, hostnames: ['b.example'] })));
  assert.deepEqual(owners.commit(), told);
  const [event] = owners.events;
  assert.ok(event);
  const { involvedObject, metadata } = eventObject(event, { at: 0, reportingInstance: 'one' });
  assert.equal(involvedObject.apiVersion, 'gateway.networking.k8s.io/v1');
  assert.equal(involvedObject.kind, 'HTTPRoute');
  assert.equal(metadata.namespace, 'default');
});

test('a Service hears nothing of the routes of Gateways that lead to it', () => {
  const owners = new Owners();
  const rules = [{ backendRefs: [{ name: 'shop', port: 80 }] }];
  const { gateways } = owners.catalog;
  gateways.upsert('HTTPRoute', read('HTTPRoute', httpRoute('a', { rules })));
  assert.deepEqual(owners.commit(), []);
  gateways.remove('HTTPRoute', { namespace: 'default', name: 'a' });
  assert.deepEqual(owners.commit(), []);
});

test('an Event about a GatewayClass, which belongs to no namespace, is in the default one', () => {
  const about = { kind: 'GatewayClass', namespace: '', name: 'entry' } as const;
  const event = { service: about, type: 'Warning', reason: 'Invalid', message: '' } as const;
  const { metadata, involvedObject } = eventObject(event, { at: 0, reportingInstance: 'one' });
  assert.equal(metadata.namespace, 'default');
  assert.ok(!('namespace' in involvedObject));
});
