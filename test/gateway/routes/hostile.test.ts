import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clustersOf, routeKey } from '../../../src/model/route.ts';
import {
  type BackendRef,
  GATEWAY_GROUP,
  type GatewayMetadata,
  type GrpcRouteObject,
  type HttpRouteObject,
  type ParentRef,
  type RouteFilter,
  type TlsRouteObject,
} from '../../../src/resources/gateway/gateway-object.ts';
import type { RouteReading } from '../../../src/translate/gateway/readings.ts';
import { readRoute } from '../../../src/translate/gateway/routes/read-route.ts';
import { statusProblems } from '../../support/gateway-status-schemas.ts';
import fc from '../../support/property.ts';
import { around, listener, listeners, NAMESPACE, service } from './scene.ts';
import { ServedPort } from './served.ts';

/** Words that mean something, and whatever else a field of an old API server may hold. */
function word(...meant: readonly string[]): fc.Arbitrary<string> {
  const odd = ['', ' ', '__proto__', 'constructor', '*', '*.', '\u0000', '\ud800', '%', '/../', '(a+)+$', '['];
  return fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...meant) },
    { weight: 1, arbitrary: fc.constantFrom(...odd) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
    { weight: 1, arbitrary: fc.integer({ min: 250, max: 2000 }).map(length => 'a.'.repeat(length)) },
  );
}

function maybe<T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(value, { nil: undefined });
}

const number = fc.oneof(
  fc.integer({ min: 0, max: 20 }),
  fc.constantFrom(-1, 0.5, 80, 8080, 302, 500, 1e6, 2 ** 40, Number.NaN),
);
const values = fc.array(
  fc.record({ type: word('Exact', 'RegularExpression'), name: word('a', 'A', 'x-b'), value: word('1', '.*') }),
  { maxLength: 4 },
);
const headers = fc.array(fc.record({ name: word('a', 'Host', 'X-B', 'Content-Length'), value: word('1', '') }), {
  maxLength: 3,
});
const duration = word('1s', '0s', '500ms', '1h30m', '99999h99999h');

const backendRef: fc.Arbitrary<BackendRef> = fc.record({
  group: word('', ''),
  kind: word('Service', 'Service'),
  namespace: maybe(word(NAMESPACE, 'web')),
  name: word('v1', 'v2', 'missing'),
  port: maybe(fc.oneof(fc.constant(8080), number)),
});

const filter: fc.Arbitrary<RouteFilter> = fc.record({
  type: word(
    'RequestHeaderModifier',
    'ResponseHeaderModifier',
    'RequestRedirect',
    'URLRewrite',
    'RequestMirror',
    'CORS',
    'ExtensionRef',
  ),
  requestHeaderModifier: maybe(fc.record({ set: headers, add: headers, remove: fc.array(word('A', 'b')) })),
  responseHeaderModifier: maybe(fc.record({ set: headers, add: headers, remove: fc.array(word('A', 'b')) })),
  requestRedirect: maybe(
    fc.record({
      scheme: maybe(word('http', 'https')),
      hostname: maybe(word('a.example')),
      path: maybe(pathModifier()),
      port: maybe(number),
      statusCode: number,
    }),
  ),
  urlRewrite: maybe(fc.record({ hostname: maybe(word('a.example')), path: maybe(pathModifier()) })),
  requestMirror: maybe(
    fc.record({
      backendRef,
      percent: maybe(number),
      fraction: maybe(fc.record({ numerator: number, denominator: number })),
    }),
  ),
  cors: maybe(
    fc.record({
      allowOrigins: fc.array(word('https://a.example', 'https://*.example', '*')),
      allowCredentials: fc.boolean(),
      allowMethods: fc.array(word('GET', '*')),
      allowHeaders: fc.array(word('X-A', '*')),
      exposeHeaders: fc.array(word('X-A', '*')),
      maxAge: number,
    }),
  ),
  fault: maybe(fc.constant('its fields do not belong together')),
});

function pathModifier() {
  return fc.record({
    type: word('ReplaceFullPath', 'ReplacePrefixMatch'),
    replaceFullPath: maybe(word('/a', '')),
    replacePrefixMatch: maybe(word('/a', '', '/')),
  });
}

const filters = fc.array(filter, { maxLength: 3 });
const weighted = backendRef.chain(ref => fc.record({ weight: number, filters }).map(rest => ({ ...ref, ...rest })));

const metadata: fc.Arbitrary<GatewayMetadata> = fc.record({
  name: word('route'),
  namespace: fc.constantFrom(NAMESPACE, 'web'),
  generation: fc.nat(),
  creationTimestamp: word('2026-01-01T00:00:00Z'),
  annotations: fc.dictionary(
    word('kube-entry.io/cors', 'kube-entry.io/allow-from', 'kube-entry.io/mirror', 'kube-entry.io/path', 'a/b'),
    word('origins=*', '10.0.0.0/8', 'v1', 'x'),
    { maxKeys: 2 },
  ),
  labels: fc.constant({}),
});

const parentRef: fc.Arbitrary<ParentRef> = fc.record({
  group: word(GATEWAY_GROUP, GATEWAY_GROUP),
  kind: word('Gateway', 'ListenerSet'),
  namespace: maybe(word(NAMESPACE)),
  name: word('gateway', 'other'),
  sectionName: maybe(word('', '*.example.com')),
  port: maybe(fc.oneof(fc.constant(80), number)),
});

