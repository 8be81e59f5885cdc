/** Contract section 6: what is never let through. The upstream must see nothing of it, or no whole request. */
import assert from 'node:assert/strict';
import { startProxy } from '../support/proxy-under-test.ts';
import { values } from '../support/raw-message.ts';
import { RawUpstream } from '../support/raw-upstream.ts';
import { conformance } from './suite.ts';

type Vector = readonly [what: string, bytes: string];

/** What an attacker would like the upstream to see. */
const SMUGGLED = 'GET /volume/smuggled HTTP/1.1\r\nHost: test\r\n\r\n';

const get = (lines: string): string => `GET /volume HTTP/1.1\r\n${lines}\r\n`;
const post = (lines: string, body = ''): string => `POST /volume HTTP/1.1\r\nHost: test\r\n${lines}\r\n${body}`;
const chunked = (body: string): string => post('Transfer-Encoding: chunked\r\n', body);

const HOST: readonly Vector[] = [
  ['no Host', get('')],
  ['two Hosts', get('Host: a\r\nHost: b\r\n')],
  ['the same Host twice', get('Host: test\r\nhost: test\r\n')],
  ['an empty Host', get('Host:\r\n')],
  ['a list of hosts', get('Host: a,b\r\n')],
  ['a Host with a path', get('Host: a/b\r\n')],
  ['a Host with user information', get('Host: u@a\r\n')],
  ['a Host with a space', get('Host: a b\r\n')],
  ['a Host of dots', get('Host: ..\r\n')],
  ['a Host with a bad port', get('Host: a:x\r\n')],
  ['a Host with a port over 65535', get('Host: a:65536\r\n')],
  ['a Host with an open bracket', get('Host: [::1\r\n')],
  ['a Host with a byte above 0x7f', get('Host: caf\xe9\r\n')],
  ['an absolute target without Host', 'GET http://test/volume HTTP/1.1\r\n\r\n'],
  ['an absolute target with two Hosts', 'GET http://test/volume HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'],
  ['two Hosts in HTTP/1.0', 'GET /volume HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n'],
];

