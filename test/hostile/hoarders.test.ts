/** Clients and upstreams that make the proxy keep as much as they can, all kinds of them at once. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ListenAddress } from '../../src/formats/listen-address.ts';
import { atEnd } from '../support/cleanup.ts';
import { Entry } from './entry.ts';
import { NormalClient } from './normal-client.ts';
import { SIZES } from './sizes.ts';

const { hoarders, timeoutMs } = SIZES;
const MIB = 1024 * 1024;

/** For all clients together the proxy takes four fifths of what the heap may grow to, which follows from this. */
const HEAP_MIB = 48;
/** Of each half of the young generation, as the image sets it. V8 counts three of them. */
const YOUNG_MIB = 2;
/** What a heap of this limit, and the young generation beside it, may be told to grow to. */
const CLIENTS_MIB = 0.8 * (HEAP_MIB + 3 * YOUNG_MIB);
/** Connections without anything kept, and what the allocator holds. Without a bound, the clients take 100 MiB more than all of this. */
const MARGIN_MIB = 48;

const LONG_HEAD = Array.from({ length: 5 }, (_, index) => `X-${index}: ${'z'.repeat(6_000)}\r\n`).join('');

interface Hoarder {
  readonly what: string;
  readonly bytes: Buffer;
}

function hoarder(what: string, path: string, lines = '', rest: Buffer = Buffer.from('\r\n')): Hoarder {
  const method = lines.startsWith('Content-Length') ? 'PUT' : 'GET';
  return { what, bytes: Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\nHost: test\r\n${lines}`), rest]) };
}

const EMPTY_LINE = Buffer.from('\r\n');
const UPLOAD = 'Content-Length: 100000000\r\n';

const KINDS: readonly Hoarder[] = [
  hoarder(
    'requests behind one that is not answered',
    '/silent',
    '',
    Buffer.concat([EMPTY_LINE, Buffer.alloc(130_000)]),
  ),
  hoarder('heads that are not complete', '/silent', LONG_HEAD, Buffer.alloc(0)),
  hoarder('long heads of requests that are not answered', '/silent', LONG_HEAD),
  hoarder(
    'uploads to an upstream that stopped reading',
    '/deaf',
    UPLOAD,
    Buffer.concat([EMPTY_LINE, Buffer.alloc(8 * MIB)]),
  ),
  hoarder('uploads that stop', '/silent', UPLOAD, Buffer.concat([EMPTY_LINE, Buffer.alloc(100_000)])),
  hoarder('answers that are not read', '/flood'),
  hoarder('heads of answers that are not complete', '/half-head'),
];

it(`${hoarders} clients of each of ${KINDS.length} kinds that hoard take no more memory than they may, all together`, {
  timeout: timeoutMs,
}, async t => {
  const backend = await startBackend(t);
  const entry = await Entry.start(
    t,
    { address: backend },
    {
      nodeArgs: [`--max-semi-space-size=${YOUNG_MIB}`, `--max-old-space-size=${HEAP_MIB}`],
    },
  );
  const before = await entry.keptMemoryBytes();
  const client = new NormalClient(entry.address);
  let most = before;
  for (const { what, bytes } of KINDS) {
    await Promise.all(Array.from({ length: hoarders }, () => hoard(t, entry.address, bytes)));
    const [active] = await entry.gauges();
    most = Math.max(most, await entry.stillMemoryBytes());
    t.diagnostic(`with ${what}: ${Math.round((most - before) / MIB)} MiB more, ${active} connections`);
  }
  await client.assertServed(t);
  const grown = (most - before) / MIB;
  assert.ok(grown < CLIENTS_MIB + MARGIN_MIB, `${Math.round(grown)} MiB more`);
});

/** Sends bytes as far as they are taken, and reads nothing. */
async function hoard(t: TestContext, address: ListenAddress, bytes: Buffer): Promise<void> {
  // Not all in one moment: it is not the accept queue that is tested.
  await delay(Math.random() * 1_000);
  const socket = connect({ ...address });
  atEnd(t, () => void socket.destroy());
  socket.on('error', () => undefined);
  socket.pause();
  socket.write(bytes);
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
}

/** Answers `ok`, or does with a request what its path says. */
async function startBackend(t: TestContext): Promise<ListenAddress> {
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => answer(socket, /^\w+ (\/[\w-]*) /.exec(bytes.toString('latin1', 0, 40))?.[1]));
  });
  server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 });
  await once(server, 'listening');
  atEnd(t, () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return { host: address.address, port: address.port };
}

const FLOOD = Buffer.alloc(8 * MIB);

function answer(socket: Socket, path: string | undefined): void {
  if (path === '/page') socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  if (path === '/deaf') socket.pause();
  if (path === '/half-head') socket.write(`HTTP/1.1 200 OK\r\n${LONG_HEAD}`);
  if (path === '/flood') {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n');
    socket.write(FLOOD);
  }
}
