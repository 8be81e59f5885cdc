import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import type { AdminServer } from '../../src/admin/admin-server.ts';
import type { StatusServer } from '../../src/admin/status-server.ts';
import { eventually } from '../support/eventually.ts';
import { type Destination, exchange, get, open } from '../support/exchange.ts';
import { adminServer, type Running, statusServer } from './admin-fixture.ts';

const HASTY = { headTimeout: 60, requestTimeout: 120, idleTimeout: 200, checkInterval: 10 };

const servers: Readonly<
  Record<string, (context: TestContext, limits: object) => Promise<Running<AdminServer | StatusServer>>>
> = {
  'the admin socket': adminServer,
  'the status listener': statusServer,
};

async function assertAlive(at: Destination): Promise<void> {
  assert.equal((await get(at, '/healthz')).status, 200);
}

/** No connection but the asking one is left. */
async function assertAlone(at: Destination): Promise<void> {
  await eventually('the connection is gone', async () =>
    (await get(at, '/nginx_status')).body.startsWith('Active connections: 1 \n'),
  );
}

for (const [name, start] of Object.entries(servers)) {
  test(`${name} answers garbage with 400 and lives`, async context => {
    const { at } = await start(context, {});
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
    await assertAlive(at);
    await assertAlone(at);
  });

  test(`${name} refuses a huge head with 431`, async context => {
    const { at } = await start(context, {});
    const huge = `GET /healthz HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(1_000_000)}\r\n\r\n`;
    assert.match(await exchange(at, huge), /^HTTP\/1\.1 431 /);
    assert.match(await exchange(at, `GET /${'x'.repeat(100_000)} HTTP/1.1\r\nHost: a\r\n\r\n`), /^HTTP\/1\.1 431 /);
    await assertAlive(at);
    await assertAlone(at);
  });

  test(`${name} gives up on a head or a body that does not come`, async context => {
    const { at } = await start(context, HASTY);
    assert.match(await exchange(at, 'GET /healthz HTTP/1.1\r\nHo'), /^HTTP\/1\.1 408 /);
    const body = 'POST /configuration/backends HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n[';
    assert.match(await exchange(at, body), /^HTTP\/1\.1 4(?:08|04) /);
    // A connection that never sends a byte.
    await exchange(at, '');
    await assertAlive(at);
    await assertAlone(at);
  });

  test(`${name} gives up on a client that drips its head`, async context => {
    const { at } = await start(context, HASTY);
    const socket = await open(at);
    socket.on('error', () => undefined);
    socket.resume();
    socket.write('GET /healthz HTTP/1.1\r\nHost: a\r\nX: ');
    const drip = setInterval(() => socket.write('x'), 5);
    context.after(() => {
      clearInterval(drip);
      socket.destroy();
    });
    await assertAlone(at);
  });

  test(`${name} gives up on a client that does not read`, async context => {
    const { at, control } = await start(context, HASTY);
    control.metricsBody = 'x'.repeat(32 * 1024 * 1024);
    const socket = await open(at);
    context.after(() => socket.destroy());
    socket.pause();
    socket.write('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n');
    await eventually('it is served', async () => (await get(at, '/nginx_status')).body.includes('Writing: 2'));
    await assertAlone(at);
  });

  test(`${name} adds nothing to a response that has begun`, async context => {
    const { at, control } = await start(context, {});
    control.metricsBody = 'x'.repeat(8 * 1024 * 1024);
    const socket = await open(at);
    socket.write('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n');
    const chunks: Buffer[] = [];
    await once(socket, 'readable');
    socket.write('garbage\r\n\r\n');
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    await Promise.race([once(socket, 'end'), once(socket, 'close')]);
    socket.destroy();
    assert.equal(Buffer.concat(chunks).toString('latin1').match(/HTTP/g)?.length, 1);
    await assertAlone(at);
  });

  test(`${name} does not run a second request on a connection`, async context => {
    const { at, control } = await start(context, {});
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

  test(`${name} takes so many connections and no more`, async context => {
    const { at, board } = await start(context, { connections: 2 });
    const sockets = [await open(at), await open(at)];
    await eventually('both are in', () => board.sum('active') === 2);
    assert.equal(await exchange(at, 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n'), '');
    for (const socket of sockets) socket.destroy();
    await eventually('both are gone', () => board.sum('active') === 0);
    await assertAlive(at);
    // As in nginx: accepted, not handled.
    assert.equal(board.sum('accepted') - board.sum('handled'), 1);
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
    await running.server.close();
    await eventually('all are gone', () => board.sum('active') === 0);
    for (const gauge of ['reading', 'writing', 'waiting'] as const) assert.equal(board.sum(gauge), 0, gauge);
    for (const socket of [idle, begun, waiting]) socket.destroy();
  });
}