const LENGTH: readonly Vector[] = [
  ['two different lengths', post('Content-Length: 2\r\nContent-Length: 40\r\n', `ab${SMUGGLED}`)],
  ['the same length twice', post('Content-Length: 2\r\nContent-Length: 2\r\n', 'ab')],
  ['a list of lengths', post('Content-Length: 2, 2\r\n', 'ab')],
  ['a length with a plus', post('Content-Length: +2\r\n', 'ab')],
  ['a length with a minus', post('Content-Length: -2\r\n', 'ab')],
  ['a hexadecimal length', post('Content-Length: 0x2\r\n', 'ab')],
  ['an empty length', post('Content-Length:\r\n', 'ab')],
  ['a length with a space inside', post('Content-Length: 2 0\r\n', 'ab')],
  ['a length with a fraction', post('Content-Length: 2.0\r\n', 'ab')],
  ['a length of letters', post('Content-Length: two\r\n', 'ab')],
  ['a length over 2^53-1', post('Content-Length: 9007199254740992\r\n', 'ab')],
  ['a length over 2^64', post('Content-Length: 18446744073709551618\r\n', 'ab')],
  ['length, then chunked', post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', `0\r\n\r\n${SMUGGLED}`)],
  ['chunked, then length', post('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', `0\r\n\r\n${SMUGGLED}`)],
  ['length 0 and chunked', post('Content-Length: 0\r\nTransfer-Encoding: chunked\r\n', `0\r\n\r\n${SMUGGLED}`)],
  ['length and another coding', post('Content-Length: 2\r\nTransfer-Encoding: identity\r\n', 'ab')],
];

const CODING: readonly Vector[] = [
  ['two Transfer-Encodings', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')],
  ['two different ones', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n', '0\r\n\r\n')],
  ['one in HTTP/1.0', 'POST /volume HTTP/1.0\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['one with a vertical tab', post('Transfer-Encoding: \x0bchunked\r\n', '0\r\n\r\n')],
  ['one with a trailing vertical tab', post('Transfer-Encoding: chunked\x0b\r\n', '0\r\n\r\n')],
];

/** Refused with 501, and as finally. */
const UNKNOWN_CODING: readonly Vector[] = [
  ['gzip, chunked', post('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n')],
  ['chunked, gzip', post('Transfer-Encoding: chunked, gzip\r\n', '0\r\n\r\n')],
  ['chunked, chunked', post('Transfer-Encoding: chunked, chunked\r\n', '0\r\n\r\n')],
  ['chunked, identity', post('Transfer-Encoding: chunked, identity\r\n', '0\r\n\r\n')],
  ['identity', post('Transfer-Encoding: identity\r\n', 'ab')],
  ['gzip', post('Transfer-Encoding: gzip\r\n', 'ab')],
  ['xchunked', post('Transfer-Encoding: xchunked\r\n', '0\r\n\r\n')],
  ['chunkedx', post('Transfer-Encoding: chunkedx\r\n', '0\r\n\r\n')],
  ['"chunked" in quotes', post('Transfer-Encoding: "chunked"\r\n', '0\r\n\r\n')],
  ['chunked;a=b', post('Transfer-Encoding: chunked;a=b\r\n', '0\r\n\r\n')],
  ['an empty one', post('Transfer-Encoding:\r\n', '0\r\n\r\n')],
];

const LINES: readonly Vector[] = [
  ['a bare LF after the request line', `GET /volume HTTP/1.1\nHost: test\r\n\r\n`],
  ['a bare LF after a header', get('Host: test\nX-A: 1\r\n')],
  ['a bare LF as the empty line', 'GET /volume HTTP/1.1\r\nHost: test\r\n\n'],
  ['bare LFs alone', 'GET /volume HTTP/1.1\nHost: test\n\n'],
  ['a bare CR in a value', get('Host: test\r\nX-A: 1\rX-B: 2\r\n')],
  ['a bare CR after the request line', 'GET /volume HTTP/1.1\rHost: test\r\n\r\n'],
  ['CR CR LF', get('Host: test\r\r\n')],
  ['NUL in the request line', 'GET /volume\x00 HTTP/1.1\r\nHost: test\r\n\r\n'],
  ['NUL in a name', get('Host: test\r\nX\x00A: 1\r\n')],
  ['NUL in a value', get('Host: test\r\nX-A: 1\x002\r\n')],
  ['a folded line', get('Host: test\r\nX-A: 1\r\n 2\r\n')],
  ['a line folded with a tab', get('Host: test\r\nX-A: 1\r\n\t2\r\n')],
  ['a folded Transfer-Encoding', post('Transfer-Encoding:\r\n chunked\r\n', '0\r\n\r\n')],
  ['a first line that begins with a space', 'GET /volume HTTP/1.1\r\n Host: test\r\n\r\n'],
  ['space before the colon', get('Host : test\r\n')],
  ['space before the colon of a length', post('Content-Length : 2\r\n', 'ab')],
  ['tab before the colon of a coding', post('Transfer-Encoding\t: chunked\r\n', '0\r\n\r\n')],
  ['a line without a colon', get('Host: test\r\nX-A\r\n')],
  ['an empty name', get('Host: test\r\n: 1\r\n')],
  ['a name with a space', get('Host: test\r\nX A: 1\r\n')],
  ['a name with a bracket', get('Host: test\r\nX(A): 1\r\n')],
  ['a name with a quote', get('Host: test\r\n"X-A": 1\r\n')],
  ['a name with a byte above 0x7f', get('Host: test\r\nX\xe9: 1\r\n')],
  ['a control character in a value', get('Host: test\r\nX-A: 1\x012\r\n')],
  ['a form feed in a value', get('Host: test\r\nX-A: 1\x0c2\r\n')],
  ['DEL in a value', get('Host: test\r\nX-A: 1\x7f2\r\n')],
];

const REQUEST_LINE: readonly Vector[] = [
  ['no version', 'GET /volume\r\nHost: test\r\n\r\n'],
  ['HTTP/0.9', 'GET /volume HTTP/0.9\r\nHost: test\r\n\r\n'],
  ['a version with two digits', 'GET /volume HTTP/1.10\r\nHost: test\r\n\r\n'],
  ['a version with a leading zero', 'GET /volume HTTP/1.01\r\nHost: test\r\n\r\n'],
  ['a version in lower case', 'GET /volume http/1.1\r\nHost: test\r\n\r\n'],
  ['another protocol', 'GET /volume ICE/1.0\r\nHost: test\r\n\r\n'],
  ['two spaces before the target', 'GET  /volume HTTP/1.1\r\nHost: test\r\n\r\n'],
  ['two spaces before the version', 'GET /volume  HTTP/1.1\r\nHost: test\r\n\r\n'],
  ['a tab for a space', 'GET\t/volume HTTP/1.1\r\nHost: test\r\n\r\n'],
  ['a space after the version', 'GET /volume HTTP/1.1 \r\nHost: test\r\n\r\n'],
  ['a space before the method', ' GET /volume HTTP/1.1\r\nHost: test\r\n\r\n'],
  ['a method in lower case', 'get /volume HTTP/1.1\r\nHost: test\r\n\r\n'],
  ['a method that is no token', 'G@T /volume HTTP/1.1\r\nHost: test\r\n\r\n'],
  ['no method', ' /volume HTTP/1.1\r\nHost: test\r\n\r\n'],
  ['a bare LF before it', `\n${get('Host: test\r\n')}`],
  ['a bare CR before it', `\r${get('Host: test\r\n')}`],
  ['a TLS ClientHello', '\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n'],
  ['bytes that are nothing', '\x00\x01\x02\r\n\r\n'],
];

const CHUNKS: readonly Vector[] = [
  ['a size with 0x', chunked(`0x2\r\nab\r\n0\r\n\r\n`)],
  ['a size with a plus', chunked('+2\r\nab\r\n0\r\n\r\n')],
  ['a size with a minus', chunked('-2\r\nab\r\n0\r\n\r\n')],
  ['a size after a space', chunked(' 2\r\nab\r\n0\r\n\r\n')],
  ['a size before a space', chunked('2 \r\nab\r\n0\r\n\r\n')],
  ['a size with an underscore', chunked('0_2\r\nab\r\n0\r\n\r\n')],
  ['a size that is no number', chunked('zz\r\nab\r\n0\r\n\r\n')],
  ['an empty size', chunked('\r\nab\r\n0\r\n\r\n')],
  ['a size of extension alone', chunked(';a=b\r\nab\r\n0\r\n\r\n')],
  ['a size over 2^64', chunked(`10000000000000002\r\nab\r\n0\r\n\r\n`)],
  ['a size over 2^53', chunked('ffffffffffffffff\r\nab\r\n0\r\n\r\n')],
  ['a bare LF after a size', chunked(`2\nab\r\n0\r\n\r\n`)],
  ['a bare CR after a size', chunked(`2\rab\r\n0\r\n\r\n`)],
  ['a bare LF in an extension', chunked(`2;\nab\r\n0\r\n\r\n`)],
  ['a bare CR in an extension', chunked('2;a\rb\r\nab\r\n0\r\n\r\n')],
  ['NUL in an extension', chunked('2;a\x00b\r\nab\r\n0\r\n\r\n')],
  ['data longer than its size', chunked(`2\r\nabc\r\n0\r\n\r\n`)],
  ['data without its CRLF', chunked('2\r\nab0\r\n\r\n')],
  ['data that ends in a bare LF', chunked('2\r\nab\n0\r\n\r\n')],
  ['data that ends in a bare CR', chunked('2\r\nab\r0\r\n\r\n')],
  ['a last chunk that ends in a bare LF', chunked('0\n\r\n')],
  ['a body that ends in a bare LF', chunked('0\r\n\n')],
  ['a trailer without a colon', chunked('0\r\nX-A\r\n\r\n')],
  ['a trailer with a space before the colon', chunked('0\r\nX-A : 1\r\n\r\n')],
  ['a trailer that ends in a bare LF', chunked('0\r\nX-A: 1\n\r\n')],
  ['a folded trailer', chunked('0\r\nX-A: 1\r\n 2\r\n\r\n')],
  ['a control character in a trailer', chunked('0\r\nX-A: 1\x012\r\n\r\n')],
  ['NUL in a trailer', chunked('0\r\nX-A: 1\x002\r\n\r\n')],
];

conformance('request smuggling', ({ engine, test }) => {
  const refused = (group: string, vectors: readonly Vector[], status = 400) => {
    for (const [what, bytes] of vectors) {
      test(`${group}: ${what} is ${status}`, async t => {
        const upstream = await RawUpstream.start(t);
        const proxy = await startProxy(t, engine, {
          routes: [{ path: '/', to: upstream }],
          // For an engine that waits for the rest of a chunk that it should refuse.
          settings: { clientBodyTimeout: 2_000 },
        });
        const client = await proxy.connect();
        await client.send(bytes + SMUGGLED);
        const response = await client.response();
        assert.equal(response.status, status);
        assert.deepEqual(values(response.headers, 'connection'), ['close']);
        client.end();
        await client.closed();
        assert.equal(client.unread, '', 'nothing after the refusal');
        assert.deepEqual(upstream.completeRequests, []);
        // A head that is wrong never reaches an upstream; a body shows its faults only when part of it went.
        if (vectors !== CHUNKS) assert.equal(upstream.connections.length, 0);
        const lines = await proxy.logged(1);
        assert.deepEqual(
          lines.map(line => line.status),
          [status],
        );
      });
    }
  };

  refused('Host', HOST);
  refused('Content-Length', LENGTH);
  refused('Transfer-Encoding', CODING);
  refused('Transfer-Encoding', UNKNOWN_CODING, 501);
  refused('HTTP/2.0', [['a request line', 'GET /volume HTTP/2.0\r\nHost: test\r\n\r\n']], 505);
  refused('lines', LINES);
  refused('request line', REQUEST_LINE);
  refused('chunks', CHUNKS);

  test('one empty line before a request is skipped', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send(`\r\n${get('Host: test\r\n')}`);
    assert.equal((await client.response()).status, 200);
    await client.send(`\r\n${get('Host: test\r\n')}`);
    assert.equal((await client.response()).status, 200);
  });

  test('a coding between tabs is that coding', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const response = await proxy.exchange(
      'POST /volume HTTP/1.1\r\nHost: test\r\nTransfer-Encoding:\tchunked\t\r\n\r\n2\r\nab\r\n0\r\n\r\n',
    );
    assert.equal(response.status, 200);
    assert.equal(upstream.only.body, 'ab');
  });

  test('a method this proxy does not know passes', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    for (const method of ['FOO', 'M-SEARCH', 'A_B']) {
      const response = await proxy.exchange(`${method} /volume HTTP/1.1\r\nHost: test\r\n\r\n`);
      assert.equal(response.status, 200, method);
    }
    assert.deepEqual(
      upstream.requests.map(({ method }) => method),
      ['FOO', 'M-SEARCH', 'A_B'],
    );
  });

  test('a higher minor version is HTTP/1.1', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    assert.equal((await proxy.exchange('GET /volume HTTP/1.2\r\nHost: test\r\n\r\n')).status, 200);
    assert.equal(upstream.only.line, 'GET / HTTP/1.1');
  });

  test('a length with leading zeros is that length', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    assert.equal((await proxy.exchange(post('Content-Length: 002\r\n', 'ab'))).status, 200);
    assert.equal(upstream.only.body, 'ab');
  });

  test('requests before a malformed one are answered, then 400 and the end', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send(`${get('Host: test\r\n')}${get('Host: test\r\n')}${get('Host : test\r\n')}${SMUGGLED}`);
    assert.equal((await client.response()).status, 200);
    assert.equal((await client.response()).status, 200);
    const refusal = await client.response();
    assert.equal(refusal.status, 400);
    client.end();
    await client.closed();
    assert.equal(client.unread, '');
    assert.equal(upstream.requests.length, 2);
  });
});
