import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Policy } from '../../../src/model/policy.ts';
import type { RouteFilter } from '../../../src/resources/gateway/gateway-object.ts';
import { readRoute } from '../../../src/translate/gateway/routes/read-route.ts';
import { around, exact, httpRoute, type Rule } from './scene.ts';

const EDITS = { set: [], add: [], remove: [] };
const ref = (name: string) => ({ group: '', kind: 'Service', name, port: 8080 });

function requestHeaders(edits: Partial<typeof EDITS | { set: { name: string; value: string }[] }>): RouteFilter {
  return { type: 'RequestHeaderModifier', requestHeaderModifier: { ...EDITS, ...edits } };
}

function redirect(fields: Partial<NonNullable<RouteFilter['requestRedirect']>>): RouteFilter {
  return { type: 'RequestRedirect', requestRedirect: { statusCode: 302, ...fields } };
}

function rewrite(urlRewrite: NonNullable<RouteFilter['urlRewrite']>): RouteFilter {
  return { type: 'URLRewrite', urlRewrite };
}

function mirror(name: string, share: object = {}): RouteFilter {
  return { type: 'RequestMirror', requestMirror: { backendRef: ref(name), ...share } };
}

function cors(fields: Partial<NonNullable<RouteFilter['cors']>>): RouteFilter {
  const lists = { allowOrigins: ['https://a.example'], allowMethods: [], allowHeaders: [], exposeHeaders: [] };
  return { type: 'CORS', cors: { ...lists, allowCredentials: false, maxAge: 5, ...fields } };
}

function readRule(rule: Rule) {
  return readRoute('HTTPRoute', httpRoute([rule]), around());
}

function policiesOf(rule: Rule): readonly Policy[] {
  const { routes, status } = readRule(rule);
  assert.ok('parents' in status.status);
  const [accepted] = status.status.parents[0]?.conditions ?? [];
  assert.deepEqual([accepted?.status, accepted?.reason], ['True', 'Accepted']);
  return routes[0]?.policies ?? [];
}

