import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Certificate } from '../../../src/model/certificate.ts';
import { PrivateKey } from '../../../src/model/certificate.ts';
import type { Diagnostic } from '../../../src/model/diagnostic.ts';
import { SharedText } from '../../../src/model/shared-text.ts';
import { readGatewayObject } from '../../../src/resources/gateway/gateway-kinds.ts';
import { GATEWAY_GROUP, type GatewayKind } from '../../../src/resources/gateway/gateway-object.ts';
import { readService, type ServiceObject } from '../../../src/resources/service-object.ts';
import { gatewayKey } from '../../../src/translate/gateway/gateway-key.ts';
import type { ObjectStatus } from '../../../src/translate/gateway/gateway-status.ts';
import { type GatewayChanges, GatewayTranslator } from '../../../src/translate/gateway/gateway-translator.ts';
import type { GatewayReading, RouteReading } from '../../../src/translate/gateway/readings.ts';
import { type KindedObject, translateGateways } from '../../../src/translate/gateway/translate-gateways.ts';
import fc from '../../support/property.ts';

const OPTIONS = {
  controllerName: 'kube-entry.io/gateway',
  addresses: Array.from({ length: 8 }, (_, index) => `127.2.0.${index + 1}`),
  allowExternalName: false,
  portState: () => ({ state: 'listening' }) as const,
  bundleVersion: () => undefined,
};

const SERVICES: ReadonlyMap<string, ServiceObject> = new Map(
  ['s1', 's2'].flatMap(name => {
    const object = { metadata: { name }, spec: { clusterIP: '10.0.0.1', ports: [{ port: 80 }, { port: 81 }] } };
    const service = readService(object, 'default');
    return 'reason' in service ? [] : [[name, service] as const];
  }),
);
const CERTIFICATE: Certificate = { id: 'c1', chain: SharedText.of(''), key: new PrivateKey('') };
const LOOKUPS = {
  service: ({ name }: { readonly name: string }) => SERVICES.get(name),
  certificate: ({ name }: { readonly name: string }) =>
    name === 'cert' ? { value: CERTIFICATE } : { fault: 'there is no such Secret' },
  authorities: ({ name }: { readonly name: string }) =>
    name === 'ca' ? { value: 'PEM' } : { fault: 'there is no such ConfigMap' },
};

const namespaces = ['default', 'other'] as const;
/** Few names, so that objects meet: routes on listeners, listeners on hosts and ports, references on grants. */
const namespaceName = fc.constantFrom('default', 'default', 'default', 'other');
const host = fc.constantFrom(undefined, undefined, 'a.example', '*.example', 'b.a.example');
const from = fc.constantFrom(
  { from: 'All' },
  { from: 'Same' },
  { from: 'Selector', selector: { matchLabels: { team: 'red' } } },
);
const listener = fc.record({
  name: fc.constantFrom('l1', 'l2', 'l3'),
  hostname: host,
  port: fc.constantFrom(80, 80, 8080, 443),
  protocol: fc.constantFrom('HTTP', 'HTTP', 'HTTP', 'HTTPS', 'TLS', 'ODD'),
  secret: fc.constantFrom('cert', 'gone'),
  secretNamespace: fc.constantFrom(undefined, 'other'),
  mode: fc.constantFrom('Terminate', 'Passthrough'),
  namespaces: from,
});
type ListenerFields = typeof listener extends fc.Arbitrary<infer T> ? T : never;
const listeners = fc.uniqueArray(listener, { minLength: 1, maxLength: 3, selector: ({ name }) => name });

function listenerSpec(fields: ListenerFields): object {
  const { name, hostname, port, protocol, secret, secretNamespace, mode, namespaces: allowed } = fields;
  const hasTls = protocol === 'HTTPS' || protocol === 'TLS';
  const certificateRefs = [{ name: secret, ...(secretNamespace && { namespace: secretNamespace }) }];
  return {
    ...{ name, port, protocol, allowedRoutes: { namespaces: allowed } },
    ...(hostname !== undefined && { hostname }),
    ...(hasTls && {
      tls: protocol === 'TLS' && mode === 'Passthrough' ? { mode } : { mode: 'Terminate', certificateRefs },
    }),
  };
}

const metadata = fc.record({
  namespace: namespaceName,
  generation: fc.constantFrom(1, 2),
  creationTimestamp: fc.constantFrom('2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z'),
});

