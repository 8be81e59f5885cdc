/** A file of its own: it measures the heap of its process. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type TestContext, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { ListenAddress } from '../../../src/formats/listen-address.ts';
import { atEnd } from '../../support/cleanup.ts';
import { startProxy } from '../../support/proxy-under-test.ts';

const CONNECTIONS = 300;
const HEAD_BYTES = 28_000;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

for (const [what, path] of [
  ['that was answered by an upstream', '/v/answered/by/an/upstream'],
  ['that no route takes', '/no/route/takes/this/path'],
] as const) {
  test(`an idle connection keeps nothing of a long head ${what}`, async t => {
    const proxy = await startProxy(t, 'wire', { routes: [{ path: '/v', to: [await startUpstream(t)] }] });
    const lines = `X-Request-ID: ${'r'.repeat(40)}\r\nX-Long: ${'z'.repeat(HEAD_BYTES / 4)}\r\n`;
    const head = `GET ${path}?${'q'.repeat(40)} HTTP/1.1\r\nHost: test.example.com\r\n${lines}`;
    const rest = `X-Long: ${'z'.repeat(HEAD_BYTES / 4)}\r\n`.repeat(3);
    const open = async (count: number): Promise<void> => {
      for (let index = 0; index < count; index += 1) {
        const client = await proxy.connect();
        await client.send(`${head}${rest}\r\n`);
        await client.response();
      }
      collect();
    };
    // What is kept for the next head, and is shared by all.
    await open(20);
    const before = process.memoryUsage().heapUsed;
    await open(CONNECTIONS);
    const grown = (process.memoryUsage().heapUsed - before) / CONNECTIONS;
    t.diagnostic(`${Math.round(grown / 1024)} KiB of heap for each`);
    assert.ok(grown < HEAD_BYTES / 2, `${grown} bytes for each`);
  });
}

/** One that remembers nothing of what it was asked. */
async function startUpstream(t: TestContext): Promise<ListenAddress> {
  const server = createServer({ maxHeaderSize: 4 * HEAD_BYTES }, (_, response) => response.end('ok'));
  server.listen({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  atEnd(t, () => server.closeAllConnections());
  atEnd(t, () => void server.close());
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return { host: address.address, port: address.port };
}