describe('filters', () => {
  test('of one header name, the first change counts', () => {
    const filter = requestHeaders({
      set: [
        { name: 'X-A', value: '1' },
        { name: 'x-a', value: '2' },
      ],
      add: [{ name: 'X-B', value: 'b' }],
      remove: ['X-C', 'x-b'],
    } as object);
    assert.deepEqual(policiesOf({ filters: [filter] }), [
      {
        kind: 'request-headers',
        edits: [
          { op: 'set', name: 'X-A', value: '1' },
          { op: 'add', name: 'X-B', value: 'b' },
          { op: 'remove', name: 'X-C', value: '' },
        ],
      },
    ]);
  });

  test('policies stand in the order in which requests meet them, whatever the order of the filters', () => {
    const filters = [
      { type: 'ResponseHeaderModifier', responseHeaderModifier: { ...EDITS, remove: ['X-A'] } },
      mirror('v2'),
      requestHeaders({ remove: ['X-A'] } as object),
      rewrite({ hostname: 'a.example' }),
      cors({}),
    ];
    assert.deepEqual(
      policiesOf({ filters, retry: { codes: [503] } }).map(({ kind }) => kind),
      ['cors', 'url-rewrite', 'request-headers', 'mirror', 'retry', 'response-headers'],
    );
  });

  test('a redirect has what is written, and no more', () => {
    const policies = (filter: RouteFilter): readonly Policy[] =>
      policiesOf({ matches: ['/from/'], filters: [filter], to: [] });
    assert.deepEqual(policies(redirect({})), [{ kind: 'request-redirect', status: 302 }]);
    const path = { type: 'ReplacePrefixMatch', replacePrefixMatch: '/to' };
    assert.deepEqual(
      policies(redirect({ scheme: 'https', hostname: 'Example.org', port: 8443, path, statusCode: 308 })),
      [
        {
          kind: 'request-redirect',
          scheme: 'https',
          host: 'example.org',
          port: 8443,
          path: { prefix: '/from', replacement: '/to' },
          status: 308,
        },
      ],
    );
    const full = { type: 'ReplaceFullPath', replaceFullPath: '/full' };
    assert.deepEqual(policies(redirect({ path: full })), [
      { kind: 'request-redirect', path: { full: '/full' }, status: 302 },
    ]);
  });

  test('a rewrite replaces the prefix of the only match', () => {
    const path = { type: 'ReplacePrefixMatch', replacePrefixMatch: '' };
    assert.deepEqual(policiesOf({ matches: ['/strip'], filters: [rewrite({ path })] }), [
      { kind: 'url-rewrite', path: { prefix: '/strip', replacement: '' } },
    ]);
  });

  test('copies go to several Services, of a share of the requests', () => {
    const filters = [
      mirror('v1'),
      mirror('v2', { percent: 20 }),
      mirror('v3', { fraction: { numerator: 25, denominator: 50 } }),
      mirror('v3', { percent: 0 }),
    ];
    assert.deepEqual(policiesOf({ filters }), [
      { kind: 'mirror', cluster: 'gateway/infra/v1:8080', percent: 100 },
      { kind: 'mirror', cluster: 'gateway/infra/v2:8080', percent: 20 },
      { kind: 'mirror', cluster: 'gateway/infra/v3:8080', percent: 50 },
    ]);
  });

  test('a mirror that cannot be reached is left out, and told', () => {
    const { routes, status } = readRule({ filters: [mirror('missing')] });
    assert.deepEqual([routes[0]?.policies, routes[0]?.cluster], [undefined, 'gateway/infra/v1:8080']);
    assert.ok('parents' in status.status);
    assert.equal(status.status.parents[0]?.conditions[1]?.reason, 'BackendNotFound');
  });

  test('CORS has the meaning of the Gateway API', () => {
    const filter = cors({
      allowOrigins: ['https://www.foo.com:443', 'https://*.bar.com'],
      allowMethods: ['*'],
      allowCredentials: true,
    });
    assert.deepEqual(policiesOf({ filters: [filter] }), [
      {
        kind: 'cors',
        origins: ['https://www.foo.com', 'https://*.bar.com'],
        methods: ['*'],
        headers: [],
        exposed: [],
        credentials: true,
        maxAge: 5,
        asGateway: true,
      },
    ]);
  });

  test('filters of a backend are behind those of its rule', () => {
    const own = [requestHeaders({ remove: ['X-A'] } as object), rewrite({ hostname: 'a.example' })];
    const { routes } = readRule({ to: [{ filters: own }, { name: 'v2' }] });
    assert.deepEqual(routes[0]?.backends, [
      {
        cluster: 'gateway/infra/v1:8080',
        weight: 1,
        policies: [
          { kind: 'url-rewrite', host: 'a.example' },
          { kind: 'request-headers', edits: [{ op: 'remove', name: 'X-A', value: '' }] },
        ],
      },
      { cluster: 'gateway/infra/v2:8080', weight: 1 },
    ]);
  });
});

