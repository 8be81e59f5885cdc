/** Contract section 4: whom X-Forwarded-* is believed. Peers are told apart by their address in 127.0.0.0/8. */
import assert from 'node:assert/strict';
import { schemeOf, startProxy } from '../support/proxy-under-test.ts';
import { values } from '../support/raw-message.ts';
import { RawUpstream } from '../support/raw-upstream.ts';
import { conformance } from './suite.ts';

const SAID = 'X-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.example.com\r\nX-Forwarded-Prefix: /evil\r\n';

conformance('trusted proxies', ({ engine, test }) => {
  const cases = [
    { peer: '127.0.0.5', forwardedFor: '203.0.113.9', realIp: '203.0.113.9' },
    { peer: '127.0.0.5', forwardedFor: '198.51.100.1, 203.0.113.9', realIp: '203.0.113.9' },
    { peer: '127.0.0.5', forwardedFor: '198.51.100.1, 203.0.113.9, 10.1.2.3', realIp: '203.0.113.9' },
    { peer: '127.0.0.5', forwardedFor: '203.0.113.9, 10.1.2.3, 127.0.0.7', realIp: '203.0.113.9' },
    { peer: '127.0.0.5', forwardedFor: '2001:db8::1, 10.1.2.3', realIp: '2001:db8::1' },
  ];
  for (const { peer, forwardedFor, realIp } of cases) {
    test(`${realIp} is the right-most address in "${forwardedFor}" that is not trusted`, async t => {
      const upstream = await RawUpstream.start(t);
      const proxy = await startProxy(t, engine, {
        routes: [{ path: '/volume', to: upstream }],
        settings: { trustedProxies: ['127.0.0.5/32', '127.0.0.7', '10.0.0.0/8'] },
      });
      const client = await proxy.connect({ localAddress: peer });
      await client.send(`GET /volume HTTP/1.1\r\nHost: test\r\nX-Forwarded-For: ${forwardedFor}\r\n\r\n`);
      assert.equal((await client.response()).status, 200);
      assert.equal(upstream.only.header('x-real-ip'), realIp);
      assert.equal(upstream.only.header('x-forwarded-for'), `${forwardedFor}, ${peer}`);
    });
  }

  test('a trusted peer’s X-Forwarded-Proto and -Host pass, its -Prefix does not', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream }],
      settings: { trustedProxies: ['127.0.0.0/8'] },
    });
    await proxy.get('/volume', SAID);
    assert.equal(upstream.only.header('x-forwarded-proto'), 'https');
    assert.equal(upstream.only.header('x-forwarded-host'), 'shop.example.com');
    assert.equal(upstream.only.header('x-forwarded-prefix'), '/volume');
    assert.equal(upstream.only.header('host'), 'test');
  });

  test('a trusted peer that says nothing gets the values of its own connection', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream }],
      settings: { trustedProxies: ['127.0.0.0/8'] },
    });
    await proxy.get('/volume');
    assert.equal(upstream.only.header('x-real-ip'), '127.0.0.1');
    assert.equal(upstream.only.header('x-forwarded-proto'), schemeOf(engine));
    assert.equal(upstream.only.header('x-forwarded-host'), 'test');
  });

  for (const [lines, proto] of [
    ['X-Forwarded-Proto: wss', 'https'],
    ['X-Forwarded-Proto: WS', 'http'],
    ['X-Forwarded-Proto: HTTPS', 'https'],
    ['X-Forwarded-Proto: https,http', 'https'],
    ['X-Forwarded-Proto: https, https', 'https'],
    ['X-Forwarded-Proto: http, https', 'http'],
    ['X-Forwarded-Proto: ,https', 'https'],
    ['X-Forwarded-Proto: https\r\nX-Forwarded-Proto: https', 'https'],
    ['X-Forwarded-Proto:', schemeOf(engine)],
    ['X-Forwarded-Proto: gopher', 'http'],
  ] as const) {
    test(`${JSON.stringify(lines)} of a trusted peer means ${proto}`, async t => {
      const upstream = await RawUpstream.start(t);
      const proxy = await startProxy(t, engine, {
        routes: [{ path: '/volume', to: upstream }],
        settings: { trustedProxies: ['127.0.0.0/8'] },
      });
      await proxy.get('/volume', `${lines}\r\n`);
      assert.deepEqual(values(upstream.only.headers, 'x-forwarded-proto'), [proto]);
    });
  }

  for (const empty of ['', ',', ' , ']) {
    test(`an X-Forwarded-Host of a trusted peer that names no host, "${empty}", is replaced by the Host`, async t => {
      const upstream = await RawUpstream.start(t);
      const proxy = await startProxy(t, engine, {
        routes: [{ path: '/volume', to: upstream }],
        settings: { trustedProxies: ['127.0.0.0/8'] },
      });
      await proxy.get('/volume', `X-Forwarded-Host: ${empty}\r\n`);
      assert.deepEqual(values(upstream.only.headers, 'x-forwarded-host'), ['test']);
    });
  }

  test('a peer outside is not believed', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream }],
      settings: { trustedProxies: ['127.0.0.5/32'] },
    });
    const client = await proxy.connect({ localAddress: '127.0.0.6' });
    await client.send(`GET /volume HTTP/1.1\r\nHost: test\r\nX-Forwarded-For: 203.0.113.9\r\n${SAID}\r\n`);
    assert.equal((await client.response()).status, 200);
    assert.equal(upstream.only.header('x-real-ip'), '127.0.0.6');
    assert.equal(upstream.only.header('x-forwarded-for'), '203.0.113.9, 127.0.0.6');
    assert.equal(upstream.only.header('x-forwarded-proto'), schemeOf(engine));
    assert.equal(upstream.only.header('x-forwarded-host'), 'test');
  });

  test('an address that is none does not become X-Real-IP', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream }],
      settings: { trustedProxies: ['127.0.0.0/8'] },
    });
    await proxy.get('/volume', 'X-Forwarded-For: 203.0.113.9, <script>\r\n');
    assert.equal(upstream.only.header('x-real-ip'), '127.0.0.1');
  });

  test('the set of trusted peers may change in a running engine', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    await proxy.get('/volume', 'X-Forwarded-For: 203.0.113.9\r\n');
    proxy.changeSettings({ trustedProxies: ['127.0.0.0/8'] });
    await proxy.get('/volume', 'X-Forwarded-For: 203.0.113.9\r\n');
    assert.deepEqual(
      upstream.requests.map(request => request.header('x-real-ip')),
      ['127.0.0.1', '203.0.113.9'],
    );
  });
});
