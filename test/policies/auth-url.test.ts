import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { AuthUrlPolicy } from '../../src/model/policy.ts';
import { header } from '../support/exchange.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { fieldOf } from '../support/http2-client.ts';
import { startProxy } from '../support/proxy-under-test.ts';
import type { RawResponse } from '../support/raw-client.ts';
import { answer, answering, RawUpstream, type UpstreamHandler, type UpstreamRequest } from '../support/raw-upstream.ts';
import { BESIDE, type PolicyScene, type PolicySceneOptions, policyScene } from './scene.ts';

const SESSION = { variable: 'cookie_session' };
const SIGNIN = [
  'https://login.test/start?rd=',
  { variable: 'scheme' },
  '://',
  { variable: 'http_host' },
  { variable: 'escaped_request_uri' },
];

function authUrl(fields: Partial<AuthUrlPolicy> = {}): AuthUrlPolicy {
  return { kind: 'auth-url', cluster: BESIDE, host: 'auth.test', target: ['/check'], responseHeaders: [], ...fields };
}

function kept(...key: AuthUrlPolicy['target']): NonNullable<AuthUrlPolicy['cache']> {
  return { key, kept: [{ statuses: [200, 202, 401], durationMs: 300_000 }] };
}

/** A guarded route, and the service that decides about its requests. */
async function scene(
  t: TestContext,
  decide: UpstreamHandler,
  fields: Partial<AuthUrlPolicy> = {},
  options: PolicySceneOptions = {},
): Promise<{ readonly scene: PolicyScene; readonly auth: RawUpstream }> {
  const auth = await RawUpstream.start(t, decide);
  const beside = [{ path: '/auth', to: auth }];
  return { scene: await policyScene(t, [authUrl(fields)], { ...options, beside }), auth };
}

const says = (status: number, headers = ''): UpstreamHandler => answering(answer('', headers, `${status} So`));

/** Lets clients pass whose session is known. */
const knows =
  (...sessions: string[]): UpstreamHandler =>
  async request => {
    const session = /session=([^;]*)/.exec(request.header('cookie') ?? '')?.[1] ?? '';
    const user = sessions.includes(session) ? `X-User: ${session}\r\n` : '';
    await request.connection.send(answer('', user, user === '' ? '401 Who' : '200 OK'));
  };

const session = (name: string): string => `Cookie: session=${name}\r\n`;

const linesOf = ({ headers }: UpstreamRequest, wanted: string): string[] =>
  headers.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);

async function statuses(answers: readonly Promise<RawResponse>[]): Promise<number[]> {
  return (await Promise.all(answers)).map(({ status }) => status);
}

