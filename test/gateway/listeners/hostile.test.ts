import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  AllowedRoutes,
  FrontendTls,
  GatewayKinds,
  GatewayMetadata,
  GatewaySpec,
  Listener,
  NamespaceSelection,
  SecretObjectRef,
} from '../../../src/resources/gateway/gateway-object.ts';
import { classStatuses } from '../../../src/translate/gateway/gateway-class.ts';
import type { Condition, ListenerStatus } from '../../../src/translate/gateway/gateway-status.ts';
import type { GatewayReading } from '../../../src/translate/gateway/readings.ts';
import { statusProblems } from '../../support/gateway-status-schemas.ts';
import fc from '../../support/property.ts';
import { CONTROLLER, certificate, readAll, statusesOf } from './scene.ts';

/** As the CRDs have it. */
const REASON = /^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/;

/** What the API knows, mostly, else anything. */
function word(...known: readonly string[]): fc.Arbitrary<string> {
  const anything = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('', '__proto__', 'constructor', 'x'.repeat(300)),
  );
  return fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...known) }, { weight: 1, arbitrary: anything });
}

const NAME = word('a', 'b', 'c');
const NAMESPACE = word('infra', 'tenant');
const GROUP = word('gateway.networking.k8s.io', '');
const PORT = fc.constantFrom(80, 443, 8443, 65_535);

function optional<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(arbitrary, { nil: undefined });
}

function few<T>(arbitrary: fc.Arbitrary<T>, maxLength = 3): fc.Arbitrary<T[]> {
  return fc.array(arbitrary, { maxLength });
}

const LABELS = fc.dictionary(NAME, NAME, { maxKeys: 2 });

function reference(...kinds: readonly string[]): fc.Arbitrary<SecretObjectRef> {
  return fc.record({ group: word(''), kind: word(...kinds), namespace: optional(NAMESPACE), name: NAME });
}

const SELECTION: fc.Arbitrary<NamespaceSelection> = fc.record({
  from: word('Same', 'All', 'Selector', 'None'),
  selector: optional(
    fc.record({
      matchLabels: LABELS,
      matchExpressions: few(
        fc.record({ key: NAME, operator: word('In', 'NotIn', 'Exists', 'DoesNotExist'), values: few(NAME) }),
      ),
    }),
  ),
});

const ALLOWED: fc.Arbitrary<AllowedRoutes> = fc.record({
  namespaces: SELECTION,
  kinds: few(fc.record({ group: GROUP, kind: word('HTTPRoute', 'GRPCRoute', 'TLSRoute', 'TCPRoute') })),
});

/** Mostly none: what has one is not served. */
const UNKNOWN = fc.oneof({ weight: 19, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: few(word('filters')) });

const LISTENER: fc.Arbitrary<Listener> = fc.record({
  name: NAME,
  hostname: optional(word('a.example', '*.example', 'b.example', '*')),
  port: PORT,
  protocol: word('HTTP', 'HTTPS', 'TLS', 'TCP', 'UDP'),
  tls: optional(
    fc.record({
      mode: word('Terminate', 'Passthrough'),
      certificateRefs: few(reference('Secret')),
      options: fc.dictionary(NAME, NAME, { maxKeys: 1 }),
    }),
  ),
  allowedRoutes: ALLOWED,
  unknown: UNKNOWN,
});

const LISTENERS = fc.oneof(
  { weight: 9, arbitrary: few(LISTENER, 6) },
  { weight: 1, arbitrary: fc.array(LISTENER, { minLength: 60, maxLength: 70 }) },
);

const VALIDATION = fc.record({
  validation: optional(
    fc.record({
      caCertificateRefs: few(reference('ConfigMap')),
      mode: word('AllowValidOnly', 'AllowInsecureFallback'),
      unknown: UNKNOWN,
    }),
  ),
});

const FRONTEND: fc.Arbitrary<FrontendTls> = fc.record({
  default: optional(VALIDATION),
  perPort: few(fc.record({ port: PORT, tls: VALIDATION })),
});

const GATEWAY: fc.Arbitrary<GatewaySpec> = fc.record({
  gatewayClassName: word('ours'),
  addresses: few(
    fc.record({ type: word('IPAddress', 'Hostname'), value: word('192.0.2.1', '::1', 'fe80::1%eth0', '') }),
  ),
  listeners: LISTENERS,
  infrastructure: optional(
    fc.record({
      labels: LABELS,
      annotations: LABELS,
      parametersRef: fc.constant(undefined),
    }),
  ),
  allowedListeners: optional(fc.record({ namespaces: SELECTION })),
  tls: optional(
    fc.record({
      backend: optional(fc.record({ clientCertificateRef: optional(reference('Secret')) })),
      frontend: optional(FRONTEND),
    }),
  ),
  unknown: UNKNOWN,
});

const METADATA: fc.Arbitrary<GatewayMetadata> = fc.record({
  name: NAME,
  namespace: NAMESPACE,
  generation: fc.nat(),
  creationTimestamp: word('2024-01-01T00:00:00Z', ''),
  annotations: LABELS,
  labels: LABELS,
});

const STATUS = fc.oneof(
  fc.jsonValue(),
  fc.record({ addresses: few(fc.record({ value: word('192.0.2.1', '192.0.2.2') })) }),
);

