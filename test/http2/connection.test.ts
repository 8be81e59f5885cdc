/** A connection of HTTP/2 from its first byte to its end: settings, time limits, GOAWAY, order of streams, tunnels. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { fieldOf } from '../support/http2-client.ts';
import { type Fields, getFields, literals, requestFields, string } from '../support/http2-fields.ts';
import { frame, uint32 } from '../support/http2-frames.ts';
import { answering } from '../support/raw-upstream.ts';
import { scene } from './scene.ts';

const NEVER = (): undefined => undefined;
const LAST = 0x7fff_ffff;
const HOUR = 3_600_000;
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const SWITCH =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\nSec-WebSocket-Protocol: chat\r\n\r\n';

const webSocket = (more: Fields = []): Fields =>
  requestFields('CONNECT', '/volume/chat', [[':protocol', 'websocket'], ['sec-websocket-version', '13'], ...more]);

describe('connections of HTTP/2', { concurrency: 6, timeout: 600_000 }, () => {
  it('the settings say what a client may do', async t => {
    const { client } = await scene(t);
    await client.settled();
    assert.deepEqual(
      [...client.settings],
      [
        [3, 100],
        [4, 65_536],
        [6, 32_768],
        [8, 1],
        [9, 1],
      ],
    );
    assert.deepEqual(
      client.ofType(8).map(({ payload }) => payload.readUInt32BE()),
      [1024 * 1024 - 65_535],
    );
    assert.equal(client.ofType(4).filter(({ flags }) => flags === 1).length, 1, 'an acknowledgement');
  });

  it('keepalive-timeout: an idle connection ends with GOAWAY, and PING does not keep it', async t => {
    const clock = new FakeClock();
    const { client } = await scene(t, { clock, settings: { keepaliveTimeout: 10_000 } });
    assert.equal((await client.exchange(getFields('/volume'))).status, 200);
    await clock.pass(9_000);
    await client.settled();
    await clock.pass(1_500);
    assert.equal(await client.goaway(), 0);
    assert.deepEqual(client.lastIds, [1]);
    client.socket.end();
    await client.closed();
  });

  it('client-header-timeout: neither the preface nor a header block may take longer', async t => {
    const clock = new FakeClock();
    const settings = { clientHeaderTimeout: 10_000 };
    const silent = await scene(t, { clock, settings, client: { isSilent: true } });
    silent.client.send(Buffer.from('PRI * HTTP/2.0\r\n\r\nSM'));
    const midway = await scene(t, { clock, settings, upstream: NEVER });
    midway.client.request(getFields('/volume'), '');
    await midway.upstream.request(0);
    await midway.client.settled();
    midway.client.send(frame(1, 0, 3, '\0\x03x-a\x01b'));
    await clock.pass(10_200);
    assert.equal(await silent.client.goaway(), 0);
    assert.equal(await midway.client.goaway(), 0);
    assert.equal((await midway.proxy.logged(1))[0]?.reason, 'client_left');
  });

  it('drain: GOAWAY twice, requests on their way are served, then the connection ends', async t => {
    const { client, upstream, proxy } = await scene(t, { upstream: NEVER });
    const before = client.request(getFields('/volume'), '');
    const { connection } = await upstream.request(0);
    const drained = proxy.engine.drain();
    // The client has sent this before it sees the first GOAWAY.
    const during = client.request(getFields('/volume'), '');
    const second = await upstream.request(1);
    await client.until('both GOAWAYs', () => (client.lastIds.length === 2 ? true : undefined));
    assert.deepEqual(client.lastIds, [LAST, during]);
    client.request(getFields('/volume/late'), '');
    await connection.send(OK);
    await second.connection.send(OK);
    assert.equal((await client.response(before)).status, 200);
    assert.equal((await client.response(during)).status, 200);
    await client.closed();
    client.socket.end();
    await drained;
    assert.equal(upstream.requests.length, 2);
  });

  it('a request after the last one that is served is ignored, but its fields enter the table', async t => {
    const { client, upstream, proxy } = await scene(t, { upstream: NEVER });
    const before = client.request(requestFields('POST', '/volume'));
    client.data(before, 'ab');
    const { connection } = await upstream.request(0);
    void proxy.engine.drain();
    await client.until('both GOAWAYs', () => (client.lastIds.length === 2 ? true : undefined));
    const indexed = Buffer.concat([Buffer.from([0x40]), string('x-late'), string('kept')]);
    client.send(frame(1, 5, 3, Buffer.concat([literals(getFields('/volume/late')), indexed])));
    client.send(frame(1, 5, before, Buffer.from([0x80 | 62])));
    const [request] = upstream.requests;
    assert.deepEqual((await request?.whole())?.trailers, [['x-late', 'kept']]);
    await connection.send(OK);
    assert.equal((await client.response(before)).status, 200);
    assert.equal(upstream.requests.length, 1);
  });

  it('keepalive-requests: the connection ends by GOAWAY, and no request is lost', async t => {
    const { client } = await scene(t, { settings: { keepaliveRequests: 3 } });
    for (let count = 0; count < 3; count += 1) assert.equal((await client.exchange(getFields('/volume'))).status, 200);
    await client.closed();
    assert.equal(client.lastIds[0], LAST);
    assert.equal(client.lastIds.at(-1), 5);
    assert.equal(client.goawayCode, 0);
  });

  it('a connection lives for an hour, some more or less, and then ends by GOAWAY', async t => {
    const clock = new FakeClock();
    const { client } = await scene(t, { clock, settings: { keepaliveTimeout: 24 * HOUR } });
    await clock.pass(0.89 * HOUR);
    assert.equal((await client.exchange(getFields('/volume'))).status, 200);
    await client.settled();
    assert.equal(client.goawayCode, undefined);
    await clock.pass(0.22 * HOUR);
    assert.equal((await client.exchange(getFields('/volume'))).status, 200);
    await client.closed();
    assert.equal(client.lastIds[0], LAST);
    assert.equal(client.lastIds.at(-1), 3);
    assert.equal(client.goawayCode, 0);
  });

  it('a client that leaves gives up all its requests', async t => {
    const { client, upstream, proxy } = await scene(t, { upstream: NEVER });
    for (let count = 0; count < 5; count += 1) client.request(getFields('/volume'), '');
    await upstream.request(4);
    client.socket.destroy();
    for (const { connection } of upstream.requests) await connection.closed();
    assert.deepEqual(
      (await proxy.logged(5)).map(({ reason }) => reason),
      Array(5).fill('client_left'),
    );
    await eventually('the gauges to fall', () => proxy.counters.get('active') === 0);
    assert.deepEqual(
      ['waiting', 'writing', 'reading'].map(name => proxy.counters.get(name as 'waiting')),
      [0, 0, 0],
    );
    assert.equal(proxy.keptBytes, 0);
  });

  it('a client that says GOAWAY gets its answers, and then the end', async t => {
    const { client, upstream } = await scene(t, { upstream: NEVER });
    const id = client.request(getFields('/volume'), '');
    const { connection } = await upstream.request(0);
    client.send(frame(7, 0, 0, Buffer.concat([uint32(0), uint32(0)])));
    await client.settled();
    await connection.send(OK);
    assert.equal((await client.response(id)).status, 200);
    assert.equal(await client.goaway(), 0);
  });

  it('a client that says GOAWAY while nothing is under way gets the end at once, and has done nothing wrong', async t => {
    const { client, proxy } = await scene(t);
    assert.equal((await client.exchange(getFields('/volume'))).status, 200);
    client.send(frame(7, 0, 0, Buffer.concat([uint32(0), uint32(0)])));
    assert.equal(await client.goaway(), 0);
    assert.equal(proxy.counters.get('http2ProtocolErrors'), 0);
  });

  it('urgent responses go first, and incremental ones share what there is', async t => {
    const size = 40_000;
    const { client, upstream } = await scene(t, {
      upstream: answering(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n${'x'.repeat(size)}`),
      client: { settings: [[4, size]], keepsWindows: true },
    });
    const blocker = client.request(getFields('/volume'), '');
    await client.response(blocker);
    client.data(client.request(requestFields('POST', '/volume')), '', true);
    await upstream.request(1);
    // The window of the connection is used up: 25 535 bytes were left of it.
    const ids = ['u=5', 'u=3', 'u=1', 'u=2, i', 'u=2, i'].map(priority =>
      client.request(getFields('/volume', [['priority', priority]]), ''),
    );
    await client.until('all heads', () => (ids.every(id => client.stream(id).status === 200) ? true : undefined));
    client.send(frame(16, 0, 0, Buffer.concat([uint32(ids[0] ?? 0), Buffer.from('u=0')])));
    await client.settled();
    const seen = client.frames.length;
    client.windowUpdate(0, 1_000_000);
    for (const id of ids) await client.response(id);
    const order = client.frames
      .slice(seen)
      .flatMap(({ type, streamId }) => (type === 0 ? [ids.indexOf(streamId)] : []));
    const runs = order.filter((id, index) => id >= 0 && id !== order[index - 1]);
    assert.equal(runs[0], 0, `${order}`);
    assert.equal(runs[1], 2, `${order}`);
    assert.deepEqual(runs.slice(2, 6), [3, 4, 3, 4], `${order}`);
    assert.equal(runs.at(-1), 1, `${order}`);
  });

  it('a WebSocket by extended CONNECT is a handshake of HTTP/1.1 upstream', async t => {
    const { client, upstream, proxy } = await scene(t, { upstream: NEVER });
    const id = client.request(
      webSocket([
        ['sec-websocket-key', 'evil'],
        ['sec-websocket-protocol', 'chat'],
        ['content-length', '3'],
      ]),
    );
    client.data(id, 'early');
    const { connection, raw } = await upstream.request(0);
    assert.match(raw, /^GET \/chat HTTP\/1.1\r\n/);
    assert.match(raw, /\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n/);
    assert.match(raw, /\r\nSec-WebSocket-Key: [A-Za-z0-9+/]{22}==\r\n/);
    assert.ok(!raw.includes('evil') && !raw.includes('ontent-length'), raw);
    connection.tunnel();
    await connection.send(`${SWITCH}hello`);
    await client.until('the first bytes', () => (client.stream(id).body === 'hello' ? true : undefined));
    const { status, fields } = client.stream(id);
    assert.equal(status, 200);
    assert.equal(fieldOf(fields, 'sec-websocket-protocol'), 'chat');
    assert.equal(fieldOf(fields, 'sec-websocket-accept'), undefined);
    client.data(id, ' more');
    assert.equal(await connection.tunnelBytes(10), 'early more');
    client.data(id, '', true);
    assert.equal(await connection.closed(), 'fin');
    // RFC 8441 section 5: END_STREAM is FIN, and the other side may still send.
    connection.finish(' and bye');
    assert.equal((await client.response(id)).body, 'hello and bye');
    const [line] = await proxy.logged(1);
    assert.deepEqual([line?.status, line?.requestLine], [101, 'CONNECT /volume/chat HTTP/2.0']);
  });

  it('the upstream ends a WebSocket: END_STREAM; the client resets one: the upstream connection ends', async t => {
    const { client, upstream } = await scene(t, {
      upstream: ({ connection }) => {
        connection.tunnel();
        void connection.send(SWITCH);
      },
    });
    const first = client.request(webSocket());
    await client.until('the tunnel', () => client.stream(first).status || undefined);
    upstream.connections[0]?.finish('bye');
    assert.equal((await client.response(first)).body, 'bye');
    const second = client.request(webSocket());
    await client.until('the tunnel', () => client.stream(second).status || undefined);
    client.reset(second);
    await upstream.connections[1]?.closed();
    assert.equal(client.end, undefined);
  });

  it('an upstream that answers the handshake with 200 opens no tunnel, a refusal is passed on', async t => {
    const { client, upstream } = await scene(t);
    const id = client.request(webSocket());
    await client.until('an answer', () => client.stream(id).status || undefined);
    assert.equal(client.stream(id).status, 502);
    upstream.handler = answering('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
    const refused = client.request(webSocket());
    assert.deepEqual([(await client.response(refused)).status, client.stream(refused).body], [403, 'no']);
  });

  it('a crash in one exchange ends its stream alone', async t => {
    const { client, proxy, upstream } = await scene(t);
    const { table } = proxy.state;
    assert.ok(table !== undefined);
    const bug = {
      ...table,
      match: () => {
        throw new Error('a bug');
      },
    };
    proxy.state.table = bug as unknown as typeof table;
    assert.equal((await client.exchange(getFields('/volume'))).status, 500);
    proxy.state.table = table;
    assert.equal((await client.exchange(getFields('/volume'))).status, 200);
    assert.equal(upstream.requests.length, 1);
  });
});
