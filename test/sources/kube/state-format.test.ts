import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { readConfigMap } from '../../../src/resources/config-map.ts';
import { readGatewayObject } from '../../../src/resources/gateway/gateway-kinds.ts';
import type { GatewayService } from '../../../src/resources/gateway/gateway-service.ts';
import { readIngress, readIngressClass } from '../../../src/resources/ingress-object.ts';
import { isShapeProblem, type ServiceObject, type ShapeProblem } from '../../../src/resources/service-object.ts';
import { StateFileError } from '../../../src/sources/kube/errors.ts';
import { NO_GATEWAYS } from '../../../src/sources/kube/gateway-keeper.ts';
import { NO_INGRESSES } from '../../../src/sources/kube/ingress-keeper.ts';
import type { Origin } from '../../../src/sources/kube/origin.ts';
import { decodeState, encodeState, matters } from '../../../src/sources/kube/state-format.ts';
import { configMap, ingress, ingressClass } from '../../support/ingresses.ts';
import fc from '../../support/property.ts';
import { service } from '../../support/services.ts';

const ORIGIN: Origin = { server: 'https://10.96.0.1:443', authorities: ['aa'], namespaces: [], selector: '' };

async function encode(services: readonly ServiceObject[], origin = ORIGIN): Promise<Buffer> {
  return Buffer.concat(await encodeState(origin, { services, ...NO_INGRESSES, ...NO_GATEWAYS }, async () => {}));
}

function read<T extends object>(object: T | ShapeProblem): T {
  assert.ok(!isShapeProblem(object));
  return object;
}

/** A body that another program wrote, with a correct checksum. */
function signed(body: string, version = '1'): Buffer {
  const checksum = createHash('sha256').update(body).digest('hex');
  return Buffer.from(`kube-entry state ${version} sha256:${checksum}\n${body}`);
}

function assertRefused(content: Buffer, words: RegExp, origin = ORIGIN): void {
  assert.throws(
    () => decodeState(content, origin),
    (error: unknown) => {
      assert.ok(error instanceof StateFileError);
      assert.equal(error.code, 'STATE_FILE_REFUSED');
      assert.match(error.message, words);
      return true;
    },
  );
}

