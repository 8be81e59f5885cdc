/** What a client may not make this side do below HTTP, once its handshake is over: records that bring nothing. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { clientHello } from '../support/client-hello.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type ProxyUnderTest, startProxy } from '../support/proxy-under-test.ts';
import { RawUpstream, type UpstreamHandler } from '../support/raw-upstream.ts';
import { selfSigned } from '../support/self-signed.ts';
import { Tls12Sender } from '../support/tls12-sender.ts';
import { Tls13Sender } from '../support/tls13-sender.ts';

const GET = 'GET /volume HTTP/1.1\r\nHost: test\r\n\r\n';
/** Beyond this, the records of one connection have brought nothing for too long. */
const MOST_BYTES = 64 * 1024;
const LARGE = 8 * 1024 * 1024;
const large = `HTTP/1.1 200 OK\r\nContent-Length: ${LARGE}\r\n\r\n${'x'.repeat(LARGE)}`;

interface Scene {
  readonly proxy: ProxyUnderTest;
  readonly upstream: RawUpstream;
  readonly clock: FakeClock;
}

async function scene(t: TestContext, handler?: UpstreamHandler): Promise<Scene> {
  const upstream = await RawUpstream.start(t, handler);
  const clock = new FakeClock();
  const proxy = await startProxy(t, 'wire', {
    routes: [{ path: '/volume', to: upstream }],
    clock,
    tls: { certificate: selfSigned() },
    settings: { keepaliveTimeout: 3_600_000, clientHeaderTimeout: 3_600_000, sendTimeout: 3_600_000 },
  });
  return { proxy, upstream, clock };
}

/**
 * Sends records until the connection ends, while seconds pass.
 * @returns the bytes that went out
 */
async function flood(t: TestContext, clock: FakeClock, socket: Socket, records: () => Buffer): Promise<number> {
  let isOver = false;
  socket.on('close', () => {
    isOver = true;
  });
  socket.on('error', () => undefined);
  t.after(() => socket.destroy());
  while (!isOver) {
    assert.ok(socket.bytesWritten < 64 * MOST_BYTES, 'no end');
    const isTaken = socket.write(records());
    if (!isTaken) await new Promise(resolve => setTimeout(resolve, 5));
    await clock.pass(1_000);
  }
  return socket.bytesWritten;
}

const many = (count: number, next: () => Buffer): Buffer => Buffer.concat(Array.from({ length: count }, next));

async function connected13(t: TestContext, proxy: ProxyUnderTest): Promise<Tls13Sender> {
  const client = await Tls13Sender.connect(proxy.tlsAddress);
  t.after(() => client.socket.destroy());
  await eventually('the handshake to be over', () => proxy.counters.get('tlsHandshakes13') === 1);
  return client;
}

async function connected12(t: TestContext, proxy: ProxyUnderTest): Promise<Tls12Sender> {
  const client = await Tls12Sender.connect(proxy.tlsAddress);
  t.after(() => client.socket.destroy());
  await eventually('the handshake to be over', () => proxy.counters.get('tlsHandshakes12') === 1);
  return client;
}

for (const asks of [true, false]) {
  test(`TLS 1.3: a flood of KeyUpdates ${asks ? 'to be answered' : 'alone'} ends its connection`, async t => {
    const { proxy, upstream, clock } = await scene(t);
    const client = await connected13(t, proxy);
    await flood(t, clock, client.socket, () => many(500, () => client.keyUpdate(asks)));
    await eventually('it to be counted', () => proxy.counters.get('tlsFloods') === 1);
    await eventually('the connection to be gone', () => proxy.counters.get('active') === 0);
    assert.equal(proxy.keptBytes, 0);
    assert.equal(upstream.connections.length, 0);
    assert.equal((await proxy.get('/volume')).status, 200);
  });
}

test('TLS 1.3: a client that has KeyUpdates answered, and reads no answer to anything, is ended all the same', async t => {
  const { proxy, upstream, clock } = await scene(t, ({ connection }) => connection.send(large));
  const client = await connected13(t, proxy);
  client.socket.pause();
  client.socket.write(client.data(GET));
  await upstream.request(0);
  // One of these is a byte of a further request: it brings a little.
  await flood(t, clock, client.socket, () =>
    Buffer.concat([client.data('GET'), many(500, () => client.keyUpdate(true))]),
  );
  await eventually('it to be counted', () => proxy.counters.get('tlsFloods') === 1);
  await eventually('the connection to be gone', () => proxy.counters.get('active') === 0);
  assert.equal(upstream.requests.length, 1);
});

test('TLS 1.3: whoever changes keys between requests, and sends records of one byte, is served', async t => {
  const { proxy, clock } = await scene(t);
  const client = await connected13(t, proxy);
  let count = 0;
  for (let round = 0; round < 60; round += 1) {
    client.socket.write(client.keyUpdate(true));
    client.socket.write(Buffer.concat([...GET].map(each => client.data(each))));
    count += 1;
    await eventually(`answer ${count}`, () => proxy.logLines.length === count);
    await clock.pass(1_000);
  }
  assert.equal(proxy.counters.get('tlsFloods'), 0);
});

test('TLS 1.3: empty records end their connection', async t => {
  const { proxy, upstream, clock } = await scene(t);
  const client = await connected13(t, proxy);
  const sent = await flood(t, clock, client.socket, () => many(33, () => client.data('')));
  assert.ok(sent < MOST_BYTES, `${sent} bytes`);
  assert.equal(upstream.connections.length, 0);
  await eventually('the connection to be gone', () => proxy.counters.get('active') === 0);
});

test('TLS 1.2: whoever asks for another handshake is ended', async t => {
  const { proxy, upstream, clock } = await scene(t);
  const client = await connected12(t, proxy);
  const hello = (await clientHello({ maxVersion: 'TLSv1.2' })).subarray(5);
  const sent = await flood(t, clock, client.socket, () => client.handshake(hello));
  assert.ok(sent < MOST_BYTES, `${sent} bytes`);
  await eventually('the connection to be gone', () => proxy.counters.get('active') === 0);
  assert.equal(proxy.counters.get('tlsHandshakes12'), 1);
  assert.equal(proxy.keptBytes, 0);
  assert.equal(upstream.connections.length, 0);
});

test('TLS 1.2: a flood of warnings ends its connection', async t => {
  const { proxy, upstream, clock } = await scene(t);
  const client = await connected12(t, proxy);
  const sent = await flood(t, clock, client.socket, () => many(6, () => client.warning(100)));
  assert.ok(sent < MOST_BYTES, `${sent} bytes`);
  assert.equal(upstream.connections.length, 0);
  await eventually('the connection to be gone', () => proxy.counters.get('active') === 0);
});
