import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import type { AdminServer } from '../../src/admin/admin-server.ts';
import { DEFAULT_LIMITS } from '../../src/admin/app.ts';
import type { StatusServer } from '../../src/admin/status-server.ts';
import type { Scrape } from '../../src/observe/registry.ts';
import { eventually } from '../support/eventually.ts';
import { exchange, open } from '../support/exchange.ts';
import { adminServer, type Running, statusServer } from './admin-fixture.ts';

const HASTY = { headTimeout: 250, requestTimeout: 400, idleTimeout: 500, checkInterval: 20 };

const HEALTHZ = 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n';

const servers: Readonly<
  Record<string, (context: TestContext, limits: object) => Promise<Running<AdminServer | StatusServer>>>
> = {
  'the admin socket': adminServer,
  'the status listener': statusServer,
};

/** It answers, and no connection is left open. */
async function assertWell({ at, board }: Pick<Running<unknown>, 'at' | 'board'>): Promise<void> {
  // Asked again where a busy machine makes a request run into the short limits of these tests.
  await eventually('it answers', async () => (await exchange(at, HEALTHZ)).startsWith('HTTP/1.1 200 '));
  await eventually('every connection is gone', () => board.sum('active') === 0);
}

for (const [name, start] of Object.entries(servers)) {
  test(`${name} answers garbage with 400 and lives`, async context => {
    const running = await start(context, {});
    const { at } = running;
    for (const bytes of [
      'garbage\r\n\r\n',
      '\x00\x01\x02\r\n\r\n',
      '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
      'GET / HTTP/1.1\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n',
      'POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    ]) {
      const answer = await exchange(at, bytes);
      assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/, JSON.stringify(bytes));
      assert.match(answer, /\r\nconnection: close\r\n/i);
    }
    await assertWell(running);
  });

  test(`${name} refuses a huge head with 431`, async context => {
    const running = await start(context, {});
    const { at } = running;
    const huge = `GET /healthz HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(1_000_000)}\r\n\r\n`;
    assert.match(await exchange(at, huge), /^HTTP\/1\.1 431 /);
    assert.match(await exchange(at, `GET /${'x'.repeat(100_000)} HTTP/1.1\r\nHost: a\r\n\r\n`), /^HTTP\/1\.1 431 /);
    await assertWell(running);
  });

  test(`${name} gives up on a head or a body that does not come`, async context => {
    const running = await start(context, HASTY);
    const { at } = running;
    assert.match(await exchange(at, 'GET /healthz HTTP/1.1\r\nHo'), /^HTTP\/1\.1 408 /);
    const body = 'POST /configuration/backends HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n[';
    assert.match(await exchange(at, body), /^HTTP\/1\.1 4(?:08|04) /);
    // A connection that never sends a byte.
    await exchange(at, '');
    await assertWell(running);
  });

  test(`${name} gives up on a client that drips its head`, async context => {
    const running = await start(context, HASTY);
    const { at } = running;
    const socket = await open(at);
    socket.on('error', () => undefined);
    socket.resume();
    socket.write('GET /healthz HTTP/1.1\r\nHost: a\r\nX: ');
    const drip = setInterval(() => socket.write('x'), 5);
    context.after(() => {
      clearInterval(drip);
      socket.destroy();
    });
    await assertWell(running);
  });

  test(`${name} gives up on a client that does not read`, async context => {
    // Its request must be in time.
    const running = await start(context, { idleTimeout: 1_000 });
    const { at, board, control } = running;
    control.metricsBody = 'x'.repeat(32 * 1024 * 1024);
    const socket = await open(at);
    context.after(() => socket.destroy());
    socket.pause();
    socket.write('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n');
    await eventually('it is asked', () => board.sum('requests') === 1);
    await assertWell(running);
  });

  test(`${name} adds nothing to a response that has begun`, async context => {
    const running = await start(context, {});
    const { at, control } = running;
    // More than the kernel takes from a server whose client reads no further: it is not done when the garbage comes.
    control.metricsBody = 'x'.repeat(32 * 1024 * 1024);
    const socket = await open(at);
    socket.write('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n');
    const chunks: Buffer[] = [];
    await once(socket, 'readable');
    socket.write('garbage\r\n\r\n');
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    await Promise.race([once(socket, 'end'), once(socket, 'close')]);
    socket.destroy();
    assert.equal(Buffer.concat(chunks).toString('latin1').match(/HTTP/g)?.length, 1);
    await assertWell(running);
  });

  test(`${name} does not run a second request on a connection`, async context => {
    const running = await start(context, {});
    const { at, control } = running;
    let scrapes = 0;
    const { metrics } = control;
    control.metrics = () => {
      scrapes += 1;
      return metrics.call(control);
    };
    const request = 'GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n';
    const answer = await exchange(at, request.repeat(3));
    assert.equal(answer.match(/HTTP\/1\.1/g)?.length, 1);
    assert.equal(scrapes, 1);
  });

  test(`${name} takes so many connections at a time: the oldest that says nothing gives way to a newcomer`, async context => {
    const running = await start(context, { connections: 3 });
    const { at, board, control } = running;
    const { promise, resolve } = Promise.withResolvers<Scrape>();
    control.metrics = () => promise;
    const [asking, oldest, younger] = [await open(at), await open(at), await open(at)];
    for (const socket of [asking, oldest, younger]) socket.on('error', () => undefined).resume();
    asking.write('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n');
    oldest.write('GET /healthz HTTP/1.1\r\nHo');
    // Its bytes are read: a close with unread bytes would be a reset.
    await eventually('all are in', () => {
      return board.sum('active') === 3 && board.sum('writing') === 1 && board.sum('reading') === 1;
    });
    const ended = once(oldest, 'end');
    assert.match(await exchange(at, HEALTHZ), /^HTTP\/1\.1 200 /);
    await ended;
    assert.deepEqual([asking.readableEnded, younger.readableEnded], [false, false]);
    for (const socket of [asking, oldest, younger]) socket.destroy();
    resolve({ contentType: 'text/plain', body: Buffer.of() });
    await assertWell(running);
    assert.equal(board.sum('accepted') - board.sum('handled'), 0);
  });

  test(`${name} ends the oldest request when all connections have one`, async context => {
    const running = await start(context, { connections: 2 });
    const { at, board, control } = running;
    const { promise, resolve } = Promise.withResolvers<Scrape>();
    control.metrics = () => promise;
    const sockets = [await open(at), await open(at)];
    for (const socket of sockets) {
      socket.on('error', () => undefined).resume();
      socket.write('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n');
      await eventually('it is asked', () => board.sum('writing') === sockets.indexOf(socket) + 1);
    }
    assert.match(await exchange(at, HEALTHZ), /^HTTP\/1\.1 200 /);
    await eventually('the oldest is gone', () => sockets[0]?.readableEnded);
    assert.equal(sockets[1]?.readableEnded, false);
    sockets[0]?.destroy();
    sockets[1]?.destroy();
    resolve({ contentType: 'text/plain', body: Buffer.of() });
    await assertWell(running);
  });

  test(`${name} closes at once whatever its connections do`, async context => {
    const running = await start(context, {});
    const { at, board, control } = running;
    control.metrics = () => new Promise(() => undefined);
    const [idle, begun, waiting] = [await open(at), await open(at), await open(at)];
    for (const socket of [idle, begun, waiting]) socket.on('error', () => undefined).resume();
    begun.write('GET /healthz HTTP/1.1\r\nHo');
    waiting.write('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n');
    await eventually('all are in', () => board.sum('reading') === 1 && board.sum('writing') === 1);
    let closed = false;
    const closing = running.server.close().then(() => {
      closed = true;
    });
    await eventually('it is closed', () => closed);
    await closing;
    await eventually('all are gone', () => board.sum('active') === 0);
    for (const gauge of ['reading', 'writing', 'waiting'] as const) assert.equal(board.sum(gauge), 0, gauge);
    for (const socket of [idle, begun, waiting]) socket.destroy();
  });
}

test('probes are answered whatever the connections do that say nothing', async context => {
  const { at, board } = await statusServer(context);
  const silent = [];
  for (let count = 0; count < 1_200; count += 1) silent.push(await open(at));
  for (const socket of silent) socket.on('error', () => undefined).resume();
  for (let count = 0; count < 10; count += 1) {
    assert.match(await exchange(at, HEALTHZ), /^HTTP\/1\.1 200 /);
    silent.push(await open(at));
  }
  assert.ok(board.sum('active') <= DEFAULT_LIMITS.connections);
  for (const socket of silent) socket.destroy();
});