const GATEWAYS: fc.Arbitrary<GatewayKinds['Gateway']> = fc.record({
  metadata: METADATA,
  spec: GATEWAY,
  status: STATUS,
});
const SETS: fc.Arbitrary<GatewayKinds['ListenerSet']> = fc.record({
  metadata: METADATA,
  spec: fc.record({
    parentRef: fc.record({ group: GROUP, kind: word('Gateway'), namespace: optional(NAMESPACE), name: NAME }),
    listeners: LISTENERS,
    unknown: UNKNOWN,
  }),
  status: STATUS,
});
const CLASSES: fc.Arbitrary<GatewayKinds['GatewayClass']> = fc.record({
  metadata: METADATA.map(metadata => ({ ...metadata, name: 'ours', namespace: '' })),
  spec: fc.record({
    controllerName: fc.constant(CONTROLLER),
    parametersRef: fc.option(fc.record({ group: GROUP, kind: NAME, name: NAME }), { nil: undefined, freq: 9 }),
  }),
  status: STATUS,
});
const GRANTS: fc.Arbitrary<GatewayKinds['ReferenceGrant']> = fc.record({
  metadata: METADATA,
  spec: fc.record({
    from: few(fc.record({ group: GROUP, kind: word('Gateway', 'ListenerSet'), namespace: NAMESPACE })),
    to: few(fc.record({ group: word(''), kind: word('Secret', 'ConfigMap'), name: optional(NAME) })),
  }),
  status: STATUS,
});

const WORLD = fc.record({
  classes: few(CLASSES, 1),
  gateways: few(GATEWAYS, 3).map(unique),
  listenerSets: few(SETS, 3).map(unique),
  grants: few(GRANTS),
  secrets: fc.constant({
    'infra/a': { value: certificate('a') },
    'tenant/b': { value: certificate('b') },
    'infra/b': undefined,
  }),
  configMaps: fc.constant({ 'infra/a': { value: 'PEM' }, 'tenant/b': undefined }),
  namespaces: fc.dictionary(NAMESPACE, LABELS, { maxKeys: 2 }),
  addresses: fc.subarray(['192.0.2.1', '192.0.2.2', '::1']),
});

function unique<T extends { readonly metadata: GatewayMetadata }>(objects: readonly T[]): T[] {
  return [...new Map(objects.map(one => [`${one.metadata.namespace}/${one.metadata.name}`, one])).values()];
}

test('whatever stands in Gateways, their statuses are ones that an API server stores', () => {
  fc.assert(
    fc.property(WORLD, world => {
      const statuses = [...statusesOf(world), ...classStatuses(world.classes, { controllerName: CONTROLLER })];
      for (const said of statuses) {
        const { status } = said;
        assert.deepEqual(statusProblems(said), []);
        if ('conditions' in status) checkConditions(status.conditions);
        if ('listeners' in status) checkListeners(status.listeners);
        if ('addresses' in status) assert.ok(status.addresses.every(({ value }) => world.addresses.includes(value)));
      }
    }),
    { numRuns: 300 },
  );
});

test('whatever stands in Gateways, what is served can be told apart, and is nothing that a condition denies', () => {
  fc.assert(
    fc.property(WORLD, world => {
      const readings = readAll(world);
      const addresses = readings.flatMap(({ addressing }) => addressing.addresses.map(({ value }) => value));
      assert.equal(new Set(addresses).size, addresses.length, 'two Gateways have one address');
      for (const reading of readings) checkPorts(reading);
    }),
    { numRuns: 300 },
  );
});

function checkConditions(conditions: readonly Condition[]): void {
  const types = conditions.map(({ type }) => type);
  assert.equal(new Set(types).size, types.length);
  assert.ok(types.length > 0 && types.length <= 8);
  for (const { type, reason, message } of conditions) {
    assert.match(type, REASON);
    assert.match(reason, REASON);
    assert.ok(message.length > 0 && message.length <= 32_768);
  }
}

function checkListeners(listeners: readonly ListenerStatus[]): void {
  assert.ok(listeners.length <= 64);
  assert.equal(new Set(listeners.map(({ name }) => name)).size, listeners.length);
  for (const { conditions, supportedKinds } of listeners) {
    checkConditions(conditions);
    assert.ok(supportedKinds.length <= 8);
  }
}

function checkPorts({ addressing, ports, certificates, ownListeners, listenerSets, refusal }: GatewayReading): void {
  const known = new Set(certificates.map(({ id }) => id));
  for (const { id, listen, listeners, transport } of ports) {
    assert.equal(listen.host, addressing.addresses[0]?.value);
    assert.ok(listeners.length > 0);
    assert.equal(
      new Set(listeners.map(({ hostname }) => hostname)).size,
      listeners.length,
      `${id} has a hostname twice`,
    );
    for (const { serves, certificates: named } of listeners) {
      assert.ok(named.every(one => known.has(one)));
      assert.equal(named.length > 0, transport === 'tls' && serves !== 'passthrough');
    }
  }
  const owners = [{ refusal, listeners: ownListeners }, ...listenerSets];
  for (const owner of owners) {
    for (const one of owner.listeners) {
      if (one.reading.portId === undefined) continue;
      assert.deepEqual(
        [owner.refusal, refusal, one.refusal, one.conflict],
        [undefined, undefined, undefined, undefined],
      );
      assert.ok(ports.some(({ id }) => id === one.reading.portId));
    }
  }
}
