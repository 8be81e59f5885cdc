import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { value } from '../support/raw-message.ts';
import { answer, RawUpstream } from '../support/raw-upstream.ts';
import { route } from '../support/routes.ts';
import { deltaTo, startFleet } from './fleet-fixture.ts';

const UPGRADE = 'GET /a HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

for (const workers of [1, 2]) {
  test(`with ${workers}: draining waits for requests and tunnels of every worker, and accepts nothing new`, async context => {
    const upstream = await RawUpstream.start(context, () => {});
    const running = await startFleet(context, { settings: { workers, shutdownDelay: 0 } });
    await running.fleet.publish(deltaTo(upstream, { version: 1, upserts: [route('/a')], removals: [] })).answering;
    const asking = [...(await running.connectToAll()).values()];
    const tunnels = [...(await running.connectToAll()).values()];
    const idle = [...(await running.connectToAll()).values()];
    for (const client of asking) await client.send('GET /a HTTP/1.1\r\nHost: test\r\n\r\n');
    for (let count = 0; count < workers; count += 1) await upstream.request(count);
    for (const [index, client] of tunnels.entries()) {
      await client.send(UPGRADE);
      const { connection } = await upstream.request(workers + index);
      connection.tunnel();
      await connection.send(SWITCHING);
      assert.equal((await client.head()).status, 101);
    }

    let isDrained = false;
    const drained = running.fleet.drain().then(() => {
      isDrained = true;
    });
    for (const client of idle) await client.closed();
    await eventually('the port to be closed', () =>
      running.connect().then(
        client => client.destroy(),
        () => true,
      ),
    );

    for (const { connection } of upstream.requests.slice(0, workers)) await connection.send(answer('in time'));
    for (const client of asking) {
      const { headers, body } = await client.response();
      assert.equal(`${body}`, 'in time');
      assert.equal(value(headers, 'connection'), 'close');
      await client.closed();
    }
    for (const [index, client] of tunnels.entries()) {
      await client.send('hello');
      const connection = (await upstream.request(workers + index)).connection;
      assert.equal(await connection.tunnelBytes(5), 'hello');
    }
    assert.equal(isDrained, false, 'the tunnels are still there');
    for (const client of tunnels) client.end();
    for (const { connection } of upstream.requests.slice(workers)) connection.finish();
    await drained;
    assert.equal(running.board.sum('active'), 0);
  });

  test(`with ${workers}: closing ends requests, tunnels and threads at once`, async context => {
    const upstream = await RawUpstream.start(context, () => {});
    const running = await startFleet(context, { settings: { workers, shutdownDelay: 0 } });
    await running.fleet.publish(deltaTo(upstream, { version: 1, upserts: [route('/a')], removals: [] })).answering;
    const [client, idle] = [await running.connect(), await running.connect()];
    await client.send('GET /a HTTP/1.1\r\nHost: test\r\n\r\n');
    await upstream.request(0);
    await running.fleet.close();
    await client.closed();
    await idle.closed();
    assert.equal(client.receivedBytes, 0);
    await assert.rejects(running.connect(), { code: 'ECONNREFUSED' });
    assert.ok(running.threads.every(({ threadId }) => threadId === -1));
    assert.deepEqual(running.log, []);
  });

  test(`with ${workers}: an idle fleet is drained at once, and can be closed then`, async context => {
    const running = await startFleet(context, { settings: { workers, shutdownDelay: 0 } });
    await running.fleet.drain();
    await running.fleet.close();
    assert.ok(running.threads.every(({ threadId }) => threadId === -1));
  });
}

test('a worker that dies while draining is not replaced, and holds nothing up', async context => {
  const upstream = await RawUpstream.start(context, () => {});
  const running = await startFleet(context, { settings: { workers: 2 } });
  await running.fleet.publish(deltaTo(upstream, { version: 1, upserts: [route('/a')], removals: [] })).answering;
  const clients = await running.connectToAll();
  await clients.get(0)?.send('GET /a HTTP/1.1\r\nHost: test\r\n\r\n');
  await upstream.request(0);
  const drained = running.fleet.drain();
  await running.crash(0);
  await drained;
  assert.equal(running.threads.length, 2);
});

test('a replacement that starts while the fleet is draining accepts nothing', async context => {
  const running = await startFleet(context, { settings: { workers: 1 } });
  await running.crash(0);
  await eventually('the next thread', () => running.threads[1]);
  await running.fleet.drain();
  await assert.rejects(running.connect(), { code: 'ECONNREFUSED' });
});

test('closing before the start is over leaves no thread behind', async context => {
  const running = await startFleet(context, { settings: { workers: 1 } });
  await running.crash(0);
  await eventually('the next thread', () => running.threads[1]);
  await running.fleet.close();
  assert.ok(running.threads.every(({ threadId }) => threadId === -1));
});
