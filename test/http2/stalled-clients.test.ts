/** Clients that ask for much and take little, or nothing: they cost a bounded amount of memory, for a bounded time. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { eventually, still } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type ClientOptions, Http2Client } from '../support/http2-client.ts';
import { getFields, literals, string } from '../support/http2-fields.ts';
import { frame, settings } from '../support/http2-frames.ts';
import { type ProxyUnderTest, startProxy } from '../support/proxy-under-test.ts';
import { answering, RawUpstream } from '../support/raw-upstream.ts';
import { selfSigned } from '../support/self-signed.ts';
import { CANCEL, ENHANCE_YOUR_CALM } from './attack.ts';
import { type Scene, scene } from './scene.ts';

const INITIAL_WINDOW = 4;
const MOST_WINDOW = 0x7fff_ffff;
const MIB = 1024 * 1024;
const LARGE = 4 * MIB;
const large = `HTTP/1.1 200 OK\r\nContent-Length: ${LARGE}\r\n\r\n${'x'.repeat(LARGE)}`;
const STREAM_BYTES = 64 * 1024;
const HOUR = 3_600_000;
const SETTINGS = { sendTimeout: 10_000 };
const NO_WINDOW = { settings: [[INITIAL_WINDOW, 0]], keepsWindows: true } as const;
const ALL_WINDOWS = { settings: [[INITIAL_WINDOW, MOST_WINDOW]], keepsWindows: true } as const;

/** As scene(), on TLS. */
async function sceneOnTls(t: TestContext, clock: FakeClock, options: ClientOptions): Promise<Scene> {
  const upstream = await RawUpstream.start(t, answering(large));
  const proxy = await startProxy(t, 'wire', {
    routes: [{ path: '/volume', to: upstream }],
    tls: { certificate: selfSigned() },
    settings: SETTINGS,
    clock,
  });
  const { tls } = await proxy.connectTls({ ALPNProtocols: ['h2'] });
  const client = await Http2Client.connect(t, proxy.tlsAddress, { ...options, socket: tls });
  return { proxy, upstream, client };
}

/** Lets seconds pass, and acts in each, until the stream is reset. @returns the code */
async function dribble(clock: FakeClock, client: Http2Client, id: number, act: (step: number) => void) {
  for (let step = 1; step < 14 && client.stream(id).resetCode === undefined; step += 1) {
    act(step);
    await client.settled();
    await clock.pass(1_000);
  }
  return client.resetOf(id);
}

/** Lets seconds pass until the connection is gone. The kernel may still take some in the first of them. */
async function goneWithin(seconds: number, proxy: ProxyUnderTest, clock: FakeClock): Promise<void> {
  for (let second = 0; second < seconds && proxy.counters.get('active') > 0; second += 1) await clock.pass(1_000);
  await eventually('the connection to be gone', () => proxy.counters.get('active') === 0);
}

