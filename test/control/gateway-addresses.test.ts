/** Gateways with addresses of a pool: which one each has while others come and go, and statuses are still being written. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Catalog } from '../../src/control/catalog.ts';
import { GATEWAY_KIND_NAMES, readGatewayObject } from '../../src/resources/gateway/gateway-kinds.ts';
import type { GatewayKind, GatewayKinds } from '../../src/resources/gateway/gateway-object.ts';
import { isShapeProblem } from '../../src/resources/service-object.ts';
import { CONTROLLER, gateway, gatewayClass } from '../support/gateways.ts';

const [FIRST, SECOND, THIRD] = ['192.0.2.1', '192.0.2.2', '192.0.2.3'] as const;

interface Stored {
  readonly uid?: string;
  readonly createdAt?: string;
  /** The address in its status; absent: nobody has written one. */
  readonly has?: string;
  readonly asks?: string;
}

function read<K extends GatewayKind>(kind: K, object: object): GatewayKinds[K] {
  const found = readGatewayObject(kind, object, 'default');
  assert.ok(!isShapeProblem(found), JSON.stringify(found));
  return found;
}

class Pool {
  readonly #catalog = new Catalog({
    ...{ allowExternalName: false, waitsFor: 'services', ingressClass: ['nginx'] },
    ...{ gatewayController: CONTROLLER, gatewayMode: 'addresses', gatewayAddresses: [FIRST, SECOND, THIRD] },
    ...{ listen: { host: '::', port: 8080 } },
  });

  constructor() {
    const { gateways, ingresses } = this.#catalog;
    for (const kind of GATEWAY_KIND_NAMES) gateways.replace(kind, []);
    gateways.replace('GatewayClass', [read('GatewayClass', gatewayClass())]);
    ingresses.classes.replace([]);
    ingresses.replace([]);
    this.#catalog.replace([]);
    this.#catalog.commit();
  }

  put(name: string, { uid = name, createdAt = '2026-01-01T00:00:00Z', has, asks }: Stored = {}): void {
    const manifest = gateway(name, asks === undefined ? {} : { addresses: [{ type: 'IPAddress', value: asks }] });
    const metadata = { ...manifest.metadata, uid, creationTimestamp: createdAt };
    const status = has === undefined ? undefined : { addresses: [{ type: 'IPAddress', value: has }] };
    this.#catalog.gateways.upsert('Gateway', read('Gateway', { ...manifest, metadata, status }));
    this.#catalog.commit();
  }

  remove(name: string): void {
    this.#catalog.gateways.remove('Gateway', { namespace: 'default', name });
    this.#catalog.commit();
  }

  /** By Gateway, its address. */
  get assigned(): Record<string, string | undefined> {
    const readings = this.#catalog.gateways.readings();
    return Object.fromEntries(
      readings.map(({ gateway, addressing }) => [gateway.metadata.name, addressing.addresses[0]?.value]),
    );
  }
}

test('a Gateway keeps its address when another one is freed before its status is seen', () => {
  const pool = new Pool();
  pool.put('goes');
  pool.put('stays');
  assert.deepEqual(pool.assigned, { goes: FIRST, stays: SECOND });
  pool.remove('goes');
  assert.deepEqual(pool.assigned, { stays: SECOND });
  pool.put('comes');
  assert.deepEqual(pool.assigned, { comes: FIRST, stays: SECOND });
});

test('an older Gateway that comes later takes no address of one whose status is not seen yet', () => {
  const pool = new Pool();
  pool.put('first');
  pool.put('older', { createdAt: '2025-01-01T00:00:00Z' });
  assert.deepEqual(pool.assigned, { older: SECOND, first: FIRST });
});

test('a status that names another address counts: the replica that writes has decided', () => {
  const pool = new Pool();
  pool.put('one');
  pool.put('one', { has: THIRD });
  pool.put('two');
  assert.deepEqual(pool.assigned, { one: THIRD, two: FIRST });
});

test('a Gateway that asks for an address leaves the one that it had', () => {
  const pool = new Pool();
  pool.put('one');
  pool.put('one', { asks: THIRD });
  pool.put('two');
  assert.deepEqual(pool.assigned, { one: THIRD, two: FIRST });
});

test('a Gateway that is made again is another one', () => {
  const pool = new Pool();
  pool.put('other');
  pool.put('one');
  pool.remove('other');
  pool.put('one', { uid: 'again' });
  assert.deepEqual(pool.assigned, { one: FIRST });
});
