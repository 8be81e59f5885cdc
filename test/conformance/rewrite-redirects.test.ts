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
