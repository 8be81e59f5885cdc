/** What is not known of an object is refused by name, and all is known that the CustomResourceDefinitions have. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readGatewayObject } from '../../src/resources/gateway/gateway-kinds.ts';
import type { GatewayKind, GatewayKinds } from '../../src/resources/gateway/gateway-object.ts';
import {
  GATEWAY_FIELDS,
  GRANT_FIELDS,
  GRPC_RULE_FIELDS,
  HTTP_RULE_FIELDS,
  type KnownFields,
  LISTENER_FIELDS,
  LISTENER_SET_FIELDS,
  POLICY_FIELDS,
  ROUTE_FIELDS,
  TLS_RULE_FIELDS,
  unknownFields,
  VALIDATION_FIELDS,
} from '../../src/resources/gateway/known-fields.ts';
import { isShapeProblem } from '../../src/resources/service-object.ts';
import { CHANNELS } from '../support/gateway-assets.ts';
import { WITHOUT_CRDS } from '../support/gateway-crds.ts';
import { gatewaySchemas, type Schema } from '../support/gateway-schemas.ts';

const FRONTEND = { validation: VALIDATION_FIELDS };

const KNOWN: Partial<Readonly<Record<GatewayKind, KnownFields>>> = {
  Gateway: {
    ...GATEWAY_FIELDS,
    listeners: LISTENER_FIELDS,
    tls: { ...GATEWAY_FIELDS.tls, frontend: { default: FRONTEND, perPort: { port: 'leaf', tls: FRONTEND } } },
  },
  ListenerSet: { ...LISTENER_SET_FIELDS, listeners: LISTENER_FIELDS },
  HTTPRoute: { ...ROUTE_FIELDS, rules: HTTP_RULE_FIELDS },
  GRPCRoute: { ...ROUTE_FIELDS, rules: GRPC_RULE_FIELDS },
  TLSRoute: { ...ROUTE_FIELDS, rules: TLS_RULE_FIELDS },
  BackendTLSPolicy: POLICY_FIELDS,
  ReferenceGrant: GRANT_FIELDS,
};

/** Refused where they stand: nothing in this program does what they ask for. */
const NOT_SERVED = ['HTTPRoute.rules.sessionPersistence', 'GRPCRoute.rules.sessionPersistence'];

/** The fields of a schema that are not among the known ones. */
function missing({ items, properties = {} }: Schema, known: KnownFields, where: string): string[] {
  if (items !== undefined) return missing(items, known, where);
  if (known === 'leaf') return [];
  return Object.entries(properties).flatMap(([name, schema]) => {
    const path = `${where}.${name}`;
    const fields = known[name];
    return fields === undefined ? [path] : missing(schema, fields, path);
  });
}

for (const channel of CHANNELS) {
  test(`every field of the CustomResourceDefinitions is known: ${channel}`, { skip: WITHOUT_CRDS }, () => {
    const found = new Set<string>();
    const kinds = new Set<string>();
    for (const [versioned, schema] of gatewaySchemas(channel)) {
      const [kind = ''] = versioned.split(' ');
      const known = KNOWN[kind as GatewayKind];
      if (known === undefined) continue;
      kinds.add(kind);
      for (const path of missing(schema, known, kind)) found.add(path);
    }
    assert.deepEqual([...kinds].sort(), Object.keys(KNOWN).sort());
    assert.deepEqual(
      [...found].filter(path => !NOT_SERVED.includes(path)),
      [],
    );
  });
}

function specOf<K extends GatewayKind>(kind: K, spec: object): GatewayKinds[K]['spec'] {
  const object = readGatewayObject(kind, { metadata: { name: 'a', namespace: 'default' }, spec }, '');
  assert.ok(!isShapeProblem(object), JSON.stringify(object));
  // As a state file has it.
  const again = readGatewayObject(kind, JSON.parse(JSON.stringify(object)), '');
  assert.equal(JSON.stringify(again), JSON.stringify(object));
  return object.spec;
}

const BACKEND = { name: 'a', port: 80 };

