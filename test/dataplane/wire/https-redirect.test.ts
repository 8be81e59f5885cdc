/** Contract section 14: plain HTTP for a host with TLS is redirected to it. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { type ProxyDescription, type ProxyUnderTest, startProxy } from '../../support/proxy-under-test.ts';
import type { RawResponse } from '../../support/raw-client.ts';
import { values } from '../../support/raw-message.ts';
import { RawUpstream } from '../../support/raw-upstream.ts';

const TLS_HOSTS = [{ host: 'a.test' }, { host: '*.wild.test' }];

interface Scene {
  readonly proxy: ProxyUnderTest;
  readonly upstream: RawUpstream;
  readonly ask: (target: string, host?: string, lines?: string) => Promise<RawResponse>;
}

async function scene(t: TestContext, description: Partial<ProxyDescription> = {}): Promise<Scene> {
  const upstream = await RawUpstream.start(t);
  const proxy = await startProxy(t, 'wire', {
    routes: [
      { path: '/', to: upstream },
      { host: 'a.test', path: '/plain', to: upstream, tlsRedirect: false },
      { host: 'only.a.test', path: '/x', to: upstream },
    ],
    tlsHosts: TLS_HOSTS,
    ...description,
    settings: { tlsListen: { host: '127.0.0.1', port: 443 }, ...description.settings },
  });
  const ask: Scene['ask'] = (target, host = 'a.test', lines = '') =>
    proxy.exchange(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${lines}\r\n`);
  return { proxy, upstream, ask };
}

function locationOf(response: RawResponse): string {
  assert.equal(response.status, 308, response.raw);
  const [location, ...others] = values(response.headers, 'location');
  assert.deepEqual(others, []);
  return location as string;
}

describe('redirect to https', { concurrency: 8 }, () => {
  for (const [target, host, location] of [
    ['/', 'a.test', 'https://a.test/'],
    ['/x/y?q=1&r=%20', 'a.test', 'https://a.test/x/y?q=1&r=%20'],
    ['/x?', 'a.test', 'https://a.test/x?'],
    ['/x', 'A.Test:8080', 'https://a.test/x'],
    ['/x', 'a.test.', 'https://a.test/x'],
    ['/x', 'b.wild.test', 'https://b.wild.test/x'],
    ['http://a.test:81/x?y', 'other.test', 'https://a.test/x?y'],
    ['http://A.TEST', 'other.test', 'https://a.test/'],
    // What a path means is not changed by a redirect, and no path can name another host.
    ['//evil.test/x', 'a.test', 'https://a.test/evil.test/x'],
    ['/\\evil.test', 'a.test', 'https://a.test/\\evil.test'],
    ['/@evil.test', 'a.test', 'https://a.test/@evil.test'],
    ['/x#y', 'a.test', 'https://a.test/x'],
    ['/a/../b', 'a.test', 'https://a.test/b'],
    ['/.evil.test', 'a.test', 'https://a.test/.evil.test'],
    ['/%0d%0aSet-Cookie:%20x', 'a.test', 'https://a.test/%0d%0aSet-Cookie:%20x'],
    ['/x?u=http://evil.test', 'a.test', 'https://a.test/x?u=http://evil.test'],
  ] as const) {
    it(`${target} of ${host} goes to ${location}`, async t => {
      const { upstream, ask } = await scene(t);
      assert.equal(locationOf(await ask(target, host)), location);
      assert.deepEqual(upstream.requests, []);
    });
  }

  for (const [port, location] of [
    [28443, 'https://a.test:28443/x'],
    [443, 'https://a.test/x'],
    [0, 'https://a.test/x'],
  ] as const) {
    it(`--https-port ${port} leads to ${location}`, async t => {
      const { proxy, ask } = await scene(t, { settings: { httpsPort: 1 } });
      proxy.changeSettings({ httpsPort: port });
      assert.equal(locationOf(await ask('/x')), location);
    });
  }

  it('the answer is as one of the entry: date, request id, a body, and the connection stays', async t => {
    const { proxy } = await scene(t);
    const client = await proxy.connect();
    for (let count = 0; count < 2; count += 1) {
      await client.send('POST /x HTTP/1.1\r\nHost: a.test\r\nX-Request-ID: id-1\r\nContent-Length: 3\r\n\r\nabc');
      const response = await client.response();
      assert.equal(locationOf(response), 'https://a.test/x');
      assert.deepEqual(values(response.headers, 'x-request-id'), ['id-1']);
      assert.deepEqual(values(response.headers, 'content-type'), ['text/html']);
      assert.equal(values(response.headers, 'date').length, 1);
      assert.match(response.body, /308 Permanent Redirect/);
    }
    const [line] = await proxy.logged(2);
    const { status, reason, upstream, upstreamStatus, upstreamMs } = line ?? {};
    assert.deepEqual([status, reason, upstream, upstreamStatus, upstreamMs], [308, '-', '', 0, null]);
  });

  it('a HEAD is redirected without a body, a WebSocket as any request', async t => {
    const { proxy, ask } = await scene(t);
    const head = await proxy.exchange('HEAD /x HTTP/1.1\r\nHost: a.test\r\n\r\n', { head: true });
    assert.equal(locationOf(head), 'https://a.test/x');
    const lines = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n';
    assert.equal(locationOf(await ask('/x', 'a.test', lines)), 'https://a.test/x');
  });

  it('a host without a route is redirected as well: its certificate says that it speaks TLS', async t => {
    const { ask } = await scene(t, { routes: [] });
    assert.equal(locationOf(await ask('/x')), 'https://a.test/x');
  });

  for (const [target, host] of [
    ['/x', 'other.test'],
    ['/x', 'x.a.test'],
    ['/x', 'wild.test'],
    ['/x', 'b.c.wild.test'],
    ['/x', '[::1]'],
    ['/plain/x', 'a.test'],
    ['/.well-known/acme-challenge/token', 'a.test'],
    ['/%2ewell-known/acme-challenge/token', 'a.test'],
  ] as const) {
    it(`${target} of ${host} is served`, async t => {
      const { upstream, ask } = await scene(t);
      assert.equal((await ask(target, host)).status, 200);
      assert.equal(upstream.requests.length, 1);
    });
  }

  for (const target of [
    '/.well-known/acme-challenge',
    '/.well-known/acme-challenge/../../secret',
    '/.well-known/acme-challenge/%2e%2e/secret',
    '/.well-known/acme-challengeX/token',
    '/.WELL-KNOWN/acme-challenge/token',
    '/x/.well-known/acme-challenge/token',
    '/plain/../secret',
    '/plainer',
  ]) {
    it(`${target} is redirected although it looks like a path that is not`, async t => {
      const { upstream, ask } = await scene(t);
      locationOf(await ask(target));
      assert.deepEqual(upstream.requests, []);
    });
  }

  for (const [target, host] of [
    ['/x\r\nSet-Cookie: a=b', 'a.test'],
    ['/x\rSet-Cookie: a=b', 'a.test'],
    ['/x\nSet-Cookie: a=b', 'a.test'],
    ['/x', 'a.test\x00'],
    ['/x', 'a.test/evil'],
    ['/x', 'evil@a.test'],
    ['/x', 'a.test:443@evil.test'],
    ['/x', 'a.test#'],
    ['/x', 'a.test%0d%0a'],
    ['/x', 'a.test,evil.test'],
    ['/x', '"<b>.wild.test'],
    ['http://evil@a.test/x', 'a.test'],
    ['/%00', 'a.test'],
    ['/..', 'a.test'],
  ] as const) {
    it(`${JSON.stringify(target)} of ${JSON.stringify(host)} is refused before it could be redirected`, async t => {
      const { upstream, ask } = await scene(t);
      const response = await ask(target, host);
      assert.equal(response.status, 400);
      assert.deepEqual(values(response.headers, 'location'), []);
      assert.deepEqual(values(response.headers, 'set-cookie'), []);
      assert.deepEqual(upstream.requests, []);
    });
  }

  it('a request that a trusted proxy got over TLS is not redirected: it would come back for ever', async t => {
    const { upstream, ask } = await scene(t, { settings: { trustedProxies: ['127.0.0.0/8'] } });
    assert.equal((await ask('/x', 'a.test', 'X-Forwarded-Proto: https\r\n')).status, 200);
    assert.equal(upstream.requests.length, 1);
    for (const lines of ['', 'X-Forwarded-Proto: http\r\n', 'X-Forwarded-Proto: http, https\r\n']) {
      locationOf(await ask('/x', 'a.test', lines));
    }
  });

  it('what a client itself says of https does not count', async t => {
    const { upstream, ask } = await scene(t);
    const lines =
      'X-Forwarded-Proto: https\r\nForwarded: proto=https\r\nX-Forwarded-Ssl: on\r\nFront-End-Https: on\r\n';
    locationOf(await ask('/x', 'a.test', lines));
    assert.deepEqual(upstream.requests, []);
  });

  it('nothing is redirected to a port that is not there', async t => {
    const { upstream, ask } = await scene(t, { settings: { tlsListen: undefined } });
    assert.equal((await ask('/x')).status, 200);
    assert.equal(upstream.requests.length, 1);
  });

  it('without a table it is 503 as ever', async t => {
    const { ask } = await scene(t, { routes: null });
    assert.equal((await ask('/x')).status, 503);
  });

  it('a host that gets TLS is redirected from its next request on, and one that loses it is served', async t => {
    const { proxy } = await scene(t, { tlsHosts: [] });
    const client = await proxy.connect();
    const status = async (): Promise<number> => {
      await client.send('GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n');
      return (await client.response()).status;
    };
    const change = (upserts: typeof TLS_HOSTS, removals: string[]): void =>
      proxy.state.tlsHosts.apply({ certificates: { upserts: [], removals: [] }, hosts: { upserts, removals } });
    assert.equal(await status(), 200);
    change(TLS_HOSTS, []);
    assert.equal(await status(), 308);
    change([], ['a.test']);
    assert.equal(await status(), 200);
  });
});
