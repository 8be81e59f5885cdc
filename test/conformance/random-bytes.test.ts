/** Contract section 6: whatever a client sends, the requests an upstream sees are the requests in the log. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../support/eventually.ts';
import fc from '../support/property.ts';
import { type ProxyUnderTest, startProxy } from '../support/proxy-under-test.ts';
import { parseResponses, type RawClient } from '../support/raw-client.ts';
import { RawUpstream } from '../support/raw-upstream.ts';
import { conformance } from './suite.ts';

const path = fc.constantFrom('/volume', '/volume/a', '/volume//b?c', '/nowhere', '/volume/%zz', '*');
const headers = fc
  .array(
    fc.constantFrom(
      'Host: test',
      'Host: test',
      'Host: test',
      'Content-Length: 3',
      'Content-Length: 0',
      'Content-Length: 3, 3',
      'Content-Length: +3',
      'Transfer-Encoding: chunked',
      'Transfer-Encoding: gzip',
      'Transfer-Encoding : chunked',
      'Connection: close',
      'Connection: Upgrade',
      'Upgrade: h2c',
      'Expect: 100-continue',
      'X-A: 1',
      'X-A',
      ' folded',
    ),
    { maxLength: 4 },
  )
  .map(lines => lines.join('\r\n'));
const piece = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(path, headers).map(([target, lines]) => `GET ${target} HTTP/1.1\r\n${lines}\r\n\r\n`),
  },
  { weight: 4, arbitrary: fc.constant('POST /volume HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc') },
  {
    weight: 4,
    arbitrary: fc.constant(
      'PUT /volume HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    ),
  },
  { weight: 4, arbitrary: fc.constant('GET /volume HTTP/1.1\r\nHost: test\r\n\r\n') },
  {
    weight: 2,
    arbitrary: fc.constantFrom('abc', '3\r\nabc\r\n', '0\r\n\r\n', '0\r\nX-A: 1\r\n\r\n', '\r\n', '\n', '\x00'),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 12 }).map(bytes => Buffer.from(bytes).toString('latin1')) },
);
/** Pieces of requests one after another, some with one byte replaced. */
const stream = fc
  .tuple(fc.array(piece, { minLength: 1, maxLength: 5 }), fc.option(fc.tuple(fc.nat(), fc.nat(255))))
  .map(([pieces, mutation]) => {
    const bytes = Buffer.from(pieces.join(''), 'latin1');
    if (mutation !== null && bytes.length > 0) bytes[mutation[0] % bytes.length] = mutation[1];
    return bytes;
  });

conformance('random bytes', ({ engine, test }) => {
  test('for any bytes, the upstream sees the requests that the log says were forwarded', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    let seen = 0;
    let logged = 0;
    await fc.assert(
      fc.asyncProperty(stream, async bytes => {
        const before = proxy.counters.get('requests');
        const client = await proxy.connect();
        await client.send(bytes);
        await settled(client, proxy, before);
        client.end();
        await client.closed();
        await eventually('the connection to be gone', () => proxy.counters.get('active') === 0);
        await eventually('the upstream to have read all it was sent', () => hasReadAll(upstream, proxy));
        const requests = upstream.requests.slice(seen);
        seen = upstream.requests.length;
        const lines = (await proxy.logged(0)).slice(logged);
        logged = proxy.logLines.length;
        const complete = requests.filter(request => request.complete);
        const forwarded = lines.filter(line => line.upstream !== '');
        // When a client left (499), it is unknown how much of its request was sent upstream.
        const certain = forwarded.filter(line => line.status !== 499);
        assert.ok(requests.length <= forwarded.length, 'the upstream saw more than was logged');
        assert.ok(complete.length >= certain.filter(line => line.upstreamStatus === 200).length, 'it saw less');
        assert.deepEqual(
          complete.map(({ method }) => method),
          forwarded.slice(0, complete.length).map(line => line.requestLine.split(' ')[0]),
        );
        // What the client reads must be responses too, one for each line of the log that has one.
        const responses = parseResponses(client.unread);
        assert.ok(responses.length <= lines.length, 'responses without a request in the log');
      }),
      { numRuns: 150, timeout: 120_000, interruptAfterTimeLimit: 15_000 },
    );
  });
});

/** A client that leaves ends its upstream connection, and what had gone out on that may still be on its way. */
function hasReadAll({ connections }: RawUpstream, { counters }: ProxyUnderTest): boolean {
  const open = connections.filter(({ end }) => end === undefined);
  return connections.length === counters.get('connectsOk') && open.length === counters.get('upstreamIdle');
}

/** Waits until everything that was asked is answered, as far as one can tell: the rest is parts of requests. */
async function settled(client: RawClient, { counters }: ProxyUnderTest, requestsBefore: number): Promise<void> {
  let before = '';
  await eventually('quiet', async () => {
    if (!client.isOpen || (counters.get('waiting') === 1 && counters.get('requests') > requestsBefore)) return true;
    await delay(15);
    const now = `${client.receivedBytes} ${counters.get('requests')} ${counters.get('reading')} ${counters.get('writing')}`;
    if (now === before) return true;
    before = now;
    return false;
  });
}