describe('timeouts and retries', () => {
  test('limits are read, and 0s turns them off', () => {
    const limits = (timeouts: Rule['timeouts']) => {
      const { gateway, overrides } = readRule({ timeouts }).routes[0] ?? {};
      return [gateway?.requestTimeoutMs, gateway?.backendTimeoutMs, overrides?.readTimeoutMs];
    };
    assert.deepEqual(limits(undefined), [undefined, undefined, undefined]);
    assert.deepEqual(limits({ request: '1m30s' }), [90_000, undefined, 90_000]);
    assert.deepEqual(limits({ request: '1s', backendRequest: '500ms' }), [1_000, 500, 500]);
    assert.deepEqual(limits({ request: '0s', backendRequest: '500ms' }), [undefined, 500, 500]);
    assert.deepEqual(limits({ request: '0s' }), [undefined, undefined, 2 ** 31 - 1]);
    assert.deepEqual(limits({ request: '99999h' }), [2 ** 31 - 1, undefined, 2 ** 31 - 1]);
  });

  test('a rule says how often requests are sent again', () => {
    const policy = { kind: 'retry', nonIdempotent: true, countsFailures: true };
    const retries = (retry: Rule['retry']): readonly Policy[] => policiesOf({ retry });
    assert.deepEqual(retries({ codes: [500, 503, 500], attempts: 3, backoff: '200ms' }), [
      { ...policy, attempts: 3, statuses: [500, 503], backoffMs: 200 },
    ]);
    assert.deepEqual(retries({ codes: [] }), [{ ...policy, attempts: 1, statuses: [] }]);
    assert.deepEqual(retries({ codes: [500], attempts: 0 }), [{ ...policy, attempts: 0, statuses: [500] }]);
  });
});

