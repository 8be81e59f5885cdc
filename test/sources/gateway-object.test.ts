import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GatewayKind } from '../../src/resources/gateway/gateway-object.ts';
import { plain, problemOf, read } from './gateway-object-reading.ts';

test('metadata keeps what counts, and not the manifest that kubectl keeps in it', () => {
  const metadata = {
    ...{ name: 'web', namespace: 'shop', uid: '5f6d', resourceVersion: '42', generation: 3 },
    creationTimestamp: '2024-05-01T10:00:00Z',
    labels: { app: 'web' },
  };
  const annotations = { 'kube-entry.io/rate-limit': '10/s' };
  const stored = {
    ...metadata,
    annotations: { ...annotations, 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
    managedFields: [{ manager: 'kubectl' }],
  };
  const status = { conditions: [{ type: 'example.com/Other' }] };
  const object = read('HTTPRoute', {}, { metadata: stored, status });
  assert.deepEqual(plain(object.metadata), { ...metadata, annotations });
  assert.deepEqual(object.status, status);
  assert.deepEqual(plain(read('Gateway', { gatewayClassName: 'a' }).metadata), {
    ...{ name: 'web', namespace: 'default', generation: 0, creationTimestamp: '', annotations: {}, labels: {} },
  });
  assert.equal(read('GatewayClass', { controllerName: 'a.example/b' }).metadata.namespace, '');
});

test('an HTTPRoute gets what an API server fills in', () => {
  const any = { path: { type: 'PathPrefix', value: '/' }, headers: [], queryParams: [] };
  const rule = { filters: [], backendRefs: [], unknown: [] };
  assert.deepEqual(plain(read('HTTPRoute', {}).spec), {
    parentRefs: [],
    hostnames: [],
    rules: [{ ...rule, matches: [any] }],
  });
  const spec = {
    parentRefs: [{ name: 'gate' }],
    rules: [
      { matches: [{}, { path: { value: '/a' }, headers: [{ name: 'X', value: 'y' }] }, { path: { type: 'Exact' } }] },
      {
        backendRefs: [
          { name: 'shop', port: 80 },
          { name: 'b', namespace: 'c', port: 81, weight: 0 },
        ],
      },
      { filters: [{ type: 'RequestRedirect', requestRedirect: { scheme: 'https' } }] },
      { filters: [{ type: 'CORS', cors: { allowOrigins: ['*'] } }] },
      {
        filters: [{ type: 'RequestMirror', requestMirror: { backendRef: { name: 'm' }, fraction: { numerator: 1 } } }],
      },
    ],
  };
  const header = { type: 'Exact', name: 'X', value: 'y' };
  const service = { group: '', kind: 'Service' };
  assert.deepEqual(plain(read('HTTPRoute', spec).spec), {
    parentRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'gate' }],
    hostnames: [],
    rules: [
      {
        ...rule,
        matches: [
          any,
          { ...any, path: { type: 'PathPrefix', value: '/a' }, headers: [header] },
          { ...any, path: { type: 'Exact', value: '/' } },
        ],
      },
      {
        ...rule,
        matches: [any],
        backendRefs: [
          { ...service, name: 'shop', port: 80, weight: 1, filters: [] },
          { ...service, name: 'b', namespace: 'c', port: 81, weight: 0, filters: [] },
        ],
      },
      {
        ...rule,
        matches: [any],
        filters: [{ type: 'RequestRedirect', requestRedirect: { scheme: 'https', statusCode: 302 } }],
      },
      {
        ...rule,
        matches: [any],
        filters: [
          {
            type: 'CORS',
            cors: {
              ...{ allowOrigins: ['*'], allowMethods: [], allowHeaders: [], exposeHeaders: [] },
              ...{ allowCredentials: false, maxAge: 5 },
            },
          },
        ],
      },
      {
        ...rule,
        matches: [any],
        filters: [
          {
            type: 'RequestMirror',
            requestMirror: { backendRef: { ...service, name: 'm' }, fraction: { numerator: 1, denominator: 100 } },
          },
        ],
      },
    ],
  });
});

