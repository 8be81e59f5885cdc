/** Both windows are coupled: what one side does not take stops the other, one stream at a time. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { still } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { getFields, requestFields } from '../support/http2-fields.ts';
import { frame, settings } from '../support/http2-frames.ts';
import { answering } from '../support/raw-upstream.ts';
import { scene } from './scene.ts';

const INITIAL_WINDOW = 4;
const LARGE = 4 * 1024 * 1024;
const large = `HTTP/1.1 200 OK\r\nContent-Length: ${LARGE}\r\n\r\n${'x'.repeat(LARGE)}`;
const NO_WINDOW = { settings: [[INITIAL_WINDOW, 0]], keepsWindows: true } as const;

describe('flow control of HTTP/2', { concurrency: 4, timeout: 600_000 }, () => {
  it('bodies of megabytes go both ways, byte for byte', async t => {
    const body = Buffer.from(Array.from({ length: 300_000 }, (_, n) => n % 251)).toString('latin1');
    const { client, upstream } = await scene(t, {
      upstream: answering(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
    });
    const ids = [1, 2, 3, 4].map(() => client.request(requestFields('POST', '/volume')));
    for (let at = 0; at < body.length; at += 10_000) {
      for (const id of ids) {
        const piece = body.slice(at, at + 10_000);
        await client.until('room', () => (client.sendRoom(id) >= piece.length ? true : undefined));
        client.data(id, piece, at + 10_000 >= body.length);
      }
    }
    for (const id of ids) assert.ok((await client.response(id)).body === body);
    assert.ok(upstream.requests.every(request => request.body === body));
  });

  it('a stream that is not read stops its upstream, and no other one', async t => {
    const { client, upstream, proxy } = await scene(t, { upstream: answering(large), client: { keepsWindows: true } });
    const stalled = client.request(getFields('/volume'), '');
    await client.until('the first window', () => (client.stream(stalled).body.length === 65_535 ? true : undefined));
    assert.ok((await still('what is kept', () => proxy.keptBytes)) < 192 * 1024);
    client.windowUpdate(0, 1_000_000);
    upstream.handler = answering();
    assert.equal((await client.exchange(getFields('/volume'))).body, 'ok');
    client.windowUpdate(stalled, LARGE);
    client.windowUpdate(0, LARGE);
    assert.equal((await client.response(stalled)).body.length, LARGE);
  });

  it('100 streams that take nothing keep less than 64 KiB each', async t => {
    const { client, proxy, upstream } = await scene(t, { upstream: answering(large), client: NO_WINDOW });
    const before = proxy.keptBytes;
    for (let count = 0; count < 100; count += 1) client.request(getFields('/volume'), '');
    await upstream.request(99);
    await client.until('all heads', () => (client.ofType(1).length === 100 ? true : undefined));
    const kept = (await still('what is kept', () => proxy.keptBytes)) - before;
    assert.ok(kept < 100 * 64 * 1024, `${kept} bytes`);
  });

  it('streams that only the window of the connection stops go on whenever it opens', async t => {
    const { client, upstream } = await scene(t, {
      upstream: answering(large),
      client: { settings: [[INITIAL_WINDOW, 1 << 30]], keepsWindows: true },
    });
    const ids = [1, 2, 3].map(() => client.request(getFields('/volume'), ''));
    await upstream.request(2);
    const came = (): number => ids.reduce((sum, id) => sum + client.stream(id).body.length, 0);
    for (let granted = 65_535; granted < 3 * LARGE; granted += 1_000_000) {
      await client.until(`${granted} bytes`, () => (came() === granted ? true : undefined));
      client.windowUpdate(0, 1_000_000);
    }
    for (const id of ids) assert.equal((await client.response(id)).body.length, LARGE);
  });

  it('a window that the settings narrow goes below zero, and opens again', async t => {
    const { client, upstream } = await scene(t, { upstream: () => undefined, client: { keepsWindows: true } });
    const id = client.request(getFields('/volume'), '');
    const { connection } = await upstream.request(0);
    await connection.send(`HTTP/1.1 200 OK\r\nContent-Length: 1200\r\n\r\n${'x'.repeat(1_000)}`);
    await client.until('the first bytes', () => (client.stream(id).body.length === 1_000 ? true : undefined));
    client.send(frame(4, 0, 0, settings([INITIAL_WINDOW, 500])));
    await client.settled();
    await connection.send('y'.repeat(200));
    client.windowUpdate(id, 500);
    await client.settled();
    assert.equal(client.stream(id).body.length, 1_000);
    client.windowUpdate(id, 1);
    await client.until('one byte', () => (client.stream(id).body.length === 1_001 ? true : undefined));
    client.send(frame(4, 0, 0, settings([INITIAL_WINDOW, 10_000])));
    assert.equal((await client.response(id)).body.length, 1_200);
  });

  it('an answer and the end of a body wait for a window, trailers and an empty end do not', async t => {
    const { client, upstream } = await scene(t, { client: NO_WINDOW });
    const id = client.request(getFields('/nowhere'), '');
    await client.until('the head', () => (client.stream(id).status === 404 ? true : undefined));
    client.windowUpdate(id, 10_000);
    assert.ok((await client.response(id)).body.includes('404'));
    upstream.handler = answering('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-A: b\r\n\r\n');
    assert.deepEqual((await client.exchange(getFields('/volume'))).trailers, [['x-a', 'b']]);
  });

  it('an upload that its upstream does not read stops at its window; the others go on', async t => {
    const { client, upstream } = await scene(t, {
      upstream: request => {
        if (request.method === 'PUT') request.connection.pause();
        else void request.whole().then(() => request.connection.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
      },
    });
    const id = client.request(requestFields('PUT', '/volume'));
    await upstream.request(0);
    let sent = 0;
    for (let idle = 0; idle < 3; ) {
      const room = Math.min(client.sendRoom(id), 16_000);
      idle = room > 0 ? 0 : idle + 1;
      if (room > 0) client.data(id, 'x'.repeat(room));
      sent += room;
      await client.settled();
    }
    assert.ok(sent < 32 * 1024 * 1024, 'no end');
    assert.equal((await client.exchange(requestFields('POST', '/volume'), 'y'.repeat(60_000))).status, 200);
    upstream.requests[0]?.connection.resume();
    await client.until('credit', () => (client.sendRoom(id) > 0 ? true : undefined));
  });

  it('send-timeout: a client that opens its window by single bytes is given up', async t => {
    const clock = new FakeClock();
    const { client, proxy, upstream } = await scene(t, {
      upstream: answering(large),
      client: NO_WINDOW,
      clock,
      settings: { sendTimeout: 10_000 },
    });
    const id = client.request(getFields('/volume'), '');
    await client.until('the head', () => (client.stream(id).status === 200 ? true : undefined));
    for (let step = 0; step < 12 && client.stream(id).resetCode === undefined; step += 1) {
      client.windowUpdate(id, 1);
      await client.settled();
      await clock.pass(1_000);
    }
    assert.equal(await client.resetOf(id), 8);
    assert.equal((await proxy.logged(1))[0]?.reason, 'client_send_timeout');
    await upstream.requests[0]?.connection.closed();
  });

  it('client-body-timeout: a body that does not come is 408, on its stream alone', async t => {
    const clock = new FakeClock();
    const { client, upstream } = await scene(t, {
      upstream: () => undefined,
      clock,
      settings: { clientBodyTimeout: 10_000 },
    });
    const id = client.request(requestFields('POST', '/volume'));
    const { connection } = await upstream.request(0);
    await clock.pass(10_200);
    assert.equal((await client.response(id)).status, 408);
    assert.equal(await client.resetOf(id), 0);
    await connection.closed();
    upstream.handler = answering();
    assert.equal((await client.exchange(getFields('/volume'))).status, 200);
  });
});