describe('a rule that cannot be served as it stands', () => {
  const path = (type: string, text: string) => ({ type, replaceFullPath: text, replacePrefixMatch: text });
  const cases: readonly [string, Rule, reason?: string][] = [
    ['an extension', { filters: [{ type: 'ExtensionRef', extensionRef: { group: 'a', kind: 'B', name: 'c' } }] }],
    ['an unknown filter', { filters: [{ type: 'Whatever' }] }],
    ['a filter whose fields do not belong together', { filters: [{ ...mirror('v1'), fault: 'two fields' }] }],
    ['a filter without its field', { filters: [{ type: 'RequestRedirect' }] }],
    ['a filter that stands twice', { filters: [cors({}), cors({})] }],
    ['a redirect with backends', { filters: [redirect({})] }],
    ['redirect and rewrite', { filters: [redirect({}), rewrite({})], to: [] }, 'IncompatibleFilters'],
    ['a redirect of one backend', { to: [{ filters: [redirect({})] }] }],
    ['an unknown scheme', { filters: [redirect({ scheme: 'ftp' })], to: [] }],
    ['an unknown status', { filters: [redirect({ statusCode: 300 })], to: [] }],
    ['an address as hostname', { filters: [rewrite({ hostname: '192.0.2.1' })] }],
    ['a wildcard as hostname', { filters: [rewrite({ hostname: '*.example.com' })] }],
    [
      'a prefix of an exact path',
      { matches: [{ path: exact('/a') }], filters: [rewrite({ path: path('ReplacePrefixMatch', '/b') })] },
    ],
    [
      'a prefix of several matches',
      { matches: ['/a', '/b'], filters: [rewrite({ path: path('ReplacePrefixMatch', '/b') })] },
    ],
    ['a path without a slash', { filters: [rewrite({ path: path('ReplaceFullPath', 'b') })] }],
    [
      'a path that ends a line',
      { filters: [redirect({ path: path('ReplaceFullPath', '/b\r\nSet-Cookie: a') })], to: [] },
    ],
    ['an unknown replacement', { filters: [rewrite({ path: path('ReplaceRegex', '/b') })] }],
    ['a header that frames', { filters: [requestHeaders({ remove: ['Content-Length'] } as object)] }],
    ['a header value that ends a line', { filters: [requestHeaders({ set: [{ name: 'X-A', value: 'a\nb' }] })] }],
    ['the Host as a header', { filters: [requestHeaders({ set: [{ name: 'host', value: 'a' }] })] }],
    ['a share above all', { filters: [mirror('v1', { fraction: { numerator: 3, denominator: 2 } })] }],
    ['a share of nothing', { filters: [mirror('v1', { fraction: { numerator: 0, denominator: 0 } })] }],
    ['a star beside origins', { filters: [cors({ allowOrigins: ['*', 'https://a.example'] })] }],
    ['an origin that is none', { filters: [cors({ allowOrigins: ['a.example'] })] }],
    ['a method that is none', { filters: [cors({ allowMethods: ['GET,PUT'] })] }],
    ['a duration that is none', { timeouts: { request: '1.5s' } }],
    ['a try that may take longer than the request', { timeouts: { request: '1s', backendRequest: '2s' } }],
    ['too many attempts', { retry: { codes: [], attempts: 101 } }],
    ['a status that is no error', { retry: { codes: [200] } }],
    ['a field that is not served', { unknown: ['sessionPersistence'] }],
  ];
  for (const [name, rule, reason = 'UnsupportedValue'] of cases) {
    test(`${name}: its requests get 500, and the status says why`, () => {
      const alone = readRule(rule);
      assert.ok('parents' in alone.status.status);
      const [accepted, resolved, ...others] = alone.status.status.parents[0]?.conditions ?? [];
      assert.deepEqual([accepted?.status, accepted?.reason, resolved?.status, others], ['False', reason, 'True', []]);
      assert.equal(alone.attached.size, 0);
      for (const route of alone.routes)
        assert.deepEqual([route.cluster, route.policies], ['gateway invalid-backend', undefined]);

      const beside = readRoute('HTTPRoute', httpRoute([{ matches: ['/good'] }, { name: 'bad', ...rule }]), around());
      assert.ok('parents' in beside.status.status);
      const conditions = beside.status.status.parents[0]?.conditions ?? [];
      assert.deepEqual(
        conditions.map(({ type, status, reason }) => [type, status, reason]),
        [
          ['Accepted', 'True', 'Accepted'],
          ['ResolvedRefs', 'True', 'ResolvedRefs'],
          ['PartiallyInvalid', 'True', 'UnsupportedValue'],
        ],
      );
      assert.match(conditions[2]?.message ?? '', /^Dropped Rule bad: /);
      assert.equal(beside.routes[0]?.cluster, 'gateway/infra/v1:8080');
      assert.equal(beside.attached.size, 1);
    });
  }

  const unreadable: readonly [string, Rule][] = [
    ['//', { matches: ['/a//b'] }],
    ['/../', { matches: ['/a/../b'] }],
    ['/.', { matches: ['/a/.'] }],
    ['a dot that is escaped', { matches: ['/%2e'] }],
    ['a slash that is escaped', { matches: ['/a%2Fb'] }],
    ['a question mark', { matches: ['/a?b'] }],
    ['a bad escape', { matches: ['/%zz'] }],
    ['a space', { matches: ['/a b'] }],
    ['no slash', { matches: ['a'] }],
    ['no path', { matches: [''] }],
    ['a long path', { matches: [`/${'a'.repeat(1024)}`] }],
    ['an unknown type', { matches: [{ path: { type: 'Glob', value: '/*' } }] }],
    ['a pattern that is none', { matches: [{ path: { type: 'RegularExpression', value: '/(' } }] }],
    ['a pattern that looks back', { matches: [{ path: { type: 'RegularExpression', value: '/(a)\\1' } }] }],
    ['a pattern that is too large', { matches: [{ path: { type: 'RegularExpression', value: '/(a{250}){250}' } }] }],
    ['an unknown method', { matches: [{ method: 'BREW' }] }],
    [
      'a header pattern that is none',
      { matches: [{ headers: [{ type: 'RegularExpression', name: 'a', value: '[' }] }] },
    ],
    ['an unknown way to compare', { matches: [{ queryParams: [{ type: 'Prefix', name: 'a', value: 'b' }] }] }],
  ];
  for (const [name, rule] of unreadable) {
    test(`a match with ${name} drops its rule`, () => {
      const { routes, status } = readRoute('HTTPRoute', httpRoute([{ matches: ['/good'] }, rule]), around());
      assert.equal(routes.length, 1);
      assert.ok('parents' in status.status);
      assert.match(status.status.parents[0]?.conditions[2]?.message ?? '', /^Dropped Rule 1: /);
    });
  }
});