describe('clients of HTTP/2 that take nothing', { concurrency: 4, timeout: 600_000 }, () => {
  const drips: readonly (readonly [
    what: string,
    options: ClientOptions,
    drip: (client: Http2Client, step: number) => void,
  ])[] = [
    ['its connection', { ...ALL_WINDOWS }, client => client.windowUpdate(0, 1)],
    [
      'all its streams, by settings',
      NO_WINDOW,
      (client, step) => client.send(frame(4, 0, 0, settings([INITIAL_WINDOW, step]))),
    ],
  ];
  for (const [what, options, drip] of drips) {
    it(`send-timeout: a client that opens the window of ${what} by single bytes is given up`, async t => {
      const clock = new FakeClock();
      const { client, proxy, upstream } = await scene(t, {
        upstream: answering(large),
        client: options,
        clock,
        settings: SETTINGS,
      });
      const id = client.request(getFields('/volume'), '');
      await client.until('the head', () => (client.stream(id).status === 200 ? true : undefined));
      assert.equal(await dribble(clock, client, id, step => drip(client, step)), CANCEL);
      assert.equal((await proxy.logged(1))[0]?.reason, 'client_send_timeout');
      await upstream.requests[0]?.connection.closed();
      await eventually('nothing to be kept', () => proxy.keptBytes === 0);
    });
  }

  /** A client that has so much of a response on its way to it that no more goes out. */
  async function stalled(t: TestContext, clock: FakeClock): Promise<Scene> {
    const staged = await scene(t, {
      upstream: ({ target, connection }) => (target === '/silent' ? undefined : connection.send(large)),
      client: ALL_WINDOWS,
      clock,
      settings: { ...SETTINGS, keepaliveTimeout: HOUR, clientHeaderTimeout: HOUR, proxyReadTimeout: HOUR },
    });
    const { client, proxy, upstream } = staged;
    await client.settled();
    client.windowUpdate(0, MOST_WINDOW - 65_535);
    client.socket.pause();
    const ids = Array.from({ length: 8 }, () => client.request(getFields('/volume'), ''));
    await upstream.request(ids.length - 1);
    await still('what is kept', () => proxy.keptBytes);
    for (const id of ids) client.reset(id);
    await eventually('the streams to be over', () => proxy.logLines.length === ids.length);
    return staged;
  }

  it('send-timeout: a client without a stream, for which bytes wait, is ended', async t => {
    const clock = new FakeClock();
    const { proxy } = await stalled(t, clock);
    await goneWithin(30, proxy, clock);
    assert.equal(proxy.keptBytes, 0);
  });

  it('send-timeout: a client that has its frames answered, and takes no answer, is ended with its streams', async t => {
    const clock = new FakeClock();
    const { client, proxy, upstream } = await stalled(t, clock);
    const over = proxy.logLines.length;
    client.request(getFields('/volume/silent'), '');
    await upstream.request(over);
    const before = proxy.keptBytes;
    for (let second = 0; second < 30 && proxy.counters.get('active') > 0; second += 1) {
      client.send(...Array.from({ length: 50 }, () => frame(6, 0, 0, Buffer.alloc(8))));
      await clock.pass(1_000);
      assert.ok(proxy.keptBytes - before < 2 * STREAM_BYTES, `${proxy.keptBytes} bytes`);
    }
    await eventually('the connection to be gone', () => proxy.counters.get('active') === 0);
    assert.equal((await proxy.logged(over + 1))[over]?.reason, 'client_send_timeout');
    assert.equal(proxy.keptBytes, 0);
    await upstream.requests[over]?.connection.closed();
  });

  it('send-timeout: a client that has taken what waited is not ended', async t => {
    const clock = new FakeClock();
    const { client, proxy } = await stalled(t, clock);
    for (let second = 0; second < 8; second += 1) await clock.pass(1_000);
    client.socket.resume();
    await client.settled();
    for (let second = 0; second < 60; second += 1) await clock.pass(1_000);
    assert.equal(proxy.counters.get('active'), 1);
    await client.settled();
  });

  it('1xx responses for a client that reads nothing are not kept without end', async t => {
    const hint = `HTTP/1.1 103 Early Hints\r\nLink: ${'x'.repeat(8_000)}\r\n\r\n`;
    const { client, proxy } = await scene(t, {
      upstream: ({ connection }) => connection.send(hint.repeat(100)),
      client: ALL_WINDOWS,
    });
    await client.settled();
    client.socket.pause();
    for (let count = 0; count < 60; count += 1) client.request(getFields('/volume'), '');
    let most = 0;
    const timer = setInterval(() => {
      most = Math.max(most, proxy.keptBytes);
    }, 1);
    t.after(() => clearInterval(timer));
    await eventually('the client to have had too much', () => proxy.counters.get('http2ProtocolErrors') === 1);
    assert.ok(most < 4 * MIB, `${most} bytes`);
    client.socket.resume();
    assert.equal(await client.goaway(), ENHANCE_YOUR_CALM);
    await eventually('nothing to be kept', () => proxy.keptBytes === 0);
  });

  it('on TLS, 100 responses that nobody reads keep less than 64 KiB each, and are given up', async t => {
    const clock = new FakeClock();
    const { client, proxy, upstream } = await sceneOnTls(t, clock, ALL_WINDOWS);
    await client.settled();
    client.windowUpdate(0, MOST_WINDOW - 65_535);
    client.socket.pause();
    const before = proxy.keptBytes;
    for (let count = 0; count < 100; count += 1) client.request(getFields('/volume'), '');
    await upstream.request(99);
    const kept = (await still('what is kept', () => proxy.keptBytes)) - before;
    assert.ok(kept < 100 * STREAM_BYTES, `${kept} bytes`);
    assert.equal(upstream.requests.length, 100);
    // At send-timeout, the streams and the connection.
    await goneWithin(30, proxy, clock);
    assert.equal(proxy.keptBytes, 0);
    for (const { connection } of upstream.requests) await connection.closed();
  });

  it('100 bombs of crumbs, whose answers nobody takes, keep next to nothing', async t => {
    const clock = new FakeClock();
    const { client, proxy, upstream } = await scene(t, { client: NO_WINDOW, clock, settings: SETTINGS });
    const crumb = Buffer.concat([Buffer.from([0x40]), string('cookie'), string('')]);
    const bomb = Buffer.concat([literals(getFields('/volume')), crumb, Buffer.alloc(15_000, 0x80 | 62)]);
    for (let id = 1; id < 200; id += 2) client.send(frame(1, 5, id, bomb));
    await client.until('all heads', () => (client.ofType(1).length === 100 ? true : undefined));
    for (let id = 1; id < 200; id += 2) assert.equal(client.stream(id).status, 431);
    assert.ok(proxy.keptBytes < 128 * 1024, `${proxy.keptBytes} bytes`);
    await dribble(clock, client, 1, () => undefined);
    await eventually('nothing to be kept', () => proxy.keptBytes === 0);
    assert.equal(upstream.connections.length, 0);
  });
});
