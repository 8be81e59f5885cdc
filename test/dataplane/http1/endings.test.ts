/** What was answered in full arrives in full, however the connections end. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { DEFAULTS, type Settings } from '../../../src/settings/schema.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { type ProxyUnderTest, startProxy } from '../../support/proxy-under-test.ts';
import type { RawClient } from '../../support/raw-client.ts';
import { answer, RawUpstream } from '../../support/raw-upstream.ts';

/** The kernel keeps less for a peer that does not read: the rest of an answer waits in the proxy. */
const KERNEL_BYTES = 12 << 20;
const PAGE = 'x'.repeat(2 * KERNEL_BYTES);
const LONG_PAGE = 'x'.repeat(4 * KERNEL_BYTES);
const BEYOND_LINGERING_MS = 10_000;

interface Scene {
  readonly clock: FakeClock;
  readonly client: RawClient;
  readonly proxy: ProxyUnderTest;
}

/** A client that has sent something and was answered in full, but has read nothing. */
async function slowReader(
  t: TestContext,
  bytes: string,
  page = PAGE,
  settings: Partial<Settings> = {},
): Promise<Scene> {
  const clock = new FakeClock();
  const proxy = await startProxy(t, 'wire', { routes: null, clock, settings });
  proxy.state.errorPage = page;
  const client = await proxy.connect();
  client.pause();
  await client.send(bytes);
  await proxy.logged(1);
  return { clock, client, proxy };
}

async function assertWhole(client: RawClient, page = PAGE): Promise<void> {
  client.resume();
  await client.closed();
  assert.ok(client.receivedBytes > page.length, `cut after ${client.receivedBytes} bytes`);
}

describe('a complete answer is not cut for a slow reader', { concurrency: true }, () => {
  const get = 'GET /v HTTP/1.1\r\nHost: test\r\n';
  for (const [what, bytes] of [
    ['that wanted the connection to end', `${get}Connection: close\r\n\r\n`],
    ['that sent a further request behind its last one', `${get}Connection: close\r\n\r\n${get}\r\n`],
    ['that has not sent its whole body', `${get}Connection: close\r\nContent-Length: 9\r\n\r\nabc`],
    [
      'that has not sent its whole body, in chunks',
      `${get}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc`,
    ],
  ] as const) {
    it(what, async t => {
      const { clock, client } = await slowReader(t, bytes);
      await clock.pass(BEYOND_LINGERING_MS);
      await assertWhole(client);
    });
  }

  it('that sends more while the answer goes out', async t => {
    const { clock, client } = await slowReader(t, `${get}Connection: close\r\n\r\n`);
    await client.send(`${get}\r\n`);
    await clock.pass(BEYOND_LINGERING_MS);
    await assertWhole(client);
  });

  it('that has sent FIN behind its request', async t => {
    const { client } = await slowReader(t, `${get}\r\n`);
    client.end();
    await assertWhole(client);
  });

  for (const [what, bytes] of [
    ['the connection that ends', `${get}Connection: close\r\n\r\n`],
    ['an idle connection', `${get}\r\n`],
  ] as const) {
    it(`that takes some of it now and then, on ${what}`, async t => {
      const { clock, client } = await slowReader(t, bytes, LONG_PAGE);
      // After the second time there is still more than the kernel holds. Once all were in the kernel, lingering would begin.
      for (let count = 1; count <= 2; count += 1) {
        await clock.pass(0.9 * DEFAULTS.sendTimeout);
        // More than was in the kernel: some of it has come out of the proxy since.
        await client.readUpTo(count * KERNEL_BYTES);
      }
      await client.readUpTo(LONG_PAGE.length);
      // Only now does the wait for another request begin.
      await clock.pass(2 * DEFAULTS.keepaliveTimeout);
      await assertWhole(client, LONG_PAGE);
    });

    it(`but a reader that takes nothing for send-timeout is, on ${what}`, async t => {
      const { clock, proxy } = await slowReader(t, bytes, PAGE, { keepaliveTimeout: 1_000 * DEFAULTS.sendTimeout });
      for (let rounds = 0; proxy.counters.get('active') > 0; rounds += 1) {
        assert.ok(rounds < 10, 'no end');
        // What the kernel still takes after the response was logged counts as progress: the wait then begins anew.
        await clock.pass(2 * DEFAULTS.sendTimeout);
      }
      assert.equal(proxy.keptBytes, 0);
    });
  }
});

it('an early answer arrives although the upstream resets its connection behind it', async t => {
  const upstream = await RawUpstream.start(t, async ({ connection }) => {
    await connection.send(answer('too large', '', '413 Too Large'));
    connection.reset();
  });
  const proxy = await startProxy(t, 'wire', { routes: [{ path: '/v', to: upstream }] });
  for (let count = 0; count < 60; count += 1) {
    const client = await proxy.connect();
    client.push(`PUT /v HTTP/1.1\r\nHost: test\r\nContent-Length: ${3 << 20}\r\n\r\n`);
    client.push(Buffer.alloc(3 << 20));
    const { status, body } = await client.response();
    assert.deepEqual([status, body], [413, 'too large']);
  }
});

it('an answer that its reset connection should have delimited is cut', async t => {
  const upstream = await RawUpstream.start(t, async ({ connection }) => {
    connection.pause();
    await connection.send('HTTP/1.1 200 OK\r\n\r\npart');
    connection.reset();
  });
  const proxy = await startProxy(t, 'wire', { routes: [{ path: '/v', to: upstream }] });
  for (let count = 0; count < 20; count += 1) {
    const client = await proxy.connect();
    client.push(`PUT /v HTTP/1.1\r\nHost: test\r\nContent-Length: ${3 << 20}\r\n\r\n`);
    client.push(Buffer.alloc(3 << 20));
    assert.doesNotMatch(client.unread, /0\r\n\r\n$/);
    const outcome = await client.responseOrCut().catch(() => undefined);
    assert.notEqual(outcome?.complete && outcome.status === 200, true);
  }
});

it('a request of which nothing could be sent goes out once more, whatever its method', async t => {
  const upstream = await RawUpstream.start(t);
  const proxy = await startProxy(t, 'wire', { routes: [{ path: '/v', to: upstream }] });
  const client = await proxy.connect();
  for (let count = 0; count < 20; count += 1) {
    await client.send('GET /v HTTP/1.1\r\nHost: test\r\n\r\n');
    assert.equal((await client.response()).status, 200);
    // The request is there before the reset, and read before the proxy has noticed that.
    client.push('POST /v HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n');
    upstream.connections.at(-1)?.reset();
    assert.equal((await client.response()).status, 200);
  }
  t.diagnostic(`${proxy.counters.get('retriesStale')} retries`);
});