function object(kind: GatewayKind, names: readonly string[], spec: fc.Arbitrary<object>): fc.Arbitrary<KindedObject> {
  return fc.record({ name: fc.constantFrom(...names), metadata, spec }).map(fields => {
    const { name, metadata: rest, spec: read } = fields;
    const isOfNamespace = kind !== 'GatewayClass' && kind !== 'Namespace';
    const { namespace, ...others } = rest;
    const labels = 'labels' in read ? read.labels : {};
    const value = { metadata: { name, labels, ...(isOfNamespace && { namespace }), ...others }, spec: read };
    const found = readGatewayObject(kind, value, 'default');
    if ('reason' in found) throw new Error(`${kind}: ${found.path.join('.')} ${found.reason}`);
    return { kind, object: found } as KindedObject;
  });
}

const parentRefs = fc.array(
  fc.record({
    kind: fc.constantFrom('Gateway', 'Gateway', 'Gateway', 'ListenerSet'),
    name: fc.constantFrom('g1', 'g2'),
    namespace: namespaceName,
    sectionName: fc.constantFrom(undefined, undefined, undefined, 'l1', 'l2'),
  }),
  { minLength: 1, maxLength: 2 },
);
const backendRefs = fc.array(
  fc.record({
    name: fc.constantFrom('s1', 's2', 'gone'),
    namespace: fc.constantFrom(undefined, 'other'),
    port: fc.constantFrom(80, 81),
    weight: fc.constantFrom(0, 1, 3),
  }),
  { minLength: 1, maxLength: 2 },
);
const hostnames = fc.constantFrom<string[][]>([], ['a.example'], ['*.example', 'c.example']);

const objects: fc.Arbitrary<KindedObject> = fc.oneof(
  object(
    'GatewayClass',
    ['ours', 'theirs'],
    fc.record({
      controllerName: fc.constantFrom(...new Array<string>(5).fill(OPTIONS.controllerName), 'other.example/x'),
    }),
  ),
  object(
    'Gateway',
    ['g1', 'g2'],
    fc.record({
      gatewayClassName: fc.constantFrom('ours', 'ours', 'ours', 'theirs'),
      listeners: listeners.map(all => all.map(listenerSpec)),
      allowedListeners: fc.constantFrom(undefined, { namespaces: { from: 'All' } }),
    }),
  ),
  object(
    'ListenerSet',
    ['g1', 'g2'],
    fc.record({
      parentRef: fc.record({ name: fc.constantFrom('g1', 'g2'), namespace: namespaceName }),
      listeners: listeners.map(all => all.map(listenerSpec)),
    }),
  ),
  object(
    'HTTPRoute',
    ['r1', 'r2', 'r3'],
    fc.record({
      parentRefs,
      hostnames,
      rules: fc
        .constantFrom('/', '/x')
        .chain(value =>
          backendRefs.map(refs => [{ matches: [{ path: { type: 'PathPrefix', value } }], backendRefs: refs }]),
        ),
    }),
  ),
  object(
    'TLSRoute',
    ['t1', 't2'],
    fc.record({ parentRefs, hostnames, rules: backendRefs.map(refs => [{ backendRefs: refs }]) }),
  ),
  object(
    'GRPCRoute',
    ['p1'],
    fc.record({ parentRefs, hostnames, rules: backendRefs.map(refs => [{ backendRefs: refs }]) }),
  ),
  object(
    'ReferenceGrant',
    ['grant'],
    fc.record({
      from: fc
        .constantFrom('HTTPRoute', 'Gateway', 'TLSRoute')
        .map(kind => [{ group: GATEWAY_GROUP, kind, namespace: 'default' }]),
      to: fc.constantFrom('Service', 'Secret').map(kind => [{ group: '', kind }]),
    }),
  ),
  object(
    'BackendTLSPolicy',
    ['p1', 'p2'],
    fc.record({
      targetRefs: fc.constantFrom('s1', 's2').map(name => [{ group: '', kind: 'Service', name }]),
      validation: fc.record({
        hostname: fc.constantFrom('s1.example', 's2.example'),
        caCertificateRefs: fc.constantFrom('ca', 'gone').map(name => [{ group: '', kind: 'ConfigMap', name }]),
      }),
    }),
  ),
  object('Namespace', namespaces, fc.record({ labels: fc.constantFrom({ team: 'red' }, { team: 'blue' }) })),
);