const common = {
  parentRefs: fc.array(parentRef, { maxLength: 40 }),
  hostnames: fc.array(word('a.example.com', '*.example.com', '192.0.2.1', 'a:80'), { maxLength: 4 }),
};

const http: fc.Arbitrary<HttpRouteObject> = fc.record({
  metadata,
  spec: fc.record({
    ...common,
    rules: fc.array(
      fc.record({
        name: maybe(word('rule')),
        matches: fc.array(
          fc.record({
            path: fc.record({ type: word('Exact', 'PathPrefix', 'RegularExpression'), value: word('/', '/a', '/a/') }),
            headers: values,
            queryParams: values,
            method: maybe(word('GET', 'PUT')),
          }),
          { maxLength: 4 },
        ),
        filters,
        backendRefs: fc.array(weighted, { maxLength: 3 }),
        timeouts: maybe(fc.record({ request: maybe(duration), backendRequest: maybe(duration) })),
        retry: maybe(fc.record({ codes: fc.array(number), attempts: maybe(number), backoff: maybe(duration) })),
        unknown: fc.oneof({ weight: 9, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.array(word('x')) }),
      }),
      { maxLength: 4 },
    ),
  }),
  status: fc.anything(),
});

const grpc: fc.Arbitrary<GrpcRouteObject> = fc.record({
  metadata,
  spec: fc.record({
    ...common,
    rules: fc.array(
      fc.record({
        name: maybe(word('rule')),
        matches: fc.array(
          fc.record({
            method: maybe(
              fc.record({
                type: word('Exact', 'RegularExpression'),
                service: maybe(word('a.B', 'a')),
                method: maybe(word('Call', 'C.*')),
              }),
            ),
            headers: values,
          }),
          { maxLength: 4 },
        ),
        filters,
        backendRefs: fc.array(weighted, { maxLength: 3 }),
        unknown: fc.constant([]),
      }),
      { maxLength: 4 },
    ),
  }),
  status: fc.anything(),
});

const tls: fc.Arbitrary<TlsRouteObject> = fc.record({
  metadata,
  spec: fc.record({
    ...common,
    rules: fc.array(
      fc.record({
        name: maybe(word('rule')),
        backendRefs: fc.array(weighted, { maxLength: 3 }),
        unknown: fc.oneof(
          { weight: 9, arbitrary: fc.constant([]) },
          { weight: 1, arbitrary: fc.constant(['matches']) },
        ),
      }),
      { maxLength: 2 },
    ),
  }),
  status: fc.anything(),
});

const context = around({
  listeners: [
    ...listeners('', '*.example.com', 'a.example.com'),
    listener({ protocol: 'TLS', mode: 'Passthrough', section: 'tls', port: 443 }),
  ],
  services: [service('v1'), service('v2', { ports: [{ port: 8080, appProtocol: 'odd' }] }), service('v1', {}, 'web')],
  isGranted: (_, to) => to.name === 'v1',
});

/** What the API takes as a reason. */
const REASON = /^[A-Za-z](?:[A-Za-z0-9_,:]*[A-Za-z0-9_])?$/;

function check({ routes, streams, destinations, attached, status }: RouteReading): void {
  assert.deepEqual(statusProblems(status), []);
  assert.ok('parents' in status.status);
  assert.ok(status.status.parents.length <= 32);
  for (const { conditions } of status.status.parents) {
    const types = conditions.map(({ type }) => type);
    assert.deepEqual(types.slice(0, 2), ['Accepted', 'ResolvedRefs']);
    assert.equal(new Set(types).size, types.length);
    for (const { reason, message } of conditions) {
      assert.match(reason, REASON);
      assert.ok(message.length > 0 && message.length <= 32_768);
      assert.ok(message.isWellFormed());
    }
    if (types.includes('PartiallyInvalid')) assert.match(conditions[2]?.message ?? '', /^Dropped Rule/);
  }
  assert.ok(attached.size <= 4);
  const known = new Set(destinations.map(({ cluster }) => cluster.id));
  for (const route of routes) for (const cluster of clustersOf(route)) assert.ok(known.has(cluster), cluster);
  for (const { stream } of streams) for (const { cluster } of stream.backends) assert.ok(known.has(cluster), cluster);
  assert.equal(new Set(routes.map(routeKey)).size, routes.length);
  // The table throws for what it cannot take.
  new ServedPort(routes).match({ host: 'a.example.com', path: '/a' });
}

test('whatever stands in an HTTPRoute, it becomes routes that the table takes, and a status that the API takes', () => {
  fc.assert(
    fc.property(http, object => {
      check(readRoute('HTTPRoute', object, context));
    }),
    { numRuns: 500 },
  );
});

test('whatever stands in a GRPCRoute, it becomes routes that the table takes, and a status that the API takes', () => {
  fc.assert(
    fc.property(grpc, object => {
      check(readRoute('GRPCRoute', object, context));
    }),
    { numRuns: 500 },
  );
});

test('whatever stands in a TLSRoute, it becomes streams, and a status that the API takes', () => {
  fc.assert(
    fc.property(tls, object => check(readRoute('TLSRoute', object, context))),
    { numRuns: 500 },
  );
});
