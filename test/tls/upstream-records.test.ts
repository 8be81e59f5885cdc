/** What an upstream may not make this side do below HTTP, once its handshake is over: records that bring nothing. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type ProxyUnderTest, startProxy } from '../support/proxy-under-test.ts';
import type { Tls13Sender } from '../support/tls13-sender.ts';
import { type Tls13Connection, Tls13Upstream } from '../support/tls13-upstream.ts';

/** Beyond this, the records of one connection have brought nothing for too long. */
const MOST_BYTES = 64 * 1024;
const HOUR = 3_600_000;
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

interface Scene {
  readonly proxy: ProxyUnderTest;
  readonly upstream: Tls13Upstream;
  readonly clock: FakeClock;
}

async function scene(t: TestContext): Promise<Scene> {
  const upstream = await Tls13Upstream.start(t);
  const clock = new FakeClock();
  const tls = { serverName: '', isVerified: false };
  const proxy = await startProxy(t, 'wire', {
    routes: [
      {
        path: '/volume',
        to: [upstream.address],
        cluster: { protocol: 'https', tls },
        overrides: { readTimeoutMs: HOUR, sendTimeoutMs: HOUR },
      },
    ],
    clock,
  });
  return { proxy, upstream, clock };
}

/** Sends records until the other end has closed the connection, while seconds pass. */
async function flood(clock: FakeClock, { sender, ...state }: Tls13Connection, records: () => Buffer): Promise<void> {
  assert.equal(state.isClosed, false);
  const { socket } = sender;
  socket.on('error', () => undefined);
  while (!socket.closed) {
    assert.ok(socket.bytesWritten < 64 * MOST_BYTES, 'no end');
    if (!socket.write(records())) await new Promise(resolve => setTimeout(resolve, 5));
    await clock.pass(1_000);
  }
}

const keyUpdates = (sender: Tls13Sender, asks: boolean): Buffer =>
  Buffer.concat(Array.from({ length: 3_000 }, () => sender.keyUpdate(asks)));

for (const asks of [true, false]) {
  const what = asks ? 'to be answered' : 'alone';
  test(`an idle upstream that sends KeyUpdates ${what} without end loses its connection, and the next request has another`, async t => {
    const { proxy, upstream, clock } = await scene(t);
    const first = proxy.get('/volume/first');
    const connection = await upstream.requested(0);
    connection.sender.socket.write(connection.sender.data(OK));
    assert.equal((await first).status, 200);
    await flood(clock, connection, () => keyUpdates(connection.sender, asks));
    assert.equal(proxy.counters.get('tlsFloods'), 1);
    assert.equal(proxy.counters.get('upstreamIdle'), 0);
    const second = proxy.get('/volume/second');
    const { sender } = await upstream.requested(1);
    sender.socket.write(sender.data(OK));
    assert.equal((await second).status, 200);
  });

  test(`an upstream that sends KeyUpdates ${what} in place of its answer: 502`, async t => {
    const { proxy, upstream, clock } = await scene(t);
    const response = proxy.get('/volume');
    const connection = await upstream.requested(0);
    await flood(clock, connection, () => keyUpdates(connection.sender, asks));
    assert.equal((await response).status, 502);
    const [logged] = await proxy.logged(1);
    assert.equal(logged?.reason, 'upstream_reset');
    assert.equal(proxy.counters.get('tlsFloods'), 1);
    await eventually('nothing to be kept', () => proxy.keptBytes === 0);
  });
}

test('an upstream that changes keys between responses, and sends records of one byte, is served on one connection', async t => {
  const { proxy, upstream, clock } = await scene(t);
  for (let round = 0; round < 40; round += 1) {
    const response = proxy.get('/volume');
    const connection = await upstream.requested(0);
    connection.received = '';
    const { sender } = connection;
    sender.socket.write(sender.keyUpdate(true));
    sender.socket.write(Buffer.concat([...OK].map(each => sender.data(each))));
    assert.equal((await response).status, 200);
    await clock.pass(1_000);
  }
  assert.equal(upstream.connections.length, 1);
  assert.equal(proxy.counters.get('tlsFloods'), 0);
});
