/** NTLM and Negotiate authenticate a connection (RFC 4559 section 6): it must not serve another client. */
import assert from 'node:assert/strict';
import { eventually } from '../support/eventually.ts';
import { login, NtlmUpstream } from '../support/ntlm-upstream.ts';
import { startProxy } from '../support/proxy-under-test.ts';
import { answer, answering, RawUpstream } from '../support/raw-upstream.ts';
import { conformance } from './suite.ts';

const GET = 'GET /v HTTP/1.1\r\nHost: test\r\n\r\n';

conformance('connection authentication', ({ engine, test }) => {
  const CHALLENGES = [
    ['NTLM', 'WWW-Authenticate: SCHEME'],
    ['Negotiate', 'WWW-Authenticate: SCHEME'],
    ['ntlm', 'www-authenticate: SCHEME'],
    ['NEGOTIATE', 'WWW-Authenticate: Basic realm="a, b", SCHEME'],
    ['NTLM', 'WWW-Authenticate: Basic realm="x"\r\nWWW-Authenticate: SCHEME'],
  ] as const;

  for (const [scheme, line] of CHALLENGES) {
    test(`after ${JSON.stringify(line)} with ${scheme}, a login is its client’s alone`, async t => {
      const { upstream } = await NtlmUpstream.start(t, scheme, line);
      const proxy = await startProxy(t, engine, { routes: [{ path: '/v', to: upstream }] });
      const [alice, bob] = [await proxy.connect(), await proxy.connect()];
      for (const request of login('/v', scheme, 'alice')) {
        await alice.send(request);
        await alice.response();
        await bob.send(GET);
        assert.equal((await bob.response()).status, 401);
      }
      for (let count = 0; count < 3; count += 1) {
        await bob.send(GET);
        assert.equal((await bob.response()).status, 401);
      }
      alice.destroy();
      bob.destroy();
      await eventually('both upstream connections to end', () =>
        upstream.connections.every(({ end }) => end !== undefined),
      );
      assert.deepEqual([proxy.counters.get('upstreamIdle'), proxy.counters.get('upstreamBusy')], [0, 0]);
    });
  }

  test('a login succeeds, and lasts as long as its client', async t => {
    for (const [scheme, line] of CHALLENGES) {
      const { upstream } = await NtlmUpstream.start(t, scheme, line);
      const proxy = await startProxy(t, engine, { routes: [{ path: '/v', to: upstream }] });
      const client = await proxy.connect();
      const bodies: string[] = [];
      for (const request of [...login('/v', scheme, 'alice'), GET, GET]) {
        await client.send(request);
        bodies.push((await client.response()).body);
        await proxy.get('/v');
      }
      const demand = 'who are you?';
      assert.deepEqual(bodies, [demand, demand, 'hello alice', 'hello alice', 'hello alice'], line);
    }
  });

  for (const [what, request, headers, status] of [
    ['credentials that are taken at once', 'Authorization: Negotiate YII=\r\n', '', '200 OK'],
    ['credentials behind others', 'Authorization: Basic eDp5\r\nAuthorization: NTLM TlRM\r\n', '', '200 OK'],
    ['the last step of a mutual login', '', 'WWW-Authenticate: Negotiate oYG=\r\n', '200 OK'],
    ['a challenge for proxies', '', 'Proxy-Authenticate: NTLM\r\n', '407 Proxy Authentication Required'],
  ] as const) {
    test(`${what} make a connection its client’s`, async t => {
      const upstream = await RawUpstream.start(t, answering(answer('ok', headers, status)));
      const proxy = await startProxy(t, engine, { routes: [{ path: '/v', to: upstream }] });
      const [first, second] = [await proxy.connect(), await proxy.connect()];
      for (const client of [first, second]) {
        await client.send(`GET /v HTTP/1.1\r\nHost: test\r\n${request}\r\n`);
        assert.equal((await client.response()).body, 'ok');
      }
      assert.equal(upstream.connections.length, 2);
    });
  }

  for (const headers of [
    'WWW-Authenticate: Basic realm="NTLM"\r\n',
    'WWW-Authenticate: Digest realm="a, Negotiate", nonce="x, NTLM"\r\n',
    'WWW-Authenticate: Custom a=b, NTLM = c\r\n',
    'WWW-Authenticate: NTLMv3\r\n',
    'X-Authenticate: NTLM\r\n',
  ]) {
    test(`${headers.trim()} is no such challenge`, async t => {
      const upstream = await RawUpstream.start(t, answering(answer('', headers, '401 Unauthorized')));
      const proxy = await startProxy(t, engine, { routes: [{ path: '/v', to: upstream }] });
      for (let count = 0; count < 2; count += 1) {
        assert.equal((await proxy.get('/v', 'Authorization: Bearer x\r\n')).status, 401);
        await eventually('an idle connection', () => proxy.counters.get('upstreamIdle') === 1);
      }
      assert.equal(upstream.connections.length, 1);
    });
  }

  test('several backends of one client do not take each other’s connections', async t => {
    const [one, two] = [await NtlmUpstream.start(t), await NtlmUpstream.start(t)];
    const proxy = await startProxy(t, engine, {
      routes: [
        { path: '/one', to: one.upstream },
        { path: '/two', to: two.upstream },
      ],
    });
    const client = await proxy.connect();
    const ask = async (request: string): Promise<string> => {
      await client.send(request);
      return (await client.response()).body;
    };
    for (const request of login('/one', 'NTLM', 'alice')) await ask(request);
    for (const request of login('/two', 'NTLM', 'bob')) await ask(request);
    for (let count = 0; count < 2; count += 1) {
      assert.equal(await ask(GET.replace('/v', '/one')), 'hello alice');
      assert.equal(await ask(GET.replace('/v', '/two')), 'hello bob');
    }
  });

  test('of several endpoints a client stays with the one that knows it', async t => {
    const backends = [await NtlmUpstream.start(t), await NtlmUpstream.start(t), await NtlmUpstream.start(t)];
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/v', to: backends.map(({ upstream }) => upstream.address) }],
    });
    const client = await proxy.connect();
    const bodies: string[] = [];
    for (const request of [...login('/v', 'NTLM', 'alice'), GET, GET, GET, GET]) {
      await client.send(request);
      bodies.push((await client.response()).body);
    }
    assert.deepEqual(new Set(bodies.slice(2)), new Set(['hello alice']));
  });

  test('when the backend ends a client’s own connection, the next request goes out on a fresh one', async t => {
    const { upstream } = await NtlmUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/v', to: upstream }] });
    const client = await proxy.connect();
    for (const request of login('/v', 'NTLM', 'alice')) {
      await client.send(request);
      await client.response();
    }
    for (const connection of upstream.connections) connection.finish();
    await eventually('no connection', () => proxy.counters.get('upstreamIdle') === 0);
    await client.send(GET);
    assert.equal((await client.response()).status, 401);
  });
});