describe('auth-url', { concurrency: 8 }, () => {
  it('asks with GET and without a body, and says what the client has asked for', async t => {
    const { scene: entry, auth } = await scene(t, says(200));
    const client = await entry.proxy.connect();
    await client.send(
      'POST /guarded/a%20b?c=d HTTP/1.1\r\nHost: App.test:8080\r\nCookie: a=b\r\nX-Original-URL: http://evil\r\n' +
        'x-original-method: GET\r\nX-Sent-From: me\r\nX-Auth-Request-Redirect: /evil\r\nX-Forwarded-For: 192.0.2.1\r\n' +
        'X-Forwarded-Proto: https\r\nX-Real-IP: 192.0.2.2\r\nContent-Length: 5\r\n\r\nhello',
    );
    assert.equal((await client.response()).status, 200);
    const { only } = auth;
    const id = only.header('x-request-id') ?? '';
    assert.equal(
      only.raw,
      'GET /check HTTP/1.1\r\nHost: auth.test\r\n' +
        `X-Request-ID: ${id}\r\nX-Original-URL: http://App.test:8080/guarded/a%20b?c=d\r\nX-Original-Method: POST\r\n` +
        'X-Sent-From: nginx-ingress-controller\r\nX-Real-IP: 127.0.0.1\r\nX-Forwarded-For: 127.0.0.1\r\n' +
        'X-Auth-Request-Redirect: /guarded/a%20b?c=d\r\nCookie: a=b\r\n\r\n',
    );
    assert.equal(entry.upstream.only.body, 'hello');
    assert.equal(entry.upstream.only.header('x-request-id'), id);
  });

  it('asks with the method and the header lines of the policy, in place of those of the client and of its own', async t => {
    const { scene: entry, auth } = await scene(t, says(200), {
      method: 'POST',
      requestHeaders: [
        { name: 'X-Original-URI', value: [{ variable: 'request_uri' }] },
        { name: 'X-Auth-Request-Redirect', value: ['https://', { variable: 'host' }, '/back'] },
        { name: 'X-Empty', value: [{ variable: 'arg_none' }] },
      ],
    });
    await entry.get('x-original-uri: /evil\r\nX-Empty: mine\r\nX-Other: kept\r\n', '/guarded?a=b');
    const { only } = auth;
    assert.equal(only.method, 'POST');
    assert.deepEqual(linesOf(only, 'x-original-uri'), ['/guarded?a=b']);
    assert.deepEqual(linesOf(only, 'x-auth-request-redirect'), ['https://test/back']);
    assert.deepEqual([linesOf(only, 'x-empty'), linesOf(only, 'x-other')], [[], ['kept']]);
    assert.deepEqual(linesOf(only, 'x-original-method'), ['GET']);
  });

  it('gives the client the cookies of the answer with each status where the policy says so', async t => {
    const { scene: entry } = await scene(
      t,
      says(200, 'Set-Cookie: a=b\r\n'),
      { alwaysSetsCookies: true },
      { respond: says(500) },
    );
    const got = await entry.get();
    assert.deepEqual([got.status, header(got, 'set-cookie')], [500, ['a=b']]);
  });

  it('lets pass for 2xx, passes on 401 with its challenge and 403, and answers 500 for all else', async t => {
    const { scene: entry, auth } = await scene(t, says(204));
    assert.equal((await entry.get()).status, 200);
    for (const [said, status] of [
      [401, 401],
      [403, 403],
      [302, 500],
      [404, 500],
      [500, 500],
      [503, 500],
    ] as const) {
      auth.handler = says(said, 'WWW-Authenticate: Bearer realm="x"\r\nWWW-Authenticate: Basic realm="y"\r\n');
      const got = await entry.get();
      const challenges = said === 401 ? ['Bearer realm="x"', 'Basic realm="y"'] : [];
      assert.deepEqual([got.status, header(got, 'www-authenticate')], [status, challenges], `${said}`);
    }
    assert.equal(entry.upstream.requests.length, 1);
    const lines = await entry.proxy.logged(7);
    const failed = ['auth_url_failed', 'auth_url_failed', 'auth_url_failed', 'auth_url_failed'];
    assert.deepEqual(
      lines.slice(1).map(({ reason }) => reason),
      ['auth_url_unauthorized', 'auth_url_forbidden', ...failed],
    );
    assert.equal(lines[1]?.policy, 'auth-url');
    assert.equal(entry.proxy.counters.policies('auth-url', 'failed'), 4);
    assert.equal(entry.proxy.counters.policies('auth-url', 'refused'), 2);
  });

  it('refuses while the service is dead, slow or talks nonsense, and the entry serves others meanwhile', async t => {
    const clock = new FakeClock();
    const { scene: entry, auth } = await scene(t, () => undefined, {}, { clock });
    const waiting = entry.get();
    await auth.request(0);
    assert.equal((await entry.get('', '/open')).status, 200);
    clock.advance(10_100);
    assert.equal((await waiting).status, 500);
    auth.handler = ({ connection }) => connection.reset();
    assert.equal((await entry.get()).status, 500);
    auth.handler = ({ connection }) =>
      connection.send('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n');
    assert.equal((await entry.get()).status, 500);
    for (let count = 0; count < 6; count += 1) assert.equal((await entry.get()).status, 500);
    assert.equal(entry.proxy.counters.subrequests('auth-url', 'circuit_open') > 0, true);
    assert.equal(entry.upstream.requests.length, 1);
    const [first] = entry.proxy.notices;
    assert.match(String(first?.example.detail), /^timed_out: no answer within 10 s/);
  });

  it('gives the upstream the listed headers of the answer, and takes away those that it lacks', async t => {
    const { scene: entry, auth } = await scene(
      t,
      says(200, 'X-User: bob\r\nX-Groups: a\r\nx-groups: b\r\nX-Other: 1\r\n'),
      {
        responseHeaders: ['X-User', 'X-Groups'],
      },
    );
    const spoof = 'x-user: root\r\nX-USER: admin\r\nX-Groups: wheel\r\nX-Other: mine\r\n';
    await entry.get(spoof);
    const first = await entry.upstream.request(0);
    assert.deepEqual(linesOf(first, 'x-user'), ['bob']);
    assert.deepEqual(linesOf(first, 'x-groups'), ['a, b']);
    assert.deepEqual(linesOf(first, 'x-other'), ['mine']);
    auth.handler = says(200);
    await entry.get(spoof);
    const second = await entry.upstream.request(1);
    assert.deepEqual([linesOf(second, 'x-user'), linesOf(second, 'x-groups')], [[], []]);
    const client = await entry.http2();
    await client.exchange([...entry.fields, ['x-user', 'root']]);
    assert.deepEqual(linesOf(await entry.upstream.request(2), 'x-user'), []);
  });

  it('sends clients that have to log in to auth-signin, with the cookies of the answer', async t => {
    const { scene: entry } = await scene(t, says(401, 'Set-Cookie: csrf=1; Path=/\r\nSet-Cookie: b=2\r\n'), {
      signin: SIGNIN,
    });
    const got = await entry.get('', '/guarded/a?b=c');
    assert.equal(got.status, 302);
    assert.deepEqual(header(got, 'location'), ['https://login.test/start?rd=http://test%2Fguarded%2Fa%3Fb%3Dc']);
    assert.deepEqual(header(got, 'set-cookie'), ['csrf=1; Path=/', 'b=2']);
    const client = await entry.http2();
    const over = await client.exchange(entry.fields);
    assert.deepEqual([over.status, fieldOf(over.fields, 'set-cookie')], [302, 'csrf=1; Path=/']);
    const [line] = await entry.proxy.logged(1);
    assert.deepEqual([line?.status, line?.policy], [302, 'auth-url']);
    assert.equal(entry.proxy.counters.policies('auth-url', 'answered'), 2);
  });

  it('adds the cookies of the answer to responses of the statuses that nginx adds headers to', async t => {
    const { scene: entry, auth } = await scene(
      t,
      says(200, 'Set-Cookie: s=1\r\n'),
      {},
      {
        respond: answering(answer('ok', 'Set-Cookie: own=1\r\n')),
      },
    );
    assert.deepEqual(header(await entry.get(), 'set-cookie'), ['own=1', 's=1']);
    entry.upstream.handler = says(404);
    assert.deepEqual(header(await entry.get(), 'set-cookie'), []);
    auth.handler = says(403, 'Set-Cookie: s=1\r\n');
    assert.deepEqual(header(await entry.get(), 'set-cookie'), []);
  });

  it('asks for a target that holds values of the request, none of which can end it', async t => {
    const { scene: entry, auth } = await scene(t, says(200), {
      target: [
        '/check?u=',
        { variable: 'escaped_request_uri' },
        '&k=',
        { variable: 'http_x_key' },
        '&h=',
        { variable: 'host' },
      ],
    });
    const client = await entry.proxy.connect();
    await client.send('GET /guarded?x=1&y HTTP/1.1\r\nHost: test\r\nX-Key: a HTTP/1.1 #"<\t\xe9>\r\n\r\n');
    assert.equal((await client.response()).status, 200);
    assert.equal(
      auth.only.line,
      'GET /check?u=%2Fguarded%3Fx%3D1%26y&k=a%20HTTP/1.1%20%23%22%3C%09%E9%3E&h=test HTTP/1.1',
    );
  });

  it('is not asked any more for a client that has left', async t => {
    const { scene: entry, auth } = await scene(t, () => undefined);
    const client = await entry.proxy.connect();
    await client.send('GET /guarded HTTP/1.1\r\nHost: test\r\n\r\n');
    const { connection } = await auth.request(0);
    client.destroy();
    await connection.closed();
    assert.equal(entry.upstream.requests.length, 0);
  });

  it('answers requests of HTTP/2 alike, many at once', async t => {
    const { scene: entry } = await scene(t, knows('a', 'b'), { responseHeaders: ['X-User'] });
    const client = await entry.http2();
    const asked = ['a', 'x', 'b', 'y'].map(name => client.exchange([...entry.fields, ['cookie', `session=${name}`]]));
    assert.deepEqual(
      (await Promise.all(asked)).map(({ status }) => status),
      [200, 401, 200, 401],
    );
    const users = entry.upstream.requests.map(request => [request.header('cookie'), request.header('x-user')]);
    assert.deepEqual(users.sort(), [
      ['session=a', 'a'],
      ['session=b', 'b'],
    ]);
  });
});

