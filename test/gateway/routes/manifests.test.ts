/** Objects as an API server before 1.25 stores them: it does not know the rules between their fields. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readGatewayObject } from '../../../src/resources/gateway/gateway-kinds.ts';
import { isShapeProblem } from '../../../src/resources/service-object.ts';
import { isGranted } from '../../../src/translate/gateway/grants.ts';
import { readRoute } from '../../../src/translate/gateway/routes/read-route.ts';
import { type Around, around, listener, service } from './scene.ts';

/** Parts of the conditions at the first parent: `Accepted=True Accepted`, and so on. */
function conditions(rule: object, all: Around = {}, spec: object = {}): string[] {
  const object = readGatewayObject(
    'HTTPRoute',
    { metadata: { name: 'route' }, spec: { parentRefs: [{ name: 'gateway' }], rules: [rule], ...spec } },
    'infra',
  );
  assert.ok(!isShapeProblem(object), JSON.stringify(object));
  const { status } = readRoute('HTTPRoute', object, around(all)).status;
  assert.ok('parents' in status);
  return (status.parents[0]?.conditions ?? []).map(({ type, status, reason }) => `${type}=${status} ${reason}`);
}

const to = [{ name: 'v1', port: 8080 }];

test('a route with what an API server fills in is accepted', () => {
  assert.deepEqual(conditions({ backendRefs: to }), ['Accepted=True Accepted', 'ResolvedRefs=True ResolvedRefs']);
  assert.deepEqual(conditions({}), ['Accepted=True Accepted', 'ResolvedRefs=True ResolvedRefs']);
});

describe('rules between fields are kept', () => {
  const header = { type: 'RequestHeaderModifier', requestHeaderModifier: { remove: ['X-A'] } };
  const redirect = { type: 'RequestRedirect', requestRedirect: { scheme: 'https' } };
  const prefix = { type: 'ReplacePrefixMatch', replacePrefixMatch: '/b' };
  const cases: readonly [string, object, reason?: string][] = [
    ['a filter once', { filters: [header, header], backendRefs: to }],
    [
      'no redirect and rewrite together',
      { filters: [redirect, { type: 'URLRewrite', urlRewrite: {} }] },
      'IncompatibleFilters',
    ],
    ['no backends with a redirect', { filters: [redirect], backendRefs: to }],
    ['the field of the type of a filter', { filters: [{ type: 'CORS' }], backendRefs: to }],
    ['no field of another type', { filters: [{ ...header, requestMirror: { backendRef: to[0] } }], backendRefs: to }],
    [
      'a prefix is replaced where one is matched',
      {
        matches: [{ path: { type: 'Exact', value: '/a' } }],
        filters: [{ type: 'URLRewrite', urlRewrite: { path: prefix } }],
      },
    ],
    [
      'the field of the type of a path',
      { filters: [{ type: 'URLRewrite', urlRewrite: { path: { type: 'ReplaceFullPath', replacePrefixMatch: '/' } } }] },
    ],
    ['a path begins with a slash', { matches: [{ path: { value: 'a' } }], backendRefs: to }],
    ['a path has no empty segment', { matches: [{ path: { value: '/a//b' } }], backendRefs: to }],
    ['a path has no fragment', { matches: [{ path: { value: '/a#b' } }], backendRefs: to }],
    ['a path does not end with a dot segment', { matches: [{ path: { value: '/a/..' } }], backendRefs: to }],
    ['a method is known', { matches: [{ method: 'get' }], backendRefs: to }],
    ['a try is no longer than the request', { timeouts: { request: '1s', backendRequest: '1m' }, backendRefs: to }],
    [
      'a share is said once',
      {
        filters: [
          { type: 'RequestMirror', requestMirror: { backendRef: to[0], percent: 1, fraction: { numerator: 1 } } },
        ],
        backendRefs: to,
      },
    ],
    [
      'a star stands alone',
      { filters: [{ type: 'CORS', cors: { allowOrigins: ['*', 'https://a.example'] } }], backendRefs: to },
    ],
    ['a field that is not served is not passed over', { sessionPersistence: { type: 'Cookie' }, backendRefs: to }],
    ['an external authorisation is not passed over', { filters: [{ type: 'ExternalAuth', externalAuth: {} }] }],
  ];
  for (const [name, rule, reason = 'UnsupportedValue'] of cases) {
    test(name, () => {
      assert.deepEqual(conditions(rule), [`Accepted=False ${reason}`, 'ResolvedRefs=True ResolvedRefs']);
    });
  }

  test('a Service is named with its port', () => {
    const [accepted, resolved] = conditions({ backendRefs: [{ name: 'v1' }] });
    assert.deepEqual([accepted, resolved], ['Accepted=True Accepted', 'ResolvedRefs=False BackendNotFound']);
  });

  test('a route has 128 matches', () => {
    const matches = Array.from({ length: 129 }, (_, index) => ({ path: { value: `/${index}` } }));
    assert.equal(conditions({ matches, backendRefs: to })[0], 'Accepted=False UnsupportedValue');
    assert.equal(conditions({ matches: matches.slice(1), backendRefs: to })[0], 'Accepted=True Accepted');
  });
});

