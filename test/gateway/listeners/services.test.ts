/** Gateways that are reached by a Service each: which ports and addresses they have, whatever stands in the Services. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KnownGatewayServices } from '../../../src/control/catalog/gateway-services.ts';
import type { GatewayKinds } from '../../../src/resources/gateway/gateway-object.ts';
import type { GatewayService } from '../../../src/resources/gateway/gateway-service.ts';
import { gatewayServiceName } from '../../../src/translate/gateway/services/gateway-service.ts';
import { condition, gateway, readAll, statusOf } from './scene.ts';

type Gateway = GatewayKinds['Gateway'];
const RANGE = { first: 20_000, last: 20_003 };

function named(name: string, year: string, spec: object = {}): Gateway {
  return gateway(spec, { name, uid: `uid-${name}`, createdAt: `${year}-01-01T00:00:00Z` });
}

/** The Service of a Gateway as it should be, or with some of it changed. */
function serviceOf({ metadata, spec }: Gateway, change: Partial<GatewayService> = {}): GatewayService {
  return {
    ...{ namespace: metadata.namespace, name: gatewayServiceName({ metadata, spec }), uid: `service-${metadata.name}` },
    owners: new Set([metadata.uid ?? '']),
    targets: new Map([[80, 20_000]]),
    addresses: [{ type: 'IPAddress', value: '192.0.2.1' }],
    isConnected: true,
    ...change,
  };
}

function known(...services: readonly GatewayService[]): KnownGatewayServices {
  const all = new KnownGatewayServices({ type: 'LoadBalancer', host: '0.0.0.0', range: RANGE });
  all.set(services);
  return all;
}

/** Where it is listened on. */
function listened(gateways: readonly Gateway[], gatewayServices: KnownGatewayServices): Record<string, string[]> {
  const readings = readAll({ gateways, gatewayServices });
  return Object.fromEntries(
    readings.map(({ gateway: { metadata }, ports }) => [metadata.name, ports.map(({ id }) => id)]),
  );
}

function programmed(one: Gateway, gatewayServices: KnownGatewayServices): string | undefined {
  const world = { gateways: [one], gatewayServices, portState: () => ({ state: 'listening' }) as const };
  return condition(statusOf('Gateway', world, one.metadata.name).conditions, 'Programmed');
}

describe('a Gateway that is reached by a Service', () => {
  const one = named('one', '2020');

  test('is listened on where the Service leads, and clients know the port of its listener', () => {
    const [reading] = readAll({ gateways: [one], gatewayServices: known(serviceOf(one)) });
    assert.deepEqual(
      reading?.ports.map(({ listen, publicPort }) => ({ listen, publicPort })),
      [{ listen: { host: '0.0.0.0', port: 20_000 }, publicPort: 80 }],
    );
  });

  test('is programmed once the Service has an address and an EndpointSlice', () => {
    assert.equal(programmed(one, known()), 'False Pending');
    assert.equal(programmed(one, known(serviceOf(one, { addresses: [] }))), 'False AddressNotAssigned');
    assert.equal(programmed(one, known(serviceOf(one, { isConnected: false }))), 'False Pending');
    assert.equal(programmed(one, known(serviceOf(one))), 'True Programmed');
  });

  test('names the host name of a load balancer as its address', () => {
    const addresses = [{ type: 'Hostname', value: 'lb.example.com' }];
    const world = { gateways: [one], gatewayServices: known(serviceOf(one, { addresses })) };
    assert.deepEqual(statusOf('Gateway', world, 'one').addresses, addresses);
  });

  test('that asks for an address has it, or says that it has another one', () => {
    const asking = named('one', '2020', { addresses: [{ type: 'IPAddress', value: '2001:DB8::1' }] });
    assert.equal(programmed(asking, known(serviceOf(asking))), 'False AddressNotUsable');
    const addresses = [{ type: 'IPAddress', value: '2001:db8:0::1' }];
    assert.equal(programmed(asking, known(serviceOf(asking, { addresses }))), 'True Programmed');
  });

  test('is not served by a Service of the same name that was made for something else', () => {
    for (const owners of [new Set<string>(), new Set(['uid-of-another'])]) {
      const services = known(serviceOf(one, { owners }));
      assert.deepEqual(listened([one], services), { one: [] });
      assert.equal(programmed(one, services), 'False AddressNotAssigned');
    }
  });

  test('tells why its Service cannot be made', () => {
    const services = known();
    const ref = { namespace: one.metadata.namespace, name: gatewayServiceName(one) };
    services.setProblem(ref, { reason: 'AddressNotUsable', message: 'the API server refuses it' });
    assert.equal(programmed(one, services), 'False AddressNotUsable');
    services.setProblem(ref, undefined);
    assert.equal(programmed(one, services), 'False Pending');
  });
});

describe('a user who writes into the Service of a Gateway', () => {
  const [older, younger] = [named('older', '2020'), named('younger', '2021')];

  test('does not get the port that an older Gateway has', () => {
    const services = known(serviceOf(older), serviceOf(younger));
    assert.deepEqual(listened([younger, older], services), { older: ['0.0.0.0:20000'], younger: [] });
  });

  test('does not take a port from a younger Gateway that has it', () => {
    const other = new Map([[80, 20_001]]);
    const services = known(serviceOf(older), serviceOf(younger, { targets: other }));
    assert.deepEqual(listened([older, younger], services), { older: ['0.0.0.0:20000'], younger: ['0.0.0.0:20001'] });
    services.set([serviceOf(older, { targets: other }), serviceOf(younger, { targets: other })]);
    assert.deepEqual(listened([older, younger], services), { older: [], younger: ['0.0.0.0:20001'] });
  });

  test('does not use up the ports of others with ports that no listener has', () => {
    const all = new Map([80, 81, 82, 83].map((port, index) => [port, 20_000 + index]));
    const services = known(serviceOf(older, { targets: all }));
    assert.deepEqual(listened([older], services), { older: ['0.0.0.0:20000'] });
    assert.equal(services.free(new Set()), 20_001);
  });

  test('does not make this program listen on other ports than those of the setting', () => {
    for (const target of [22, 8080, 19_999, 20_004, 65_535]) {
      const services = known(serviceOf(older, { targets: new Map([[80, target]]) }));
      assert.deepEqual(listened([older], services), { older: [] }, String(target));
    }
  });

  test('does not lead two ports of a Gateway to one', () => {
    const two = named('two', '2020', {
      listeners: [80, 81].map(port => ({ name: `http-${port}`, port, protocol: 'HTTP' })),
    });
    const targets = new Map([80, 81].map(port => [port, 20_001]));
    assert.deepEqual(listened([two], known(serviceOf(two, { targets }))), { two: ['0.0.0.0:20001'] });
  });
});

describe('the name of a Service', () => {
  const nameOf = (name: string, gatewayClassName = 'ours'): string =>
    gatewayServiceName(gateway({ gatewayClassName }, { name }));

  test('is that of the Gateway and of its class, as the API recommends', () => {
    assert.equal(nameOf('web'), 'web-ours');
  });

  test('is a DNS label that begins with a letter, and different Gateways have different ones', () => {
    const long = 'a'.repeat(63);
    const names = [long, `${long}b`, `${'a'.repeat(200)}.example`, `${'a'.repeat(200)}.example2`, '7up', 'a.b', 'x'];
    const services = names.map(name => nameOf(name));
    for (const service of services) assert.match(service, /^[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$/);
    assert.equal(new Set(services).size, names.length);
  });
});