describe('auth-cache', { concurrency: 8 }, () => {
  it('keeps the listed answers with their headers, for their time, and outlives the service', async t => {
    const clock = new FakeClock();
    const { scene: entry, auth } = await scene(
      t,
      knows('a'),
      { responseHeaders: ['X-User'], cache: kept(SESSION) },
      { clock },
    );
    for (let count = 0; count < 3; count += 1) {
      assert.deepEqual(await statuses([entry.get(session('a')), entry.get(session('x'))]), [200, 401]);
    }
    assert.equal(auth.requests.length, 2);
    assert.deepEqual([...new Set(entry.upstream.requests.map(request => request.header('x-user')))], ['a']);
    auth.handler = ({ connection }) => connection.reset();
    assert.deepEqual(await statuses([entry.get(session('a')), entry.get(session('b'))]), [200, 500]);
    clock.advance(300_000);
    assert.equal((await entry.get(session('a'))).status, 500);
  });

  it('keeps no answer of another status, none with cookies, and none longer than it says itself', async t => {
    const clock = new FakeClock();
    const { scene: entry, auth } = await scene(t, says(403), { cache: kept(SESSION) }, { clock });
    const asks = async (handler: UpstreamHandler, count: number): Promise<void> => {
      auth.handler = handler;
      const before = auth.requests.length;
      const name = session(`s${before}`);
      for (let index = 0; index < 3; index += 1) await entry.get(name);
      assert.equal(auth.requests.length - before, count);
    };
    await asks(says(403), 3);
    await asks(says(500), 3);
    await asks(says(200, 'Set-Cookie: a=b\r\n'), 3);
    for (const directive of ['no-store', 'max-age=0', 'private', 'No-Cache', 'max-age=x', 's-maxage=0, max-age=9']) {
      await asks(says(200, `Cache-Control: ${directive}\r\n`), 3);
    }
    await asks(says(200, 'Cache-Control: max-age=60\r\n'), 1);
    const name = session(`s${auth.requests.length - 1}`);
    clock.advance(59_000);
    await entry.get(name);
    const before = auth.requests.length;
    clock.advance(1_000);
    await entry.get(name);
    assert.equal(auth.requests.length, before + 1);
  });

  it('shares nothing between clients that lack what the key is made of', async t => {
    const { scene: entry, auth } = await scene(t, says(200), {
      cache: kept(SESSION, { variable: 'http_authorization' }),
    });
    assert.equal((await entry.get()).status, 200);
    auth.handler = says(401);
    for (const lines of ['', 'Cookie: session=\r\n', 'Cookie: other=1\r\n', 'Authorization:\r\n']) {
      assert.equal((await entry.get(lines)).status, 401, lines);
    }
    assert.equal(auth.requests.length, 5);
  });

  it('takes no part of a key for the end of another', async t => {
    const key = [{ variable: 'http_x_a' }, { variable: 'http_x_b' }, ' ', { variable: 'arg_c' }];
    const { scene: entry, auth } = await scene(t, says(200), { cache: kept(...key) });
    await entry.get('X-A: 12\r\nX-B: 3\r\n', '/guarded?c=4');
    auth.handler = says(401);
    for (const [a, b, c] of [
      ['1', '23', '4'],
      ['12', '34', ''],
      ['123', '', '4'],
      ['12', '3 4', ''],
      ['12', '', '3:4'],
      ['2:121:3', '', '4'],
      ['121:3', '', '4'],
      ['', '12', '3 4'],
    ]) {
      const got = await entry.get(`X-A: ${a}\r\nX-B: ${b}\r\n`, `/guarded?c=${c?.replaceAll(' ', '%20')}`);
      assert.equal(got.status, 401, `${a} ${b} ${c}`);
    }
    assert.equal((await entry.get('X-A: 12\r\nX-B: 3\r\n', '/guarded?c=4')).status, 200);
  });

  it('keeps apart hosts, routes and policies; a key without variables is for all clients', async t => {
    const auth = await RawUpstream.start(t, says(200));
    const policies = [authUrl({ cache: kept('all') })];
    const entry = await policyScene(t, policies, {
      beside: [
        { path: '/auth', to: auth },
        { path: '/other', to: auth, policies: [authUrl({ cache: kept('all') })] },
        { path: '/guarded/asks', to: auth, policies: [authUrl({ cache: kept('all'), target: ['/admin'] })] },
      ],
    });
    const get = async (host: string, target: string): Promise<number> => {
      const client = await entry.proxy.connect();
      await client.send(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\nCookie: ${Math.random()}\r\n\r\n`);
      return (await client.response()).status;
    };
    assert.equal(await get('a.test', '/guarded'), 200);
    auth.handler = says(401);
    assert.equal(await get('A.test:8080', '/guarded/x'), 200);
    assert.equal(await get('b.test', '/guarded'), 401);
    assert.equal(await get('a.test', '/other'), 401);
    assert.equal(await get('a.test', '/guarded/asks'), 401);
    assert.deepEqual(
      auth.requests.map(({ target }) => target),
      ['/check', '/check', '/check', '/admin'],
    );
  });

  it('goes on over a change of the routes', async t => {
    const [auth, upstream] = [await RawUpstream.start(t, knows('a')), await RawUpstream.start(t)];
    const routes = () => [
      { path: '/guarded', to: upstream, policies: [authUrl({ cluster: 'test/service-1:80', cache: kept(SESSION) })] },
      { path: '/auth', to: auth },
    ];
    const proxy = await startProxy(t, 'wire', { routes: routes() });
    assert.equal((await proxy.get('/guarded', session('a'))).status, 200);
    proxy.serveAgain(routes());
    assert.equal((await proxy.get('/guarded', session('a'))).status, 200);
    assert.equal((await proxy.get('/guarded', session('b'))).status, 401);
    assert.equal(auth.requests.length, 2);
  });
});
