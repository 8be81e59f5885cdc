import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Cluster } from '../../src/model/cluster.ts';
import { selfSigned } from '../support/self-signed.ts';
import { translateOne } from './one-ingress.ts';

type Annotations = Readonly<Record<string, string>>;

function clusterOf(annotations: Annotations): Cluster | undefined {
  return translateOne(annotations).clusters.find(({ name }) => name === 'shop-web-80');
}

describe('limits of endpoints', () => {
  const DEFAULTS = { connectTimeoutMs: 5_000, readTimeoutMs: 60_000, sendTimeoutMs: 60_000, maxBodySize: 1024 * 1024 };
  const rows: readonly (readonly [annotations: Annotations, overrides: object, told: readonly string[]])[] = [
    [{}, DEFAULTS, []],
    [{ 'proxy-read-timeout': '3600' }, { ...DEFAULTS, readTimeoutMs: 3_600_000 }, []],
    [{ 'proxy-read-timeout': '3600s' }, DEFAULTS, ['AnnotationIgnored proxy-read-timeout']],
    [{ 'proxy-read-timeout': '-1' }, DEFAULTS, ['AnnotationIgnored proxy-read-timeout']],
    [{ 'proxy-connect-timeout': '0' }, DEFAULTS, ['AnnotationIgnored proxy-connect-timeout']],
    [{ 'proxy-send-timeout': '9'.repeat(400) }, DEFAULTS, ['AnnotationIgnored proxy-send-timeout']],
    [{ 'proxy-body-size': '8M' }, { ...DEFAULTS, maxBodySize: 8 * 1024 * 1024 }, []],
    [{ 'proxy-body-size': '0' }, { ...DEFAULTS, maxBodySize: 0 }, []],
    [{ 'proxy-body-size': '1b' }, DEFAULTS, ['AnnotationIgnored proxy-body-size']],
    [{ 'proxy-body-size': '' }, DEFAULTS, []],
  ];
  for (const [annotations, overrides, told] of rows) {
    it(`are read from ${JSON.stringify(annotations).slice(0, 60)}`, () => {
      const translated = translateOne(annotations);
      assert.deepEqual(translated.route.overrides, overrides);
      assert.deepEqual(translated.told, told);
    });
  }

  it('are those of the ConfigMap where the Ingress says nothing', () => {
    const config = { proxyBodySize: 5, proxyReadTimeoutMs: 7_000 };
    const { overrides } = translateOne({ 'proxy-body-size': '2' }, { config }).route;
    assert.deepEqual([overrides.maxBodySize, overrides.readTimeoutMs], [2, 7_000]);
  });
});

describe('what endpoints speak', () => {
  const UNVERIFIED = { serverName: '', isVerified: false };
  const WARNED = ['UpstreamNotVerified backend-protocol'];
  const rows: readonly (readonly [annotations: Annotations, speech: object, told: readonly string[]])[] = [
    [{}, {}, []],
    [{ 'backend-protocol': 'HTTP' }, {}, []],
    [{ 'backend-protocol': 'https' }, { protocol: 'https', tls: UNVERIFIED }, WARNED],
    [{ 'backend-protocol': 'GRPC' }, { protocol: 'grpc' }, []],
    [{ 'backend-protocol': 'Grpcs' }, { protocol: 'grpcs', tls: UNVERIFIED }, WARNED],
    [{ 'backend-protocol': 'AJP' }, {}, ['AnnotationIgnored backend-protocol']],
    [
      { 'backend-protocol': 'HTTPS', 'proxy-ssl-server-name': 'on', 'proxy-ssl-name': 'b.test' },
      { protocol: 'https', tls: UNVERIFIED },
      WARNED,
    ],
    [
      {
        'backend-protocol': 'HTTPS',
        'proxy-ssl-secret': 'shop/ca',
        'proxy-ssl-server-name': 'on',
        'proxy-ssl-name': 'b.test',
      },
      { protocol: 'https', tls: { serverName: 'b.test', isVerified: false } },
      WARNED,
    ],
    [
      {
        'backend-protocol': 'HTTPS',
        'proxy-ssl-secret': 'shop/ca',
        'proxy-ssl-verify': 'on',
        'proxy-ssl-name': 'B.test',
      },
      { protocol: 'https', tls: { serverName: 'b.test', isVerified: true, ca: '' } },
      [],
    ],
  ];
  for (const [annotations, speech, told] of rows) {
    it(`is read from ${JSON.stringify(annotations)}`, () => {
      const { protocol, tls } = clusterOf(annotations) as Cluster;
      assert.deepEqual({ ...(protocol && { protocol }), ...(tls && { tls }) }, speech);
      assert.deepEqual(translateOne(annotations).told, told);
    });
  }

  for (const annotations of [
    { 'backend-protocol': 'FCGI' },
    { 'backend-protocol': 'auto_http' },
    { 'backend-protocol': 'HTTPS', 'proxy-ssl-secret': 'other/ca' },
    { 'backend-protocol': 'HTTPS', 'proxy-ssl-secret': '../ca' },
  ]) {
    it(`denies ${JSON.stringify(annotations)}`, () => {
      const { route, told } = translateOne(annotations);
      assert.deepEqual(
        route.policies?.map(({ kind }) => kind),
        ['unavailable'],
      );
      assert.ok(
        told.some(one => one.startsWith('AnnotationParsingFailed')),
        `${told}`,
      );
    });
  }
});