describe('the content of a state file', () => {
  it('comes back as it was written, without the annotations of others', async () => {
    const volume = service('volume', { createdAt: '2026-01-01T00:00:00Z' });
    const pv = service('pv', { namespace: 'shop', annotations: { path: '/pv\n/"x"', host: 'é.example.com' } });
    const annotated = {
      ...volume,
      metadata: { ...volume.metadata, annotations: { ...volume.metadata.annotations, 'other.io/secret': 'hush' } },
    };
    const content = await encode([annotated, pv]);
    assert.doesNotMatch(content.toString(), /hush/);
    const plain = (objects: readonly ServiceObject[]): unknown =>
      JSON.parse(JSON.stringify(objects.map(({ metadata, spec }) => ({ metadata, spec }))));
    assert.deepEqual(plain(decodeState(content, ORIGIN).services), plain([volume, pv]));
  });

  it('has Ingresses, classes and ConfigMaps as they were read', async () => {
    const ingresses = [read(readIngress(ingress('a', { annotations: { 'nginx.ingress.kubernetes.io/x': '1' } }), ''))];
    const ingressClasses = [read(readIngressClass(ingressClass('nginx')))];
    const configMaps = [read(readConfigMap(configMap('settings', JSON.parse('{"__proto__":"1","x":"2"}')), ''))];
    const state = { services: [], ...NO_GATEWAYS, ingresses, ingressClasses, configMaps };
    const content = Buffer.concat(await encodeState(ORIGIN, state, async () => {}));
    assert.deepEqual(decodeState(content, ORIGIN), state);
  });

  it('has the Services that were made for Gateways', async () => {
    const service: GatewayService = {
      ...{ namespace: 'shop', name: 'gate-entry', uid: 'uid-1', owners: new Set(['uid-0']), isConnected: true },
      targets: new Map([[80, 10_080]]),
      addresses: [{ type: 'IPAddress', value: '192.0.2.1' }],
    };
    const state = { services: [], ...NO_INGRESSES, ...NO_GATEWAYS, gatewayServices: [service] };
    const content = Buffer.concat(await encodeState(ORIGIN, state, async () => {}));
    assert.deepEqual(decodeState(content, ORIGIN), state);
    const [, preface, line] = content.toString().split('\n');
    const changed = { ...JSON.parse(line ?? ''), targets: [[80, 0]] };
    assertRefused(signed(`${preface}\n${JSON.stringify(changed)}\n`), /no GatewayService in line 3: targets must be/);
  });

  it('has objects of the Gateway API as they were read, without their status', async () => {
    const rules = [{ backendRefs: [{ name: 'a', port: 80 }], sessionPersistence: {}, matches: [{ cookies: [] }] }];
    const status = { parents: [{ controllerName: 'hush' }] };
    const route = { metadata: { name: 'a', namespace: 'shop', generation: 3 }, spec: { rules }, status };
    const tls = { frontend: { default: { validation: { caCertificateRefs: [] } }, perPort: [{ port: 1, tls: {} }] } };
    const gateway = { metadata: { name: 'g', namespace: 'shop' }, spec: { gatewayClassName: 'entry', tls } };
    const namespace = { metadata: { name: 'shop', labels: { team: 'a' } } };
    const gatewayObjects = [
      { kind: 'HTTPRoute', object: read(readGatewayObject('HTTPRoute', route, '')) },
      { kind: 'Gateway', object: read(readGatewayObject('Gateway', gateway, '')) },
      { kind: 'Namespace', object: read(readGatewayObject('Namespace', namespace, '')) },
    ] as const;
    const state = { services: [], ...NO_INGRESSES, ...NO_GATEWAYS, gatewayObjects };
    const content = Buffer.concat(await encodeState(ORIGIN, state, async () => {}));
    assert.doesNotMatch(content.toString(), /hush/);
    const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
    const [saved] = gatewayObjects;
    const kept = [{ ...saved, object: { ...saved.object, status: undefined } }, ...gatewayObjects.slice(1)];
    assert.deepEqual(plain(decodeState(content, ORIGIN).gatewayObjects), plain(kept));
  });

  it('may be empty: a cluster without exposed Services is a good state', async () => {
    assert.deepEqual(decodeState(await encode([]), ORIGIN), { services: [], ...NO_INGRESSES, ...NO_GATEWAYS });
  });

  it('is made in slices, between which others have their turn', async () => {
    const services = Array.from({ length: 10_000 }, (_, index) => service(`service-${index}`));
    let pauses = 0;
    const chunks = await encodeState(ORIGIN, { services, ...NO_INGRESSES, ...NO_GATEWAYS }, async () => {
      pauses += 1;
    });
    assert.ok(pauses >= 40, `${pauses} pauses`);
    assert.equal(decodeState(Buffer.concat(chunks), ORIGIN).services.length, services.length);
  });

  it('leaves out Services that have nothing to do with the entry, and keeps those that are refused', () => {
    assert.equal(matters(service('plain', { annotations: {} })), false);
    assert.equal(matters(service('misspelt', { annotations: { paths: '/x' } })), true);
  });

  it('is refused when any byte is another, or any is missing', async () => {
    const content = await encode([service('volume'), service('pv')]);
    fc.assert(
      fc.property(fc.nat(content.length - 1), fc.integer({ min: 1, max: 255 }), (index, flip) => {
        const damaged = Buffer.from(content);
        damaged[index] = (damaged[index] ?? 0) ^ flip;
        assertRefused(damaged, /./);
      }),
    );
    fc.assert(
      fc.property(fc.nat(content.length - 1), length => {
        assertRefused(content.subarray(0, length), /./);
      }),
    );
    assertRefused(Buffer.concat([content, Buffer.from('\n')]), /checksum/);
  });

  it('is refused when it is something else, or of another version', () => {
    assertRefused(Buffer.alloc(0), /is no state file of kube-entry/);
    assertRefused(Buffer.from('<html>'), /is no state file/);
    assertRefused(Buffer.alloc(100_000, 0), /is no state file/);
    assertRefused(signed('{}\n', '2'), /has format 2 of another version of kube-entry; this one reads 1/);
  });

  it('is refused when it was read from elsewhere', async () => {
    const content = await encode([service('volume')]);
    assertRefused(content, /was read from the API server/, { ...ORIGIN, server: 'https://10.96.0.2:443' });
    assertRefused(content, /was read from all namespaces, not the namespaces a/, { ...ORIGIN, namespaces: ['a'] });
    assertRefused(content, /was read from the selector/, { ...ORIGIN, selector: 'tier=edge' });
    assertRefused(content, /certificate authority/, { ...ORIGIN, authorities: ['bb'] });
  });

  it('is refused, however good its checksum, when it holds anything but Services', () => {
    const preface = JSON.stringify({ origin: ORIGIN });
    const good = service('volume');
    assertRefused(signed(''), /holds no JSON in line 2/);
    assertRefused(signed('{}\n'), /does not say where/);
    assertRefused(signed('null\n'), /does not say where/);
    assertRefused(signed(`${preface}\nnonsense\n`), /holds no JSON in line 3/);
    for (const [object, words] of [
      [null, /no Service in line 3/],
      [[], /no Service in line 3/],
      [{}, /metadata is missing/],
      [{ ...good, metadata: { name: 'volume' } }, /metadata\.namespace/],
      [{ ...good, metadata: { ...good.metadata, name: '../volume' } }, /metadata\.name/],
      [{ ...good, metadata: { ...good.metadata, annotations: { 'kube-entry.io/path': 7 } } }, /must be a string/],
      [{ ...good, spec: { ports: [{ port: 1e9 }] } }, /spec\.ports\[0\]\.port/],
    ] as const) {
      assertRefused(signed(`${preface}\n${JSON.stringify(object)}\n`), words);
    }
    for (const [object, words] of [
      [{ kind: 'Ingress', metadata: { name: 'a' } }, /no Ingress in line 3: metadata\.namespace/],
      [{ kind: 'IngressClass', metadata: {} }, /no IngressClass in line 3: metadata\.name/],
      [
        { kind: 'ConfigMap', metadata: { name: 'a', namespace: 'b' }, data: { x: 1 } },
        /no ConfigMap in line 3: data\.x/,
      ],
    ] as const) {
      assertRefused(signed(`${preface}\n${JSON.stringify(object)}\n`), words);
    }
    // What the translation is to judge is left to it.
    const outside = { ...good, spec: { type: 'ExternalName', externalName: 'example.com' } };
    assert.equal(decodeState(signed(`${preface}\n${JSON.stringify(outside)}\n`), ORIGIN).services.length, 1);
  });
});
