/** Contract section 3: what becomes of a request target, from the bytes of the request line to those the upstream gets. */
import assert from 'node:assert/strict';
import { startProxy } from '../support/proxy-under-test.ts';
import { values } from '../support/raw-message.ts';
import { answer, answering, RawUpstream } from '../support/raw-upstream.ts';
import { conformance } from './suite.ts';

/** Request target → what the Service at /volume gets. */
const FORWARDED: readonly (readonly [target: string, upstreamTarget: string])[] = [
  ['/volume/api/v1/pools', '/api/v1/pools'],
  ['/volume', '/'],
  ['/volume/', '/'],
  ['/volume?x=1', '/?x=1'],
  ['/volume/?x=1', '/?x=1'],
  ['/volume/a%2Fb', '/a%2Fb'],
  ['/volume/a%2fb', '/a%2fb'],
  ['/volume//a', '/a'],
  ['//volume/a', '/a'],
  ['///volume///a', '/a'],
  ['/x/../volume/a', '/a'],
  ['/volume/./a', '/a'],
  ['/volume/%2E/a', '/a'],
  ['/volume/a/%2e%2e/b', '/b'],
  ['/volume/a/..', '/'],
  ['/volume/..;/a', '/..;/a'],
  ['/%76olume/a', '/a'],
  ['/volume/%41%7E', '/A~'],
  ['/volume/a?', '/a?'],
  ['/volume/a??b', '/a??b'],
  ['/volume/a?y=%2F//..', '/a?y=%2F//..'],
  ['/volume/a?y=%zz%00', '/a?y=%zz%00'],
  ['/volume/a?/../x', '/a?/../x'],
  ['/volume/a#fragment', '/a'],
  ['/volume/a?q#fragment', '/a?q'],
  ['/volume/a%20b%25%23%3F', '/a%20b%25%23%3F'],
  ['/volume/a%0d%0ab', '/a%0d%0ab'],
  ['/volume/%c3%A9', '/%c3%A9'],
  ['/volume/a\'b{c}|d^e`f\\g"h<i>', '/a\'b{c}|d^e`f\\g"h<i>'],
  ['/volume/a;p=1,2:3@4&5=6+7$8!9*(0)', '/a;p=1,2:3@4&5=6+7$8!9*(0)'],
  ['http://h:81/volume/x', '/x'],
  ['HTTP://h/volume/x?y', '/x?y'],
  ['https://h/volume/x', '/x'],
];

/** Targets that the Service at /volume does not get, and what the Service at / gets instead. */
const ELSEWHERE: readonly (readonly [target: string, upstreamTarget: string])[] = [
  ['/volumex', '/volumex'],
  ['/Volume/x', '/Volume/x'],
  ['/volume../x', '/volume../x'],
  ['/volume%2e%2e/x', '/volume../x'],
  ['/volume%2Fx', '/volume%2Fx'],
  ['/volume/../other', '/other'],
  ['/volume/..', '/'],
  ['http://h', '/'],
  ['http://h?q', '/?q'],
  ['http://h/', '/'],
];

const REFUSED: readonly string[] = [
  '/..',
  '/../x',
  '/volume/../..',
  '/volume/%2e%2e/%2E%2E/x',
  '/volume/a%zz',
  '/volume/a%',
  '/volume/a%1',
  '/volume/a%00b',
  '/volume/a\x01b',
  '/volume/a\x7fb',
  '/volume/a\tb',
  '/volume/a b',
  '*',
  'volume/x',
  '?x',
  'http:///x',
  'http://',
  'http://u@h/x',
  'http://u:p@h/volume',
  'http://h:99999/volume',
  'http://[/volume',
  'http://[::1/volume',
  '://h/volume',
];

conformance('request target', ({ engine, test }) => {
  for (const [target, expected] of FORWARDED) {
    test(`${target} reaches /volume as ${expected}`, async t => {
      const upstream = await RawUpstream.start(t);
      const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
      const response = await proxy.get(target);
      assert.equal(response.status, 200);
      assert.equal(upstream.only.line, `GET ${expected} HTTP/1.1`);
    });
  }

  for (const [target, expected] of ELSEWHERE) {
    test(`${target} is not for /volume`, async t => {
      const volume = await RawUpstream.start(t);
      const root = await RawUpstream.start(t);
      const proxy = await startProxy(t, engine, {
        routes: [
          { path: '/volume', to: volume },
          { path: '/', to: root },
        ],
      });
      assert.equal((await proxy.get(target)).status, 200);
      assert.equal(root.only.line, `GET ${expected} HTTP/1.1`);
      assert.equal(volume.requests.length, 0);
    });
  }

  for (const target of REFUSED) {
    test(`${JSON.stringify(target)} is refused with 400`, async t => {
      const upstream = await RawUpstream.start(t);
      const proxy = await startProxy(t, engine, {
        routes: [
          { path: '/volume', to: upstream },
          { path: '/', to: upstream },
        ],
      });
      const client = await proxy.connect();
      await client.send(`GET ${target} HTTP/1.1\r\nHost: test\r\n\r\n`);
      const response = await client.response();
      assert.equal(response.status, 400);
      assert.deepEqual(values(response.headers, 'connection'), ['close']);
      await client.closed();
      assert.equal(upstream.connections.length, 0);
    });
  }

  test('bytes above 0x7f in a path go on as they came', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    assert.equal((await proxy.get('/volume/caf\xc3\xa9')).status, 200);
    assert.equal(upstream.only.target, '/caf\xc3\xa9');
  });

  test('the authority of an absolute target decides the host', async t => {
    const [byTarget, byHeader] = [await RawUpstream.start(t), await RawUpstream.start(t)];
    const proxy = await startProxy(t, engine, {
      routes: [
        { path: '/volume', host: 'h', to: byTarget },
        { path: '/volume', host: 'test', to: byHeader },
      ],
    });
    assert.equal((await proxy.get('http://H.:81/volume/x')).status, 200);
    assert.equal(byTarget.only.header('host'), 'h');
    assert.equal(byHeader.requests.length, 0);
  });

  test('a Service that keeps its prefix gets the normalised path', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream, stripPrefix: false }] });
    await proxy.get('//volume/./a%41?q');
    assert.equal(upstream.only.target, '/volume/aA?q');
  });

  test('duplicate slashes stay where merge-slashes is off', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream }],
      settings: { mergeSlashes: false },
    });
    await proxy.get('/volume//a//b');
    assert.equal(upstream.only.target, '//a//b');
    assert.equal((await proxy.get('//volume/a')).status, 404);
  });

  test('the longest prefix wins', async t => {
    const shallow = await RawUpstream.start(t, answering(answer('shallow')));
    const deep = await RawUpstream.start(t, answering(answer('deep')));
    const proxy = await startProxy(t, engine, {
      routes: [
        { path: '/volume', to: shallow },
        { path: '/volume/deep', to: deep },
      ],
    });
    assert.equal((await proxy.get('/volume/deep/x')).body, 'deep');
    assert.equal((await proxy.get('/volume/deeper')).body, 'shallow');
    assert.equal(deep.only.target, '/x');
    assert.equal(shallow.only.target, '/deeper');
  });

  test('OPTIONS * is refused with 400', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/', to: upstream }] });
    assert.equal((await proxy.exchange('OPTIONS * HTTP/1.1\r\nHost: test\r\n\r\n')).status, 400);
    assert.equal(upstream.connections.length, 0);
  });
});