const change = fc.oneof(
  { weight: 5, arbitrary: fc.record({ upsert: objects }) },
  { weight: 1, arbitrary: fc.record({ remove: objects }) },
);

function fixed(kind: GatewayKind, name: string, spec: object): KindedObject {
  const value = {
    metadata: { name, namespace: 'default', generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' },
    spec,
  };
  return { kind, object: readGatewayObject(kind, value, 'default') } as KindedObject;
}

/** Where every run begins, so that what follows meets something that is served. */
const BEGINNING: readonly KindedObject[] = [
  fixed('GatewayClass', 'ours', { controllerName: OPTIONS.controllerName }),
  fixed('Gateway', 'g1', {
    gatewayClassName: 'ours',
    allowedListeners: { namespaces: { from: 'All' } },
    listeners: [
      { name: 'l1', port: 80, protocol: 'HTTP', allowedRoutes: { namespaces: { from: 'All' } } },
      {
        name: 'l2',
        port: 443,
        protocol: 'TLS',
        tls: { mode: 'Passthrough' },
        allowedRoutes: { namespaces: { from: 'Same' } },
      },
    ],
  }),
  fixed('Gateway', 'g2', {
    gatewayClassName: 'ours',
    listeners: [
      {
        ...{ name: 'l1', port: 80, protocol: 'HTTP', hostname: '*.example' },
        allowedRoutes: { namespaces: { from: 'Selector', selector: { matchLabels: { team: 'red' } } } },
      },
    ],
  }),
];

/** What changes become, one behind the other. */
class Whole {
  readonly routes = new Map<string, RouteReading>();
  readonly diagnostics = new Map<string, readonly Diagnostic[]>();
  readonly statuses = new Map<string, ObjectStatus>();
  ports: GatewayChanges['ports'];

  add({ routes, diagnostics, statuses, ports }: GatewayChanges): this {
    for (const [key, reading] of routes) put(this.routes, key, reading);
    for (const [key, found] of diagnostics) put(this.diagnostics, key, found.length > 0 ? found : undefined);
    for (const [key, status] of statuses) put(this.statuses, key, status);
    this.ports = ports ?? this.ports;
    return this;
  }

  plain(): object {
    const served = ({ routes, destinations, status, streams }: RouteReading) => ({
      ...{ routes, destinations, status },
      streams: streams.map(({ stream }) => stream),
    });
    return {
      routes: sorted(new Map([...this.routes].map(([key, reading]) => [key, served(reading)]))),
      diagnostics: sorted(this.diagnostics),
      statuses: sorted(this.statuses),
      ports: new Map((this.ports?.ports ?? []).map(port => [port.id, port])),
    };
  }
}

function put<T>(map: Map<string, T>, key: string, value: T | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

function sorted<T>(map: ReadonlyMap<string, T>): Map<string, T> {
  return new Map([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** As the API server has a Gateway in the end: its status names the address that it got, and has kept. */
function withAddress(one: KindedObject, readings: readonly GatewayReading[]): KindedObject {
  const reading = readings.find(({ gateway }) => gateway === one.object);
  if (one.kind !== 'Gateway' || reading === undefined) return one;
  return { kind: 'Gateway', object: { ...one.object, status: { addresses: reading.addressing.addresses } } };
}

test('whatever comes, changes and goes, step by step it becomes what it becomes at once', () => {
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 24 }), changes => {
      const translator = new GatewayTranslator(OPTIONS, {
        lookupsFor: () => LOOKUPS,
        onBug: error => {
          throw error;
        },
      });
      const [stepwise, last] = [new Whole(), new Map<string, KindedObject>()];
      for (const step of [...BEGINNING.map(upsert => ({ upsert })), ...changes]) {
        const { kind, object: changed } = 'upsert' in step ? step.upsert : step.remove;
        const key = gatewayKey(kind, changed.metadata);
        if ('upsert' in step) {
          translator.upsert(kind, changed);
          last.set(key, step.upsert);
        } else {
          translator.remove(kind, changed.metadata);
          last.delete(key);
        }
        stepwise.add(translator.settle());
      }
      const stored = [...last.values()].map(one => withAddress(one, translator.readings()));
      const whole = new Whole().add(translateGateways(stored, LOOKUPS, OPTIONS));
      assert.deepEqual(stepwise.plain(), whole.plain());
    }),
    { numRuns: 300 },
  );
});
