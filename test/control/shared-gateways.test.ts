/** Gateways on the ports of Services and Ingresses: who has a host while objects come and go. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Catalog } from '../../src/control/catalog.ts';
import type { GatewayPort } from '../../src/model/gateway-port.ts';
import { GATEWAY_KIND_NAMES, readGatewayObject } from '../../src/resources/gateway/gateway-kinds.ts';
import type { GatewayKind, GatewayKinds } from '../../src/resources/gateway/gateway-object.ts';
import { readIngress } from '../../src/resources/ingress-object.ts';
import { isShapeProblem } from '../../src/resources/service-object.ts';
import { CONTROLLER, gateway, gatewayClass, httpRoute, namespace } from '../support/gateways.ts';
import { type IngressFields, ingress } from '../support/ingresses.ts';
import { service } from '../support/services.ts';

function read<K extends GatewayKind>(kind: K, object: object): GatewayKinds[K] {
  const found = readGatewayObject(kind, object, 'default');
  assert.ok(!isShapeProblem(found), JSON.stringify(found));
  return found;
}

const at = (year: string): string => `${year}-01-01T00:00:00Z`;

class Shared {
  readonly catalog = new Catalog({
    ...{ allowExternalName: false, waitsFor: 'services', ingressClass: ['nginx'] },
    ...{ gatewayController: CONTROLLER, gatewayMode: 'shared', publishAddress: ['192.0.2.1'] },
    ...{ listen: { host: '::', port: 8080 }, tlsListen: { host: '::', port: 8443 } },
  });

  constructor() {
    const { gateways, ingresses } = this.catalog;
    for (const kind of GATEWAY_KIND_NAMES) gateways.replace(kind, []);
    gateways.replace('GatewayClass', [read('GatewayClass', gatewayClass())]);
    gateways.replace('Namespace', [read('Namespace', namespace('default'))]);
    gateways.upsert('HTTPRoute', read('HTTPRoute', httpRoute('web', { hostnames: [] })));
    ingresses.classes.replace([]);
    ingresses.replace([]);
    this.catalog.replace([service('web', { annotations: {} })]);
    this.catalog.commit();
  }

  gateway(hostnames: readonly string[], year: string): void {
    const listeners = hostnames.map((hostname, index) => ({
      ...{ name: `http-${index}`, port: 80, protocol: 'HTTP' },
      ...(hostname !== '' && { hostname }),
    }));
    const manifest = gateway('gate', { listeners });
    const aged = { ...manifest, metadata: { ...manifest.metadata, creationTimestamp: at(year) } };
    this.catalog.gateways.upsert('Gateway', read('Gateway', aged));
    this.catalog.commit();
  }

  service(host: string, year: string): void {
    this.catalog.upsert(service('mine', { annotations: { path: '/', host }, createdAt: at(year) }));
    this.catalog.commit();
  }

  ingress(fields: IngressFields): void {
    const object = readIngress(ingress('mine', { service: 'web', ...fields }), 'default');
    assert.ok(!('reason' in object));
    this.catalog.ingresses.upsert(object);
    this.catalog.commit();
  }

  /** Hostnames that listeners have. */
  get ofGateways(): string[] {
    const ports: GatewayPort[] = [...this.catalog.gateways.ports()];
    assert.ok(ports.every(({ isShared }) => isShared === true));
    return ports.flatMap(({ listeners }) => listeners.map(({ hostname }) => hostname)).sort();
  }

  /** Hosts of routes of Services and Ingresses. */
  get ofOthers(): string[] {
    const routes = [...this.catalog.table.routes()].filter(({ profile }) => profile !== 'gateway');
    return [...new Set(routes.map(({ host }) => host))].sort();
  }

  get conflicts(): string[] {
    return this.catalog
      .refusals()
      .flatMap(({ reason, object: { kind = 'Service' }, message }) =>
        reason === 'HostConflict' ? `${kind}: ${message}` : [],
      );
  }
}

test('a host that a Gateway names stays with an older Service, and goes to the Gateway with the Service', () => {
  const shared = new Shared();
  shared.gateway(['a.example', 'b.example'], '2022');
  assert.deepEqual(shared.ofGateways, ['a.example', 'b.example']);
  shared.service('a.example', '2021');
  assert.deepEqual([shared.ofGateways, shared.ofOthers], [['b.example'], ['a.example']]);
  shared.catalog.remove({ namespace: 'default', name: 'mine' });
  shared.catalog.commit();
  assert.deepEqual([shared.ofGateways, shared.ofOthers], [['a.example', 'b.example'], []]);
});

test('a younger Service gets no host of a Gateway, is told so, and has it once the Gateway names it no longer', () => {
  const shared = new Shared();
  shared.service('a.example', '2023');
  shared.gateway(['a.example'], '2022');
  assert.deepEqual([shared.ofGateways, shared.ofOthers], [['a.example'], []]);
  assert.match(shared.conflicts.join(), /^Service: the host a\.example belongs to the older Gateway default\/gate/);
  shared.gateway(['b.example'], '2022');
  assert.deepEqual([shared.ofGateways, shared.ofOthers, shared.conflicts], [['b.example'], ['a.example'], []]);
});

test('hosts are decided between Gateways and Ingresses by age, those that nothing names, too', () => {
  const shared = new Shared();
  shared.gateway(['', 'a.example'], '2022');
  shared.ingress({ host: 'a.example', createdAt: at('2023') });
  assert.deepEqual([shared.ofGateways, shared.ofOthers], [['', 'a.example'], []]);
  assert.match(shared.conflicts.join(), /^Ingress: the host a\.example belongs to the older Gateway/);
  shared.ingress({ host: '', createdAt: at('2023') });
  assert.deepEqual([shared.ofGateways, shared.ofOthers], [['', 'a.example'], []]);
  assert.match(shared.conflicts.join(), /^Ingress: whatever names no host belongs to the older Gateway/);
  shared.ingress({ host: '', createdAt: at('2021') });
  assert.deepEqual([shared.ofGateways, shared.ofOthers], [['a.example'], ['_']]);
});

test('a host that a wildcard takes belongs to whoever names it, however young', () => {
  const shared = new Shared();
  shared.gateway(['*.example'], '2020');
  shared.service('a.example', '2023');
  assert.deepEqual([shared.ofGateways, shared.ofOthers], [['*.example'], ['a.example']]);
});

test('the address in statuses follows the setting', () => {
  const shared = new Shared();
  shared.gateway(['a.example'], '2022');
  const addresses = (): unknown =>
    [...shared.catalog.gateways.statuses()].flatMap(({ status }) =>
      status.kind === 'Gateway' ? status.addresses : [],
    );
  assert.deepEqual(addresses(), [{ type: 'IPAddress', value: '192.0.2.1' }]);
  const settings = { publishService: undefined, publishAddress: ['lb.example.com'] };
  assert.ok(shared.catalog.gateways.settingsChanged(settings));
  shared.catalog.commit();
  assert.deepEqual(addresses(), [{ type: 'Hostname', value: 'lb.example.com' }]);
});