describe('authorities of endpoints', () => {
  const annotations = {
    'backend-protocol': 'HTTPS',
    'proxy-ssl-secret': 'shop/ca',
    'proxy-ssl-verify': 'on',
    'proxy-ssl-name': 'b.test',
  };

  it('are those of the Secret', () => {
    const pem = selfSigned({ names: ['b.test'] }).cert;
    const { clusters, told } = translateOne(annotations, { authorities: { pem } });
    assert.equal(clusters.find(({ name }) => name === 'shop-web-80')?.tls?.ca, pem);
    assert.deepEqual(told, []);
  });

  for (const authorities of [
    { fault: 'it is not there' },
    { pem: '' },
    { pem: 'no certificate' },
    { pem: '-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n' },
  ]) {
    it(`that cannot be used deny the locations: ${JSON.stringify(authorities)}`, () => {
      const { route, told } = translateOne(annotations, { authorities });
      assert.deepEqual(
        route.policies?.map(({ kind }) => kind),
        ['unavailable'],
      );
      assert.ok(told.includes('AnnotationParsingFailed proxy-ssl-secret'), `${told}`);
    });
  }
});

describe('how requests are spread', () => {
  const LEAST = { policy: 'least-request' };
  const rows: readonly (readonly [annotations: Annotations, balance: object, told: readonly string[]])[] = [
    [{}, LEAST, []],
    [{ 'load-balance': 'round_robin' }, { policy: 'round-robin' }, []],
    [{ 'load-balance': 'ewma' }, { policy: 'ewma' }, []],
    [{ 'load-balance': 'ip_hash' }, LEAST, ['AnnotationIgnored load-balance']],
    [{ 'upstream-hash-by': '$request_uri', 'load-balance': 'ewma' }, { policy: 'hash', key: { from: 'uri' } }, []],
    [
      { 'upstream-hash-by': '$http_x_user', 'upstream-hash-by-subset': 'true' },
      { policy: 'hash', key: { from: 'header', name: 'x-user' }, subset: 3 },
      [],
    ],
    [
      {
        'upstream-hash-by': '$binary_remote_addr',
        'upstream-hash-by-subset': 'true',
        'upstream-hash-by-subset-size': '5',
      },
      { policy: 'hash', key: { from: 'client-ip' }, subset: 5 },
      [],
    ],
    [{ 'upstream-hash-by': 'same for all' }, LEAST, ['AnnotationIgnored upstream-hash-by']],
    [{ 'upstream-hash-by': '$no_such_variable' }, LEAST, ['AnnotationIgnored upstream-hash-by']],
    [{ 'upstream-hash-by': '$host'.repeat(10_000) }, LEAST, ['AnnotationIgnored upstream-hash-by']],
    [{ 'service-upstream': 'true', 'load-balance': 'ewma' }, { policy: 'service' }, []],
    [{ 'service-upstream': 'yes' }, LEAST, ['AnnotationIgnored service-upstream']],
  ];
  for (const [annotations, balance, told] of rows) {
    it(`is read from ${JSON.stringify(annotations).slice(0, 100)}`, () => {
      assert.deepEqual(clusterOf(annotations)?.balance, balance);
      assert.deepEqual(translateOne(annotations).told, told);
    });
  }
});

