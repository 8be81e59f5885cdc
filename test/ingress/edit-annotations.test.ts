/** What annotations that change requests and responses become. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Policy } from '../../src/model/policy.ts';
import { type OneIngress, translateOne } from './one-ingress.ts';

type Case = readonly [annotations: Readonly<Record<string, string>>, policies: readonly Policy[], ingress?: OneIngress];

const SCHEME = { variable: 'connection_scheme' };
const HOST = { variable: 'host' };
const REGEX = { pathType: 'ImplementationSpecific' };

const cors = (more: Partial<Extract<Policy, { kind: 'cors' }>> = {}): Policy => ({
  kind: 'cors',
  origins: ['*'],
  methods: ['GET, PUT, POST, DELETE, PATCH, OPTIONS'],
  headers: [
    'DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization',
  ],
  exposed: [],
  credentials: true,
  maxAge: 1_728_000,
  asIngressNginx: true,
  ...more,
});

const rewrite = (pattern: string, target: string, more = {}): Policy => ({
  ...{ kind: 'rewrite', pattern: `(?i)${pattern}`, target, isDecoded: true },
  ...more,
});

const READ: readonly Case[] = [
  [{ 'rewrite-target': '/$2' }, [rewrite('/app(/|$)(.*)', '/$2')], { path: '/app(/|$)(.*)', ...REGEX }],
  [
    { 'rewrite-target': '/', 'x-forwarded-prefix': '/p/$1' },
    [rewrite('/app/(.*)', '/', { forwardedPrefix: '/p/$1' })],
    { path: '/app/(.*)', ...REGEX },
  ],
  // ingress-nginx makes /foo/ of the prefix first.
  [{ 'rewrite-target': '/foo' }, [rewrite('/foo/', '/foo')], { path: '/foo' }],
  [{ 'rewrite-target': '/foo' }, [], { path: '/foo', pathType: 'Exact' }],
  [{ 'rewrite-target': '/' }, []],
  [{ 'x-forwarded-prefix': '/p' }, []],
  [
    { 'rewrite-target': 'https://n.test$1' },
    [{ kind: 'redirect', pattern: '(?i)/old(.*)', target: 'https://n.test$1', status: 302, isDecoded: true }],
    { path: '/old(.*)', ...REGEX },
  ],
  [
    { 'permanent-redirect': 'https://x.test/a?b=c' },
    [{ kind: 'return', status: 301, location: ['https://x.test/a?b=c'] }],
  ],
  [{ 'permanent-redirect': '/n' }, [{ kind: 'return', status: 301, location: [SCHEME, '://', HOST, '/n'] }]],
  [
    { 'permanent-redirect': '/n', 'relative-redirects': 'true', 'permanent-redirect-code': '308' },
    [{ kind: 'return', status: 308, location: ['/n'] }],
  ],
  [
    { 'temporal-redirect': 'https://t.test', 'permanent-redirect': 'https://p.test', 'temporal-redirect-code': '307' },
    [{ kind: 'return', status: 307, location: ['https://t.test'] }],
  ],
  [{ 'enable-cors': 'true' }, [cors()]],
  [{ 'cors-allow-origin': 'https://a.test' }, []],
  [
    {
      'enable-cors': 'true',
      'cors-allow-origin': 'https://A.test:8443, tauri://localhost,',
      'cors-allow-credentials': 'false',
      'cors-expose-headers': '*, X-A',
      'cors-max-age': '600',
    },
    [
      cors({
        origins: ['https://a.test:8443', 'tauri://localhost'],
        credentials: false,
        exposed: ['*, X-A'],
        maxAge: 600,
      }),
    ],
  ],
  [{ 'enable-cors': 'true', 'cors-allow-origin': ' ' }, [cors()]],
  [{ 'enable-cors': 'true', 'cors-allow-origin': 'https://a.test,*' }, [cors()]],
  [
    { 'custom-http-errors': '503, 404,404', 'default-backend': 'pages' },
    [
      {
        ...{ kind: 'error-pages', cluster: 'ingress shop/pages:80 named', statuses: [404, 503] },
        ...{ ingress: 'web', isForUnserved: true },
      },
    ],
    { services: ['pages'] },
  ],
  [{ 'custom-http-errors': '404' }, []],
  [
    { 'mirror-target': 'https://s.example$request_uri', 'mirror-request-body': 'off' },
    [
      {
        ...{ kind: 'mirror', cluster: 'shop/web https://s.example:443 unverified', percent: 100 },
        ...{ target: [{ variable: 'request_uri' }], host: 's.example', dropsBody: true },
      },
    ],
  ],
  [
    {
      'proxy-cookie-domain': 'a.test b.test',
      'proxy-cookie-path': '~/one /two',
      'proxy-redirect-from': 'http://x/',
      'proxy-redirect-to': '/y/',
    },
    [
      {
        kind: 'upstream-names',
        cookieDomains: [{ from: { text: 'a.test' }, to: 'b.test' }],
        cookiePaths: [{ from: { pattern: '/one', ignoresCase: false }, to: '/two' }],
        redirects: [{ from: { text: 'http://x/' }, to: '/y/' }],
      },
    ],
  ],
  [{ 'proxy-cookie-domain': 'off', 'proxy-redirect-from': 'default' }, []],
  [
    { 'custom-headers': 'shop/h' },
    [{ kind: 'response-headers', edits: [{ op: 'set', name: 'X-A', value: '$1' }] }],
    { configMaps: new Map([['shop/h', { 'X-A': '$1' }]]), config: { globalAllowedResponseHeaders: ['X-A'] } },
  ],
  [
    {},
    [
      { kind: 'request-headers', edits: [{ op: 'set', name: 'X-C', value: 'c' }] },
      {
        kind: 'response-headers',
        edits: [
          { op: 'remove', name: 'X-Z', value: '' },
          { op: 'set', name: 'X-B', value: '', text: [HOST] },
        ],
      },
    ],
    {
      configMaps: new Map([
        ['i/add', { 'X-B': '$host', 'Content-Length': '0', 'X-Bad': 'a\r\nSet-Cookie: b' }],
        ['i/set', { 'X-C': 'c', Host: 'evil' }],
      ]),
      config: {
        addHeaders: { namespace: 'i', name: 'add' },
        proxySetHeaders: { namespace: 'i', name: 'set' },
        hideHeaders: ['X-Z'],
      },
    },
  ],
];

describe('annotations that change requests and responses', () => {
  for (const [annotations, policies, ingress] of READ) {
    it(`read ${JSON.stringify(annotations)}${ingress?.path === undefined ? '' : ` on ${ingress.path}`}`, () => {
      const { route, told, isServed } = translateOne(annotations, ingress);
      assert.deepEqual(route.policies ?? [], policies);
      assert.deepEqual([told, isServed], [[], true]);
    });
  }

  it('say what becomes of the host and of the redirect to https, and what is logged', () => {
    const { route } = translateOne({
      'upstream-vhost': 'x.$host',
      'enable-access-log': 'false',
      'force-ssl-redirect': 'true',
      'preserve-trailing-slash': 'true',
    });
    assert.deepEqual(route.ingress?.upstreamHost, ['x.', HOST]);
    assert.equal(route.ingress?.isLogged, false);
    assert.deepEqual(route.ingress?.tlsRedirect, { isAlways: true, status: 308, keepsSlash: true });
  });

  it('say by which names a host is served, and where its root leads', () => {
    const { routes } = translateOne({
      'app-root': '/ui',
      'from-to-www-redirect': 'true',
      'server-alias': 'B.example, c.example',
    });
    assert.deepEqual(
      routes.map(({ host, match = '', path }) => `${host} ${match}${path}`),
      [
        'a.example /',
        'a.example exact/',
        'b.example /',
        'b.example exact/',
        'c.example /',
        'c.example exact/',
        'www.a.example /',
      ],
    );
    const root = routes.find(({ match }) => match === 'exact')?.policies;
    assert.deepEqual(root, [
      { kind: 'return', status: 302, location: [SCHEME, '://', { variable: 'http_host' }, '/ui'] },
    ]);
    assert.deepEqual(routes.at(-1)?.policies, [
      {
        kind: 'return',
        status: 308,
        location: [
          { variable: 'scheme' },
          '://a.example:',
          { variable: 'server_port' },
          { variable: 'request_uri_without_slash' },
        ],
      },
    ]);
  });

  const LONG = 'x'.repeat(100_000);
  /** What is told, and whether requests get 503. */
  const BAD: readonly (readonly [
    annotations: Readonly<Record<string, string>>,
    told: string,
    isDenied: boolean,
    OneIngress?,
  ])[] = [
    [{ 'rewrite-target': '/$1?x=1' }, 'AnnotationIgnored rewrite-target', false, { path: '/q/(.*)', ...REGEX }],
    [{ 'rewrite-target': '/a\r\nX: y' }, 'AnnotationIgnored rewrite-target', false],
    [{ 'rewrite-target': `/${LONG}` }, 'AnnotationIgnored rewrite-target', false],
    [{ 'rewrite-target': '/$host' }, 'AnnotationParsingFailed rewrite-target', true],
    [{ 'rewrite-target': 'https://$1.test/' }, 'AnnotationParsingFailed rewrite-target', true],
    [{ 'rewrite-target': 'x/$1' }, 'Differs rewrite-target', false],
    [{ 'app-root': 'foo' }, 'AnnotationIgnored app-root', false],
    [{ 'app-root': '//evil.example' }, 'AnnotationIgnored app-root', false],
    [{ 'temporal-redirect': 'javascript:alert' }, 'AnnotationIgnored temporal-redirect', false],
    [{ 'permanent-redirect': '//evil.example' }, 'AnnotationIgnored permanent-redirect', false],
    [
      { 'permanent-redirect': 'https://a', 'permanent-redirect-code': '200' },
      'AnnotationIgnored permanent-redirect-code',
      false,
    ],
    [{ 'server-alias': '~^www\\d+' }, 'Differs server-alias', false],
    [{ 'server-alias': 'a b' }, 'Differs server-alias', false],
    [{ 'enable-cors': 'yes' }, 'AnnotationIgnored enable-cors', false],
    [{ 'enable-cors': 'true', 'cors-allow-origin': 'https://a\r\nX: y' }, 'Differs cors-allow-origin', false],
    [{ 'enable-cors': 'true', 'cors-allow-methods': 'GET\r\nX: y' }, 'AnnotationIgnored cors-allow-methods', false],
    [{ 'enable-cors': 'true', 'cors-allow-headers': `X-${LONG}` }, 'AnnotationIgnored cors-allow-headers', false],
    [{ 'cors-max-age': '1s' }, 'AnnotationIgnored cors-max-age', false],
    [{ 'upstream-vhost': 'a\r\nX: y' }, 'AnnotationParsingFailed upstream-vhost', true],
    [{ 'upstream-vhost': '$secret' }, 'AnnotationParsingFailed upstream-vhost', true],
    [{ 'mirror-target': 'https://$host/' }, 'AnnotationIgnored mirror-target', false],
    [{ 'mirror-target': 'https://user@evil/' }, 'AnnotationIgnored mirror-target', false],
    [{ 'mirror-target': 'https://a/ b' }, 'AnnotationIgnored mirror-target', false],
    [{ 'proxy-cookie-domain': 'a' }, 'AnnotationIgnored proxy-cookie-domain', false],
    [{ 'proxy-cookie-path': '/a /b;Secure' }, 'AnnotationIgnored proxy-cookie-path', false],
    [{ 'proxy-redirect-from': '/a\r\n', 'proxy-redirect-to': '/b' }, 'AnnotationIgnored proxy-redirect-from', false],
    [{ 'custom-http-errors': '200' }, 'AnnotationIgnored custom-http-errors', false],
    [{ 'default-backend': 'none' }, 'ServiceNotFound default-backend', false],
    [{ 'custom-headers': 'h' }, 'AnnotationParsingFailed custom-headers', true],
    [{ 'custom-headers': 'shop/h' }, 'AnnotationParsingFailed custom-headers', true],
    [{ 'custom-headers': 'other/h' }, 'AnnotationParsingFailed custom-headers', true],
    [{ 'custom-headers': 'shop/h' }, 'AnnotationParsingFailed custom-headers', true, headers({ 'X-Not-Allowed': '1' })],
    [{ 'custom-headers': 'shop/h' }, 'AnnotationParsingFailed custom-headers', true, headers({ 'X-A': '1\r\nX: y' })],
    [
      { 'custom-headers': 'shop/h' },
      'AnnotationParsingFailed custom-headers',
      true,
      headers({ 'Content-Length': '1' }),
    ],
  ];
  for (const [annotations, expected, isDenied, ingress] of BAD) {
    it(`tell of ${JSON.stringify(annotations).slice(0, 80)}: ${expected}`, () => {
      const { route, told, diagnostics } = translateOne(annotations, ingress);
      assert.deepEqual(told, [expected]);
      assert.equal(route.policies?.[0]?.kind === 'unavailable', isDenied);
      for (const { message } of diagnostics) assert.match(message, /^[^\x00-\x1f\x7f]{1,999}$/);
    });
  }

  it('refuse an Ingress for a redirect that ingress-nginx refuses', () => {
    for (const url of ['https://x.test$request_uri', 'https://x.test/"', `https://${LONG}`]) {
      const { told, isServed } = translateOne({ 'permanent-redirect': url });
      assert.deepEqual([told, isServed], [['AnnotationRefused permanent-redirect'], false]);
    }
  });
});

function headers(data: Readonly<Record<string, string>>): OneIngress {
  return {
    configMaps: new Map([['shop/h', data]]),
    config: { globalAllowedResponseHeaders: ['X-A', 'Content-Length'] },
  };
}