test('the patterns of a route have 16384 characters together', () => {
  const matches = (count: number) =>
    Array.from({ length: count }, (_, index) => ({
      path: { type: 'RegularExpression', value: `/${index}${'a'.repeat(300)}` },
      headers: [{ name: 'x', type: 'RegularExpression', value: 'b'.repeat(200) }],
    }));
  assert.equal(conditions({ matches: matches(30), backendRefs: to })[0], 'Accepted=True Accepted');
  const refused = ['Accepted=False UnsupportedValue', 'ResolvedRefs=False BackendNotFound'];
  assert.deepEqual(conditions({ matches: matches(40), backendRefs: [{ name: 'missing', port: 1 }] }), refused);
});

test('a route is served at 10000 places', () => {
  const matches = Array.from({ length: 128 }, (_, index) => ({ path: { value: `/${index}` } }));
  const hostnames = Array.from({ length: 60 }, (_, index) => `h${index}.example`);
  const accepted = (...sections: readonly string[]): string | undefined =>
    conditions(
      { matches, backendRefs: to },
      { listeners: sections.map(hostname => listener({ hostname, section: `s${hostname}` })) },
      { hostnames },
    )[0];
  assert.equal(accepted(''), 'Accepted=True Accepted');
  assert.equal(accepted('', '*.example'), 'Accepted=False UnsupportedValue');
});

describe('a reference to another namespace', () => {
  const from = { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'infra' };
  const target = { group: '', kind: 'Service', name: 'v1' };
  const resolved = (namespace: string, spec: object): string | undefined => {
    const grant = readGatewayObject('ReferenceGrant', { metadata: { name: 'grant', namespace }, spec }, 'infra');
    assert.ok(!isShapeProblem(grant), JSON.stringify(grant));
    const all: Around = { services: [service('v1', {}, 'web')], isGranted: (of, to) => isGranted([grant], of, to) };
    return conditions({ backendRefs: [{ name: 'v1', namespace: 'web', port: 8080 }] }, all)[1];
  };

  test('is granted by the namespace of its target, by name or for all Services', () => {
    for (const to of [target, { group: '', kind: 'Service' }])
      assert.equal(resolved('web', { from: [from], to: [to] }), 'ResolvedRefs=True ResolvedRefs');
  });

  const misses: readonly [string, string, object, object][] = [
    ['in the namespace of the route', 'infra', from, target],
    ['from another group', 'web', { ...from, group: 'other.example' }, target],
    ['from another kind', 'web', { ...from, kind: 'GRPCRoute' }, target],
    ['from another namespace', 'web', { ...from, namespace: 'other' }, target],
    ['to another group', 'web', from, { ...target, group: 'other.example' }],
    ['to another kind', 'web', from, { ...target, kind: 'Secret' }],
    ['to another name', 'web', from, { ...target, name: 'v2' }],
  ];
  for (const [name, namespace, of, to] of misses) {
    test(`is not granted ${name}`, () => {
      assert.equal(resolved(namespace, { from: [of], to: [to] }), 'ResolvedRefs=False RefNotPermitted');
    });
  }
});