test('a Gateway gets what an API server fills in', () => {
  const spec = {
    gatewayClassName: 'entry',
    addresses: [{ value: '192.0.2.1' }, {}],
    listeners: [
      { name: 'http', port: 80, protocol: 'HTTP' },
      {
        ...{ name: 'https', port: 443, protocol: 'HTTPS', hostname: '*.example.com' },
        tls: { certificateRefs: [{ name: 'cert' }] },
        allowedRoutes: { namespaces: { selector: { matchLabels: { a: 'b' } } }, kinds: [{ kind: 'HTTPRoute' }] },
      },
    ],
    allowedListeners: {},
    tls: {
      backend: { clientCertificateRef: { name: 'client' } },
      frontend: {
        default: { validation: { caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }] } },
        perPort: [{ port: 443, tls: {} }],
      },
    },
  };
  const same = { namespaces: { from: 'Same' }, kinds: [] };
  const secret = { group: '', kind: 'Secret' };
  assert.deepEqual(plain(read('Gateway', spec).spec), {
    gatewayClassName: 'entry',
    addresses: [
      { type: 'IPAddress', value: '192.0.2.1' },
      { type: 'IPAddress', value: '' },
    ],
    listeners: [
      { name: 'http', port: 80, protocol: 'HTTP', allowedRoutes: same, unknown: [] },
      {
        ...{ name: 'https', port: 443, protocol: 'HTTPS', hostname: '*.example.com' },
        tls: { mode: 'Terminate', certificateRefs: [{ ...secret, name: 'cert' }], options: {} },
        allowedRoutes: {
          namespaces: { from: 'Same', selector: { matchLabels: { a: 'b' }, matchExpressions: [] } },
          kinds: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute' }],
        },
        unknown: [],
      },
    ],
    allowedListeners: { namespaces: { from: 'None' } },
    tls: {
      backend: { clientCertificateRef: { ...secret, name: 'client' } },
      frontend: {
        default: {
          validation: {
            caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }],
            mode: 'AllowValidOnly',
            unknown: [],
          },
        },
        perPort: [{ port: 443, tls: {} }],
      },
    },
    unknown: [],
  });
});

test('other kinds are read in the form of the API', () => {
  const gateway = { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'gate' };
  assert.deepEqual(plain(read('ListenerSet', { parentRef: { name: 'gate' } }).spec), {
    parentRef: gateway,
    listeners: [],
    unknown: [],
  });
  assert.deepEqual(plain(read('GRPCRoute', { rules: [{ matches: [{ method: { service: 'a.B' } }] }] }).spec), {
    parentRefs: [],
    hostnames: [],
    rules: [
      {
        matches: [{ method: { type: 'Exact', service: 'a.B' }, headers: [] }],
        filters: [],
        backendRefs: [],
        unknown: [],
      },
    ],
  });
  assert.deepEqual(plain(read('TLSRoute', { hostnames: ['a.b'], rules: [{ backendRefs: [{ name: 's' }] }] }).spec), {
    parentRefs: [],
    hostnames: ['a.b'],
    rules: [{ backendRefs: [{ group: '', kind: 'Service', name: 's', weight: 1 }], unknown: [] }],
  });
  const grant = { from: [{ group: '', kind: 'A', namespace: 'b' }], to: [{ group: '', kind: 'Secret' }] };
  assert.deepEqual(plain(read('ReferenceGrant', grant).spec), grant);
  const policy = {
    targetRefs: [{ group: '', kind: 'Service', name: 's', sectionName: 'https' }],
    validation: { hostname: 'a.b', wellKnownCACertificates: 'System' },
  };
  assert.deepEqual(plain(read('BackendTLSPolicy', policy).spec), {
    ...policy,
    validation: { ...policy.validation, caCertificateRefs: [], subjectAltNames: [] },
    options: {},
    unknown: [],
  });
  const labels = { 'kubernetes.io/metadata.name': 'web' };
  assert.deepEqual(
    read('Namespace', { finalizers: [] }, { metadata: { name: 'web', labels } }).metadata.labels,
    labels,
  );
});

test('fields that this program does not know are named', () => {
  const [rule] = read('HTTPRoute', {
    rules: [{ sessionPersistence: {}, matches: [{ cookies: [] }, { cookies: [], path: {} }], nothing: null }],
  }).spec.rules;
  assert.deepEqual(rule?.unknown, ['sessionPersistence', 'matches.cookies']);
});