const OF_HTTP_RULES: Readonly<Record<string, object>> = {
  cache: { cache: {} },
  'matches.cookies': { matches: [{ cookies: [] }] },
  'matches.path.ignoreCase': { matches: [{}, { path: { ignoreCase: true } }] },
  'matches.headers.invert': { matches: [{ headers: [{ name: 'a', value: 'b', invert: true }] }] },
  'matches.queryParams.invert': { matches: [{ queryParams: [{ name: 'a', value: 'b', invert: true }] }] },
  'filters.priority': { filters: [{ type: 'URLRewrite', urlRewrite: {}, priority: 1 }] },
  'filters.requestRedirect.query': { filters: [{ type: 'RequestRedirect', requestRedirect: { query: 'a' } }] },
  'filters.urlRewrite.path.regex': {
    filters: [
      { type: 'URLRewrite', urlRewrite: { path: { type: 'ReplaceFullPath', replaceFullPath: '/', regex: '' } } },
    ],
  },
  'filters.requestHeaderModifier.set.ifAbsent': {
    filters: [
      { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'a', value: 'b', ifAbsent: true }] } },
    ],
  },
  'filters.requestMirror.timeout': {
    filters: [{ type: 'RequestMirror', requestMirror: { backendRef: BACKEND, timeout: '1s' } }],
  },
  'filters.cors.allowPrivate': { filters: [{ type: 'CORS', cors: { allowPrivate: false } }] },
  'timeouts.idle': { timeouts: { idle: '1s' } },
  'retry.budget': { retry: { budget: {} } },
  'backendRefs.mode': { backendRefs: [{ ...BACKEND, mode: 'Standby' }] },
  'backendRefs.filters.cors.allowPrivate': {
    backendRefs: [{ ...BACKEND, filters: [{ type: 'CORS', cors: { allowPrivate: false } }] }],
  },
};

for (const [field, rule] of Object.entries(OF_HTTP_RULES)) {
  test(`a rule of an HTTPRoute with the field ${field} says so`, () => {
    const { rules } = specOf('HTTPRoute', { rules: [{}, rule] });
    assert.deepEqual(
      rules.map(({ unknown }) => unknown),
      [[], [field]],
    );
  });
}

test('a field of a whole route that is not known is one of all its rules', () => {
  const spec = { parentRefs: [{ name: 'gate', priority: 1 }], useDefaultGateways: 'None', rules: [{}, {}] };
  for (const kind of ['HTTPRoute', 'GRPCRoute', 'TLSRoute'] as const) {
    const { rules } = specOf(kind, spec);
    assert.deepEqual(
      rules.map(({ unknown }) => unknown),
      [['spec.parentRefs.priority'], ['spec.parentRefs.priority']],
    );
  }
});

test('rules of GRPCRoutes and TLSRoutes, policies and ListenerSets say which of their fields are not known', () => {
  const grpc = { matches: [{ method: { service: 'a', ignoreCase: true } }], timeouts: { request: '1s' } };
  assert.deepEqual(specOf('GRPCRoute', { rules: [grpc] }).rules[0]?.unknown, ['matches.method.ignoreCase', 'timeouts']);
  const tls = { backendRefs: [{ ...BACKEND, proxyProtocol: 2 }] };
  assert.deepEqual(specOf('TLSRoute', { rules: [tls] }).rules[0]?.unknown, ['backendRefs.proxyProtocol']);
  const validation = { hostname: 'a.test', wellKnownCACertificates: 'System', depth: 1 };
  const targetRefs = [{ group: '', kind: 'Service', name: 'a' }];
  assert.deepEqual(specOf('BackendTLSPolicy', { targetRefs, validation }).unknown, ['validation.depth']);
  assert.deepEqual(specOf('ListenerSet', { parentRef: { name: 'gate' }, tls: {} }).unknown, ['tls']);
});

test('a ReferenceGrant with a field that is not known grants nothing', () => {
  const from = [{ group: '', kind: 'Gateway', namespace: 'a' }];
  const to = [{ group: '', kind: 'Secret', name: 'b' }];
  assert.deepEqual(specOf('ReferenceGrant', { from, to }), { from, to });
  const narrowed = [{ ...to[0], selector: {} }];
  assert.deepEqual(specOf('ReferenceGrant', { from, to: narrowed }), { from: [], to: [] });
});

test('no Gateway is a default one, and that may be said', () => {
  const listeners = [{ name: 'a', port: 80, protocol: 'HTTP' }];
  const unknownOf = (spec: object): readonly string[] =>
    specOf('Gateway', { gatewayClassName: 'entry', listeners, ...spec }).unknown;
  assert.deepEqual(unknownOf({ defaultScope: 'None' }), []);
  assert.deepEqual(unknownOf({ defaultScope: 'All' }), ['defaultScope']);
});

test('of many unknown fields a few are named, and no name is long', () => {
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`${index}${'x'.repeat(100)}`, 1]));
  const names = unknownFields({ rules: [many, { __proto__: null, constructor: 1 }] }, { rules: { a: 'leaf' } });
  assert.equal(names.length, 16);
  assert.ok(names.every(name => name.length <= 70));
  assert.deepEqual(unknownFields(JSON.parse('{"__proto__":1,"constructor":2}'), {}), ['__proto__', 'constructor']);
});