describe('affinity', () => {
  const COOKIE = { mode: 'balanced', name: 'INGRESSCOOKIE', path: '', domain: '', sameSite: '', secure: 'auto' };

  it('is a cookie, and only its own locations set it', () => {
    const annotations = { affinity: 'cookie' };
    assert.deepEqual(clusterOf(annotations)?.affinity, COOKIE);
    assert.equal(translateOne(annotations).route.ingress?.bindsClients, true);
    assert.equal(clusterOf({})?.affinity, undefined);
    assert.equal(translateOne({}).route.ingress?.bindsClients, undefined);
  });

  it('has all attributes of a cookie', () => {
    const annotations = {
      affinity: 'cookie',
      'affinity-mode': 'persistent',
      'session-cookie-name': 'SERVERID',
      'session-cookie-path': '/x',
      'session-cookie-domain': 'a.example',
      'session-cookie-max-age': '60',
      'session-cookie-expires': '120',
      'session-cookie-samesite': 'None',
      'session-cookie-secure': 'true',
      'session-cookie-conditional-samesite-none': 'true',
      'session-cookie-change-on-failure': 'true',
    };
    assert.deepEqual(translateOne(annotations).told, []);
    assert.deepEqual(clusterOf(annotations)?.affinity, {
      ...{
        mode: 'persistent',
        name: 'SERVERID',
        path: '/x',
        domain: 'a.example',
        maxAgeSeconds: 60,
        expiresSeconds: 120,
      },
      ...{ sameSite: 'None', secure: 'always', sparesOldBrowsers: true, changesOnFailure: true },
    });
  });

  for (const [name, text] of [
    ['affinity-mode', 'sometimes'],
    ['session-cookie-name', 'a;b'],
    ['session-cookie-name', 'a\r\nSet-Cookie: b=c'],
    ['session-cookie-path', '/a; Domain=evil.example'],
    ['session-cookie-domain', 'a b'],
    ['session-cookie-max-age', '1h'],
    ['session-cookie-expires', '-1'],
    ['session-cookie-samesite', 'lax'],
    ['session-cookie-secure', 'maybe'],
  ] as const) {
    it(`takes the default for ${name}: ${JSON.stringify(text)}, and says so`, () => {
      const annotations = { affinity: 'cookie', [name]: text };
      assert.deepEqual(clusterOf(annotations)?.affinity, COOKIE);
      assert.deepEqual(translateOne(annotations).told, [`AnnotationIgnored ${name}`]);
    });
  }

  it('says where it has no effect', () => {
    assert.deepEqual(translateOne({ affinity: 'cookie', 'service-upstream': 'true' }).told, ['Differs affinity']);
    assert.deepEqual(translateOne({ affinity: 'cookie', 'use-regex': 'true' }).told, ['Differs affinity']);
  });

  it('is none for another kind', () => {
    assert.equal(clusterOf({ affinity: 'ip' })?.affinity, undefined);
    assert.deepEqual(translateOne({ affinity: 'ip' }).told, ['AnnotationIgnored affinity']);
  });
});

describe('requests that are sent again', () => {
  const retry = (statuses: readonly number[], nonIdempotent = false) => ({
    kind: 'retry',
    attempts: 1,
    statuses,
    nonIdempotent,
  });
  const rows: readonly (readonly [annotations: Annotations, policies: readonly object[], told: readonly string[]])[] = [
    [{}, [], []],
    [{ 'proxy-next-upstream': 'error timeout http_503 http_429' }, [retry([503, 429])], []],
    [{ 'proxy-next-upstream': 'http_502 non_idempotent' }, [retry([502], true)], []],
    [{ 'proxy-next-upstream': 'http_502', 'proxy-next-upstream-tries': '1' }, [], []],
    [{ 'proxy-next-upstream': 'off' }, [], ['Differs proxy-next-upstream']],
    [{ 'proxy-next-upstream': 'error; evil' }, [], ['AnnotationIgnored proxy-next-upstream']],
    [{ 'proxy-next-upstream-tries': '1e9' }, [], ['AnnotationIgnored proxy-next-upstream-tries']],
  ];
  for (const [annotations, policies, told] of rows) {
    it(`are those of ${JSON.stringify(annotations)}`, () => {
      const translated = translateOne(annotations);
      assert.deepEqual(translated.route.policies?.filter(({ kind }) => kind === 'retry') ?? [], policies);
      assert.deepEqual(translated.told, told);
    });
  }
});

describe('annotations that do nothing', () => {
  it('are named, each with the reason and what to do instead', () => {
    const { told, diagnostics } = translateOne({
      'secure-backends': 'true',
      'limit-rate': '100',
      'proxy-buffering': 'on',
      'proxy-bodysize': '8m',
    });
    assert.deepEqual(told.toSorted(), [
      'AnnotationIgnored proxy-bodysize',
      'AnnotationIgnored secure-backends',
      'Unsupported limit-rate',
    ]);
    const messages = diagnostics.map(({ message }) => message).join('\n');
    assert.match(messages, /did you mean proxy-body-size/);
    assert.match(messages, /write backend-protocol: HTTPS/);
  });

  it('are not all named where they are very many', () => {
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`x${index}`, '1']));
    assert.ok(translateOne(many).told.length <= 10);
  });

  it('cannot break the line of a message', () => {
    const { diagnostics } = translateOne({ 'a\r\nb\u001b[31m': '1' });
    for (const { message } of diagnostics) assert.doesNotMatch(message, /[\r\n\u001b]/);
  });
});
