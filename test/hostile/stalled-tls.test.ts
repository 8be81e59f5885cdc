/** Clients of HTTP/2 on TLS that ask for very much, open all windows, and read nothing. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { it, type TestContext } from 'node:test';
import { connect as connectTls } from 'node:tls';
import type { ListenAddress } from '../../src/formats/listen-address.ts';
import { atEnd } from '../support/cleanup.ts';
import { eventually } from '../support/eventually.ts';
import { headersFrame, PREFACE } from '../support/http2-client.ts';
import { getFields } from '../support/http2-fields.ts';
import { frame, settings, uint32 } from '../support/http2-frames.ts';
import { Entry } from './entry.ts';
import { NormalClient } from './normal-client.ts';
import { SIZES } from './sizes.ts';

const { stalled, timeoutMs } = SIZES;
const MIB = 1024 * 1024;
const STREAMS = 100;
const MOST_WINDOW = 0x7fff_ffff;
/** See hoarders.test.ts. */
const HEAP_MIB = 48;
const YOUNG_MIB = 2;
const CLIENTS_MIB = 0.8 * (HEAP_MIB + 3 * YOUNG_MIB);
/** Both connections of each stream without anything kept, OpenSSL's buffers, garbage, and what the allocator holds. */
const MARGIN_MIB = 64;

it(`${stalled} clients of HTTP/2 on TLS that have ${STREAMS} large responses each, and read none, take no more memory than they may`, {
  timeout: timeoutMs,
}, async t => {
  const backend = await startBackend(t);
  const entry = await Entry.start(
    t,
    { address: backend.address },
    {
      args: ['--tls-listen', '127.0.0.1:0'],
      nodeArgs: [`--max-semi-space-size=${YOUNG_MIB}`, `--max-old-space-size=${HEAP_MIB}`],
    },
  );
  const before = await entry.keptMemoryBytes();
  const client = new NormalClient(entry.address);
  for (let count = 0; count < stalled; count += 1) await stall(t, entry.tlsAddress);
  await eventually('all requests to be at the backend', () => backend.requests() === stalled * STREAMS);
  const grown = ((await entry.stillMemoryBytes()) - before) / MIB;
  await client.assertServed(t);
  t.diagnostic(`${Math.round(grown)} MiB more`);
  assert.ok(grown < CLIENTS_MIB + MARGIN_MIB, `${Math.round(grown)} MiB more`);
});

/** Asks for all of it, and reads nothing any more. */
async function stall(t: TestContext, address: ListenAddress): Promise<void> {
  const socket = connectTls({ ...address, rejectUnauthorized: false, ALPNProtocols: ['h2'] });
  atEnd(t, () => void socket.destroy());
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  socket.pause();
  const ids = Array.from({ length: STREAMS }, (_, index) => 2 * index + 1);
  socket.write(
    Buffer.concat([
      PREFACE,
      frame(4, 0, 0, settings([4, MOST_WINDOW])),
      frame(8, 0, 0, uint32(MOST_WINDOW - 65_535)),
      ...ids.map(id => headersFrame(id, getFields('/flood'), true)),
    ]),
  );
}

interface FloodingBackend {
  readonly address: ListenAddress;
  /** Those that were answered by a flood. */
  requests(): number;
}

/** Answers `ok`, or begins an answer: with more than a stream may keep here, and not so much that the kernel runs out of memory. */
async function startBackend(t: TestContext): Promise<FloodingBackend> {
  const sockets = new Set<Socket>();
  const block = Buffer.alloc(256 * 1024);
  let floods = 0;
  const server = createServer(socket => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      if (!bytes.includes(' /flood ')) {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
        return;
      }
      floods += 1;
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n');
      socket.write(block);
    });
  });
  server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 });
  await once(server, 'listening');
  atEnd(t, () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return { address: { host: address.address, port: address.port }, requests: () => floods };
}
