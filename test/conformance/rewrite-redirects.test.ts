/** Contract section 2: `rewrite-redirects` puts the prefix back on what a response says about its own paths. */
import assert from 'node:assert/strict';
import { startProxy } from '../support/proxy-under-test.ts';
import { values } from '../support/raw-message.ts';
import { answer, answering, RawUpstream } from '../support/raw-upstream.ts';
import { conformance } from './suite.ts';

const REWRITTEN: readonly (readonly [header: string, from: string, to: string])[] = [
  ['Location', '/', '/volume/'],
  ['Location', '/login?next=/x', '/volume/login?next=/x'],
  ['Location', 'http://test/login', 'http://test/volume/login'],
  ['Refresh', '5; url=/x', '5; url=/volume/x'],
  ['Refresh', '0;URL=/x', '0;URL=/volume/x'],
  ['Set-Cookie', 'a=b; Path=/x; HttpOnly', 'a=b; Path=/volume/x; HttpOnly'],
  ['Set-Cookie', 'a=b; Secure; path=/x', 'a=b; Secure; path=/volume/x'],
  ['Set-Cookie', 'a=b; Path=/x; Path=/y', 'a=b; Path=/volume/x; Path=/volume/y'],
  ['Set-Cookie', '__Secure-sid=1; Path=/x; Secure', '__Secure-sid=1; Path=/volume/x; Secure'],
  ['Location', 'http://test:80/login', 'http://test:80/volume/login'],
  ['Location', 'https://test:443/login', 'https://test:443/volume/login'],
  ['Location', 'HTTP://TEST./login', 'HTTP://TEST./volume/login'],
  ['Location', 'http://test', 'http://test/volume/'],
  ['Location', 'http://test?x', 'http://test/volume/?x'],
  ['Location', 'http://user@test/login', 'http://user@test/volume/login'],
  ['Location', '//test/x', '//test/volume/x'],
  ['Location', '/../x', '/volume/x'],
  ['Location', '/volume/../x', '/volume/x'],
  ['Refresh', "5; url='/x'", "5; url='/volume/x'"],
  ['Refresh', '5 /x', '5 /volume/x'],
];

/** Not this Service's own paths. */
const KEPT: readonly (readonly [header: string, value: string])[] = [
  ['Location', 'relative/x'],
  ['Location', '?query'],
  ['Location', '#fragment'],
  ['Location', '//elsewhere/x'],
  ['Location', 'http://elsewhere/x'],
  ['Location', 'mailto:a@b'],
  ['Refresh', '5'],
  ['Refresh', '5; url=http://elsewhere/x'],
  ['Location', '/volume'],
  ['Location', '/volume#x'],
  ['Location', '/volume/x'],
  ['Location', 'http://test:81/x'],
  ['Location', 'https://test:80/x'],
  ['Location', 'http://test:443/x'],
  ['Location', 'ftp://test/x'],
  ['Location', 'http:/x'],
  ['Set-Cookie', '__Host-sid=1; Path=/; Secure'],
  ['Set-Cookie', '__host-sid=1; path=/; Secure'],
  ['Set-Cookie', 'a=b; Path=x'],
  ['Set-Cookie', 'a=/x'],
  ['Set-Cookie', 'Path=/x'],
  ['Content-Location', '/x'],
];

