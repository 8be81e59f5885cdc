/** Contract sections 5 and 7: sizes, on both sides of each limit. */
import assert from 'node:assert/strict';
import { eventually } from '../support/eventually.ts';
import { startProxy } from '../support/proxy-under-test.ts';
import { values } from '../support/raw-message.ts';
import { RawUpstream } from '../support/raw-upstream.ts';
import { conformance } from './suite.ts';

const KIB = 1024;
/** A request line or header line of exactly so many bytes, without its line end. */
const requestLine = (size: number) => `GET /volume/${'x'.repeat(size - 'GET /volume/ HTTP/1.1'.length)} HTTP/1.1`;
const headerLine = (size: number, name = 'X-A') => `${name}: ${'x'.repeat(size - name.length - 2)}`;
const head = (...lines: readonly string[]) => `${lines.join('\r\n')}\r\n\r\n`;
const PLAIN = ['GET /volume HTTP/1.1', 'Host: test'];

conformance('limits', ({ engine, test }) => {
  const passes: readonly (readonly [what: string, bytes: string])[] = [
    ['a request line of 8 KiB', head(requestLine(8 * KIB - 2), 'Host: test')],
    ['a header line of 8 KiB', head(...PLAIN, headerLine(8 * KIB - 2))],
    ['almost 32 KiB of headers', head(...PLAIN, ...['A', 'B', 'C', 'D'].map(name => headerLine(8_000, name)))],
    ['1000 header lines', head(...PLAIN, ...Array.from({ length: 999 }, (_, index) => `X-${index}: 1`))],
  ];
  for (const [what, bytes] of passes) {
    test(`${what} passes whole`, async t => {
      const upstream = await RawUpstream.start(t);
      const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
      assert.equal((await proxy.exchange(bytes)).status, 200);
      const sent = bytes.split('\r\n').slice(2, -2);
      const received = upstream.only.headers.map(([name, value]) => `${name}: ${value}`);
      assert.deepEqual(received.slice(received.length - sent.length), sent);
    });
  }

  const refused: readonly (readonly [what: string, bytes: string, status: number])[] = [
    ['a request line over 8 KiB', head(requestLine(8 * KIB + 1), 'Host: test'), 414],
    ['a request line of 100 KiB', head(requestLine(100 * KIB), 'Host: test'), 414],
    ['a request line that does not end', `GET /volume/${'x'.repeat(9 * KIB)}`, 414],
    [
      'a query that makes the request line too long',
      head(`GET /volume?${'x'.repeat(9 * KIB)} HTTP/1.1`, 'Host: test'),
      414,
    ],
    ['a header line over 8 KiB', head(...PLAIN, headerLine(8 * KIB + 1)), 431],
    ['a header line of 100 KiB', head(...PLAIN, headerLine(100 * KIB)), 431],
    ['a header line that does not end', `${PLAIN.join('\r\n')}\r\nX-A: ${'x'.repeat(9 * KIB)}`, 431],
    ['a Cookie over 8 KiB', head(...PLAIN, headerLine(8 * KIB + 1, 'Cookie')), 431],
    ['over 32 KiB of headers', head(...PLAIN, ...['A', 'B', 'C', 'D', 'E'].map(name => headerLine(7_500, name))), 431],
    ['1001 header lines', head(...PLAIN, ...Array.from({ length: 1000 }, (_, index) => `X-${index}: 1`)), 431],
    ['3000 header lines', head(...PLAIN, ...Array.from({ length: 3000 }, () => 'A:')), 431],
    [
      'a second Host behind 1000 lines',
      head(...PLAIN, ...Array.from({ length: 1000 }, () => 'A:'), 'Host: other'),
      431,
    ],
    [
      'a Content-Length behind 1000 lines',
      `${head('POST /volume HTTP/1.1', 'Host: test', ...Array.from({ length: 1000 }, () => 'A:'), 'Content-Length: 2')}ab`,
      431,
    ],
  ];
  for (const [what, bytes, status] of refused) {
    test(`${what} is ${status}, and the connection closes`, async t => {
      const upstream = await RawUpstream.start(t);
      const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
      const client = await proxy.connect();
      await client.send(bytes);
      const response = await client.response();
      assert.equal(response.status, status);
      assert.deepEqual(values(response.headers, 'connection'), ['close']);
      client.end();
      await client.closed();
      assert.equal(client.unread, '');
      assert.equal(upstream.connections.length, 0);
    });
  }

  const post = (framing: string, body: string) => `POST /volume HTTP/1.1\r\nHost: test\r\n${framing}\r\n\r\n${body}`;
  for (const [what, bytes] of [
    ['with a length', post('Content-Length: 10', '0123456789')],
    ['in chunks', post('Transfer-Encoding: chunked', '5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n')],
  ] as const) {
    test(`a body ${what} may be as long as client-max-body-size`, async t => {
      const upstream = await RawUpstream.start(t);
      const proxy = await startProxy(t, engine, {
        routes: [{ path: '/volume', to: upstream }],
        settings: { clientMaxBodySize: 10 },
      });
      assert.equal((await proxy.exchange(bytes)).status, 200);
      assert.equal(upstream.only.body, '0123456789');
    });
  }

  test('a length over client-max-body-size is 413 at once, before the body and before any upstream', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream }],
      settings: { clientMaxBodySize: 10 },
    });
    const client = await proxy.connect();
    await client.send(post('Content-Length: 11\r\nExpect: 100-continue', ''));
    const response = await client.response();
    assert.equal(response.status, 413);
    assert.deepEqual(response.interim, []);
    assert.equal(upstream.connections.length, 0);
  });

  test('chunks over client-max-body-size are 413, and the upstream gets no whole request', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream }],
      settings: { clientMaxBodySize: 10 },
    });
    const client = await proxy.connect();
    await client.send(post('Transfer-Encoding: chunked', '6\r\n012345\r\n'));
    const request = await upstream.request(0);
    await client.send('6\r\n012345\r\n');
    const response = await client.response();
    assert.equal(response.status, 413);
    assert.deepEqual(values(response.headers, 'connection'), ['close']);
    await request.connection.closed();
    assert.ok(request.body.length <= 10);
    assert.deepEqual(upstream.completeRequests, []);
    client.end();
    await client.closed();
  });

  test('a client that goes on sending after 413 still gets to read it', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream }],
      settings: { clientMaxBodySize: 10 },
    });
    const client = await proxy.connect();
    // Not reading keeps the answer in the kernel: a reset, which a close with unread bytes makes, would destroy it.
    client.pause();
    const body = 'x'.repeat(512 * KIB);
    await client.send(post(`Content-Length: ${body.length}`, ''), body.slice(0, 1000));
    await eventually('the answer to be logged', () => proxy.logLines.length === 1);
    await client.send(body.slice(1000));
    client.resume();
    assert.equal((await client.response()).status, 413);
    client.end();
    assert.equal(await client.closed(), 'fin');
    assert.equal(upstream.connections.length, 0);
  });

  test('a route’s own limit goes before the global one', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, {
      routes: [
        { path: '/volume', to: upstream, overrides: { maxBodySize: 4 } },
        { path: '/unlimited', to: upstream, overrides: { maxBodySize: 0 } },
        { path: '/global', to: upstream },
      ],
      settings: { clientMaxBodySize: 8 },
    });
    const statusOf = async (path: string, length: number) => {
      const bytes = post(`Content-Length: ${length}`, 'x'.repeat(length)).replace('/volume', path);
      return (await proxy.exchange(bytes)).status;
    };
    assert.equal(await statusOf('/volume', 4), 200);
    assert.equal(await statusOf('/volume', 5), 413);
    assert.equal(await statusOf('/global', 8), 200);
    assert.equal(await statusOf('/global', 9), 413);
    assert.equal(await statusOf('/unlimited', 9), 200);
  });

  test('keepalive-requests: the last one says close, and the connection closes', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream }],
      settings: { keepaliveRequests: 3 },
    });
    const client = await proxy.connect();
    const said: string[] = [];
    for (let count = 0; count < 3; count += 1) {
      await client.send(head(...PLAIN));
      said.push(...values((await client.response()).headers, 'connection'));
    }
    assert.deepEqual(said, ['keep-alive', 'keep-alive', 'close']);
    assert.equal(await client.closed(), 'fin');
  });

  test('keepalive-requests: what a client pipelines beyond is neither answered nor forwarded', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream }],
      settings: { keepaliveRequests: 2 },
    });
    const client = await proxy.connect();
    await client.send(head(...PLAIN).repeat(5));
    assert.equal((await client.response()).status, 200);
    assert.equal((await client.response()).status, 200);
    client.end();
    await client.closed();
    assert.equal(client.unread, '');
    assert.equal(upstream.requests.length, 2);
  });

  test('worker-connections: one more is closed at once, and counts as accepted, not handled', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream }],
      settings: { workerConnections: 2 },
    });
    const kept = [await proxy.connect(), await proxy.connect()];
    await eventually('both to be accepted', () => proxy.counters.get('handled') === 2);
    const extra = await proxy.connectSilently();
    await extra.closed();
    assert.equal(extra.receivedBytes, 0);
    assert.equal(proxy.counters.get('accepted'), 3);
    assert.equal(proxy.counters.get('handled'), 2);
    for (const client of kept) {
      await client.send(head(...PLAIN));
      assert.equal((await client.response()).status, 200);
    }
    kept[0]?.destroy();
    await eventually('a place to be free', () => proxy.counters.get('active') === 1);
    assert.equal((await proxy.get('/volume')).status, 200);
  });
});