test('a filter whose fields do not belong together says so, and the rest of the route is read', () => {
  const faults: readonly (readonly [object, RegExp])[] = [
    [{ type: 'RequestRedirect' }, /^requestRedirect must be given/],
    [{ type: 'CORS', cors: {}, urlRewrite: {} }, /^urlRewrite must not be given/],
    [{ type: 'URLRewrite', urlRewrite: { path: { type: 'ReplaceFullPath' } } }, /replaceFullPath must be given/],
    [
      {
        type: 'URLRewrite',
        urlRewrite: { path: { type: 'ReplaceFullPath', replaceFullPath: '/', replacePrefixMatch: '/' } },
      },
      /replacePrefixMatch must not be given/,
    ],
    [
      { type: 'RequestMirror', requestMirror: { backendRef: { name: 'a' }, percent: 1, fraction: { numerator: 1 } } },
      /both percent and fraction/,
    ],
    [
      {
        type: 'RequestMirror',
        requestMirror: { backendRef: { name: 'a' }, fraction: { numerator: 3, denominator: 2 } },
      },
      /must not be larger/,
    ],
  ];
  for (const [filter, fault] of faults) {
    const [rule] = read('HTTPRoute', { rules: [{ filters: [filter] }] }).spec.rules;
    assert.match(rule?.filters[0]?.fault ?? '', fault);
  }
  const known = read('HTTPRoute', {
    rules: [{ filters: [{ type: 'ExternalAuth', externalAuth: {} }, { type: 'Odd' }] }],
  });
  assert.deepEqual(
    known.spec.rules[0]?.filters.map(({ fault }) => fault),
    [undefined, undefined],
  );
});

test('what no API server would have stored is refused with its place', () => {
  const cases: readonly (readonly [GatewayKind, unknown, string | RegExp])[] = [
    ['HTTPRoute', undefined, 'spec: is missing'],
    ['HTTPRoute', [], 'spec: must be a mapping'],
    ['HTTPRoute', { hostnames: 'a' }, 'spec.hostnames: must be a list'],
    ['HTTPRoute', { hostnames: ['a.example:80'] }, /^spec\.hostnames\[0\]: must be a host name/],
    ['HTTPRoute', { hostnames: Array(65).fill('a') }, 'spec.hostnames: must have at most 64 items'],
    [
      'HTTPRoute',
      { rules: [{ backendRefs: [{ name: 'a', port: 0 }] }] },
      /port: must be a whole number from 1 to 65535$/,
    ],
    ['HTTPRoute', { rules: [{ backendRefs: [{ port: 1 }] }] }, 'spec.rules[0].backendRefs[0].name: is missing'],
    ['HTTPRoute', { rules: [{ filters: [{}] }] }, 'spec.rules[0].filters[0].type: is missing'],
    [
      'HTTPRoute',
      { rules: [{ matches: [{ headers: [{ name: 'a b', value: '' }] }] }] },
      /name: must be the name of a header/,
    ],
    ['HTTPRoute', { rules: [{ matches: [{ path: { value: 'x'.repeat(4097) } }] }] }, /at most 4096 characters/],
    ['Gateway', {}, 'spec.gatewayClassName: is missing'],
    [
      'Gateway',
      { gatewayClassName: 'a', listeners: [{ name: 'a', port: '80' }] },
      /listeners\[0\]\.port: must be a whole/,
    ],
    [
      'Gateway',
      { gatewayClassName: 'a', listeners: [{ name: 'A', port: 80 }] },
      /listeners\[0\]\.name: must be a DNS name/,
    ],
    ['ReferenceGrant', { from: [{ kind: 'a', namespace: 'b' }] }, 'spec.from[0].group: is missing'],
    ['BackendTLSPolicy', { validation: {} }, 'spec.validation.hostname: is missing'],
  ];
  for (const [kind, spec, expected] of cases) {
    const found = problemOf(kind, spec);
    if (typeof expected === 'string') assert.equal(found, expected);
    else assert.match(found, expected);
  }
  assert.match(problemOf('Gateway', {}, { name: 'Web' }), /^metadata\.name: must be a DNS name/);
  assert.match(
    problemOf('Gateway', {}, { name: 'web', namespace: 'a.b' }),
    /^metadata\.namespace: must be a DNS label/,
  );
  assert.match(problemOf('Gateway', {}, { name: 'web', annotations: { a: 1 } }), /annotations\.a: must be a string/);
  assert.match(problemOf('Gateway', {}, null), /^metadata: is missing/);
});