conformance('rewrite-redirects', ({ engine, test }) => {
  const received = async (
    t: Parameters<typeof RawUpstream.start>[0],
    header: string,
    sent: string,
    route: { readonly rewriteRedirects: boolean; readonly stripPrefix?: boolean },
  ) => {
    const upstream = await RawUpstream.start(t, answering(answer('', `${header}: ${sent}\r\n`, '302 Found')));
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream, ...route }] });
    return values((await proxy.get('/volume/y')).headers, header);
  };

  for (const [header, from, to] of REWRITTEN) {
    test(`${header}: ${from} becomes ${to}`, async t => {
      assert.deepEqual(await received(t, header, from, { rewriteRedirects: true }), [to]);
    });

    test(`${header}: ${from} stays without rewrite-redirects`, async t => {
      assert.deepEqual(await received(t, header, from, { rewriteRedirects: false }), [from]);
    });

    test(`${header}: ${from} stays where nothing is stripped`, async t => {
      assert.deepEqual(await received(t, header, from, { rewriteRedirects: true, stripPrefix: false }), [from]);
    });
  }

  for (const [header, sent] of KEPT) {
    test(`${header}: ${sent} stays`, async t => {
      assert.deepEqual(await received(t, header, sent, { rewriteRedirects: true }), [sent]);
    });
  }

  test('a cookie for the whole backend is for the whole prefix', async t => {
    const [cookie] = await received(t, 'Set-Cookie', 'a=b; Path=/', { rewriteRedirects: true });
    // Both forms cover /volume/x (RFC 6265 section 5.1.4); neither covers /other.
    assert.match(cookie ?? '', /^a=b; Path=\/volume\/?$/);
  });

  for (const status of [
    '200 OK',
    '201 Created',
    '204 No Content',
    '205 Reset Content',
    '206 Partial Content',
    '304 Not Modified',
    '307 Temporary Redirect',
    '401 Unauthorized',
    '426 Upgrade Required',
    '503 Service Unavailable',
  ]) {
    for (const [header, from, to] of [
      ['Location', '/x', '/volume/x'],
      ['Refresh', '5; url=/x', '5; url=/volume/x'],
      ['Set-Cookie', 'a=; Path=/x; Max-Age=0', 'a=; Path=/volume/x; Max-Age=0'],
    ] as const) {
      test(`${header} is rewritten in ${status}`, async t => {
        // A length on a 204 is wrong and taken off, which must not bring back the lines as they came.
        const upstream = await RawUpstream.start(t, answering(answer('', `${header}: ${from}\r\n`, status)));
        const proxy = await startProxy(t, engine, {
          routes: [{ path: '/volume', to: upstream, rewriteRedirects: true }],
        });
        const { headers } = await proxy.get('/volume/y');
        assert.deepEqual(values(headers, header), [to]);
        if (status.startsWith('204')) assert.deepEqual(values(headers, 'content-length'), []);
      });
    }
  }

  test('the upstream’s own address leads here, with the port or without a default one', async t => {
    const upstream = await RawUpstream.start(t);
    const { host, port } = upstream.address;
    upstream.handler = answering(answer('', `Location: http://${host}:${port}/x\r\n`, '302 Found'));
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream, rewriteRedirects: true }],
    });
    const { headers } = await proxy.get('/volume');
    assert.deepEqual(values(headers, 'location'), [`http://${host}:${port}/volume/x`]);
  });

  for (const [peer, expected] of [
    ['127.0.0.5', 'https://pub.example/volume/login'],
    ['127.0.0.6', 'https://pub.example/login'],
  ] as const) {
    test(`X-Forwarded-Host of ${peer} gives ${expected}`, async t => {
      const location = 'Location: https://pub.example/login\r\n';
      const upstream = await RawUpstream.start(t, answering(answer('', location, '302 Found')));
      const proxy = await startProxy(t, engine, {
        routes: [{ path: '/volume', to: upstream, rewriteRedirects: true }],
        settings: { trustedProxies: ['127.0.0.5'] },
      });
      const client = await proxy.connect({ localAddress: peer });
      await client.send('GET /volume HTTP/1.1\r\nHost: ex.com\r\nX-Forwarded-Host: first.example, Pub.example\r\n\r\n');
      assert.deepEqual(values((await client.response()).headers, 'location'), [expected]);
    });
  }

  test('an absolute target’s authority leads here', async t => {
    const upstream = await RawUpstream.start(t, answering(answer('', 'Location: http://ex.com:81/x\r\n', '302 Found')));
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream, rewriteRedirects: true }] });
    const response = await proxy.exchange('GET http://ex.com:81/volume HTTP/1.1\r\nHost: other\r\n\r\n');
    assert.deepEqual(values(response.headers, 'location'), ['http://ex.com:81/volume/x']);
  });

  test('each of several cookies is rewritten', async t => {
    const cookies = 'Set-Cookie: a=1; Path=/x\r\nset-cookie: b=2\r\nSet-Cookie: c=3; Path=/z; Secure\r\n';
    const upstream = await RawUpstream.start(t, answering(answer('', cookies)));
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream, rewriteRedirects: true }],
    });
    assert.deepEqual(values((await proxy.get('/volume')).headers, 'set-cookie'), [
      'a=1; Path=/volume/x',
      'b=2',
      'c=3; Path=/volume/z; Secure',
    ]);
  });
});
