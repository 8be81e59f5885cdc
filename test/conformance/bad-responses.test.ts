/** Contract section 6, the response side: what an upstream says is held to the same rules, so that it cannot poison a connection. */
import assert from 'node:assert/strict';
import { eventually } from '../support/eventually.ts';
import { ERROR_PAGE, startProxy } from '../support/proxy-under-test.ts';
import { value } from '../support/raw-message.ts';
import { answer, answering, RawUpstream } from '../support/raw-upstream.ts';
import { conformance } from './suite.ts';

const GET = 'GET /volume HTTP/1.1\r\nHost: test\r\n\r\n';

/** Response heads that must not be believed. Each is followed by bytes that would be a body or another response. */
const BAD: readonly (readonly [what: string, bytes: string])[] = [
  ['a status under 100', 'HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n'],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n'],
  ['a status of four digits', 'HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n'],
  ['a status that is no number', 'HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n'],
  ['HTTP/2.0', 'HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ['HTTP/0.9', 'HTTP/0.9 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ['another protocol', 'ICY 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ['text without a head', 'hello\r\n\r\n'],
  ['a control character in the reason', 'HTTP/1.1 200 O\x01K\r\nContent-Length: 0\r\n\r\n'],
  ['a bare CR in the reason', 'HTTP/1.1 200 O\rK\r\nContent-Length: 0\r\n\r\n'],
  ['a control character in a value', 'HTTP/1.1 200 OK\r\nX-A: a\x01b\r\nContent-Length: 0\r\n\r\n'],
  ['DEL in a value', 'HTTP/1.1 200 OK\r\nX-A: a\x7fb\r\nContent-Length: 0\r\n\r\n'],
  ['NUL in a value', 'HTTP/1.1 200 OK\r\nX-A: a\x00b\r\nContent-Length: 0\r\n\r\n'],
  ['a bare CR in a value', 'HTTP/1.1 200 OK\r\nX-A: a\rX-B: b\r\nContent-Length: 0\r\n\r\n'],
  ['a bare LF after the status line', 'HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n'],
  ['a bare LF after a header', 'HTTP/1.1 200 OK\r\nX-A: a\nContent-Length: 0\r\n\r\n'],
  ['bare LFs alone', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n'],
  ['a folded line', 'HTTP/1.1 200 OK\r\nX-A: a\r\n b\r\nContent-Length: 0\r\n\r\n'],
  ['space before the colon', 'HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n'],
  ['a line without a colon', 'HTTP/1.1 200 OK\r\nX-A\r\nContent-Length: 0\r\n\r\n'],
  ['an empty name', 'HTTP/1.1 200 OK\r\n: a\r\nContent-Length: 0\r\n\r\n'],
  ['a name that is no token', 'HTTP/1.1 200 OK\r\nX(A): a\r\nContent-Length: 0\r\n\r\n'],
  ['a name with a byte above 0x7f', 'HTTP/1.1 200 OK\r\nX\xe9: a\r\nContent-Length: 0\r\n\r\n'],
  ['two different lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc'],
  ['the same length twice', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab'],
  ['a list of lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nab'],
  ['a negative length', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n'],
  ['a length with a sign', 'HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nab'],
  ['a hexadecimal length', 'HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\nab'],
  ['an empty length', 'HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n'],
  ['a length over 2^53-1', 'HTTP/1.1 200 OK\r\nContent-Length: 9007199254740992\r\n\r\nab'],
  ['a length over 2^64', 'HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551618\r\n\r\nab'],
  [
    'length and chunked',
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n',
  ],
  [
    'chunked and length',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nab\r\n0\r\n\r\n',
  ],
  ['chunked twice', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['chunked, chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n'],
  ['another coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
  ['identity', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nab'],
  ['an empty coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n\r\nab'],
  ['chunked in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n'],
  ['an unasked 101', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'],
  ['an unasked 101 without Upgrade', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
  ['a header line over 8 KiB', `HTTP/1.1 200 OK\r\nX-A: ${'x'.repeat(8 * 1024)}\r\nContent-Length: 0\r\n\r\n`],
  [
    'header lines over 32 KiB',
    `HTTP/1.1 200 OK\r\n${`X-A: ${'x'.repeat(1000)}\r\n`.repeat(33)}Content-Length: 0\r\n\r\n`,
  ],
  ['more than 1000 header lines', `HTTP/1.1 200 OK\r\n${'X-A: 1\r\n'.repeat(1001)}Content-Length: 0\r\n\r\n`],
  [
    'a head of a megabyte',
    `HTTP/1.1 200 OK\r\n${`X-A: ${'x'.repeat(1000)}\r\n`.repeat(1000)}Content-Length: 0\r\n\r\n`,
  ],
];

conformance('bad responses', ({ engine, test }) => {
  for (const [what, bytes] of BAD) {
    test(`${what} is 502, and the upstream connection ends`, async t => {
      const upstream = await RawUpstream.start(t, answering(bytes));
      const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
      const client = await proxy.connect();
      await client.send(GET);
      const response = await client.response();
      assert.equal(response.status, 502);
      assert.equal(response.body, ERROR_PAGE);
      assert.equal(value(response.headers, 'connection'), 'keep-alive');
      await (await upstream.connection(0)).closed();
      upstream.handler = answering(answer('fresh'));
      await client.send(GET);
      assert.equal((await client.response()).body, 'fresh');
      assert.equal(upstream.requests.length, 2, 'a bad response is not tried again');
      assert.equal(upstream.connections.length, 2);
      const [line] = await proxy.logged(2);
      assert.equal(line?.status, 502);
    });
  }

  test('a 101 for an upgrade that was dropped from the request is 502', async t => {
    const upstream = await RawUpstream.start(
      t,
      answering('HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n'),
    );
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send('GET /volume HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
    const response = await client.response();
    assert.equal(response.status, 502);
    // What follows, if anything may, is a request like any other, not the bytes of a tunnel.
    if (response.headers.some(([name, value]) => name === 'Connection' && value === 'close')) {
      await client.closed();
    } else {
      await client.send('GET /nowhere HTTP/1.1\r\nHost: test\r\n\r\n');
      assert.equal((await client.response()).status, 404);
    }
    assert.equal(upstream.connections.length, 1);
  });

  test('a 101 to another protocol than the one asked for is 502', async t => {
    const upstream = await RawUpstream.start(
      t,
      answering('HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n'),
    );
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const response = await proxy.get('/volume', 'Connection: Upgrade\r\nUpgrade: websocket\r\n');
    assert.equal(response.status, 502);
  });

  test('a response that comes before the request is asked is not its answer', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    assert.equal((await proxy.get('/volume')).status, 200);
    upstream.handler = answering(answer('mine'));
    await upstream.only.connection.send(answer('poison'));
    // What comes on another connection may be read first: these bytes must have come before the request is asked.
    await eventually('the connection to be let go', () => proxy.counters.get('upstreamIdle') === 0);
    assert.equal((await proxy.get('/volume')).body, 'mine');
  });
});
