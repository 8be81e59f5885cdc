import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { Viewers } from '../../../src/admin/dashboard/viewers.ts';
import { eventually } from '../../support/eventually.ts';
import { open } from '../../support/exchange.ts';

/** More than a socket's buffers on both sides take. */
const LARGE = JSON.stringify('x'.repeat(16 * 1024 * 1024));

/** A connection that is watched through, and its reader, who reads only when told to. */
async function viewer(
  context: TestContext,
): Promise<{ response: ServerResponse; read: () => void; received: () => string }> {
  const responses: ServerResponse[] = [];
  const server = createServer((_request, response) => {
    response.writeHead(200);
    response.flushHeaders();
    responses.push(response);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const socket = await open({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  socket.on('error', () => {});
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  context.after(() => {
    socket.destroy();
    server.closeAllConnections();
    server.close();
  });
  const response = await eventually('the request', () => responses[0]);
  let text = '';
  return {
    response,
    received: () => text,
    read: () => socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1'))),
  };
}

test('a slow viewer misses samples, and gets what has changed when it can take it', async context => {
  const { response, read, received } = await viewer(context);
  const viewers = new Viewers();
  viewers.add(response, { history: LARGE }, { problems: '"old"' });
  const waiting = response.writableLength;
  assert.ok(waiting > 0);
  for (let count = 0; count < 5; count += 1) viewers.send({ sample: LARGE }, { problems: '"new"' });
  assert.equal(response.writableLength, waiting, 'nothing piles up');
  read();
  await eventually('that it has read all', () => response.writableLength === 0);
  viewers.send({ sample: '1' }, { problems: '"new"' });
  await eventually('the news', () => received().includes('data: "new"\n\nevent: sample\ndata: 1\n\n'));
  viewers.send({ sample: '2' }, { problems: '"new"' });
  await eventually('the next', () => received().includes('data: 2\n\n'));
  assert.equal(received().split('data: "new"').length, 2, 'once is enough');
});

test('one that does not say that it is there loses its place', async context => {
  let now = 0;
  const viewers = new Viewers(() => now);
  const [silent, present] = [await viewer(context), await viewer(context)];
  for (const { response, read } of [silent, present]) {
    viewers.add(response, { sample: '1' });
    // The bytes that were sent say nothing, since the kernel takes them for a viewer that does not read.
    read();
  }
  const name = await eventually('its name', () => /event: viewer\ndata: "([^"]+)"/.exec(present.received())?.[1]);
  for (const seconds of [20, 40, 60]) {
    now = seconds * 1000;
    viewers.send({ sample: '2' });
    assert.equal(viewers.seen(name), true);
  }
  assert.deepEqual([silent.response.destroyed, present.response.destroyed], [true, false]);
  await eventually('that it is gone', () => viewers.size === 1);
  assert.equal(viewers.seen('another'), false);
});
