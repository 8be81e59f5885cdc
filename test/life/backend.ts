/** A backend whose answers take their time. */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startHttpBackend } from '../support/http-backend.ts';
import { type ServiceManifest, service } from '../support/services.ts';

const SLOW_MS = 400;
const PIECES = 20;
const PIECE_MS = 40;
const PIECE = 'x'.repeat(4096);

/** Of every download. */
export const DOWNLOAD_BYTES = PIECES * PIECE.length;

/**
 * Starts a backend that answers `/slow` late, `/download` bit by bit, and anything else with the number of bytes that were
 * sent to it. An upgrade becomes a tunnel that sends everything back.
 * @returns a Service that leads every path there
 */
export async function startBackend(t: TestContext): Promise<ServiceManifest> {
  const { server, address } = await startHttpBackend(t, (request, response) => void answer(request, response));
  server.on('upgrade', (_request, socket) => {
    socket.on('error', () => socket.destroy());
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    socket.pipe(socket);
  });
  return service('backend', { address, annotations: { path: '/' } });
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let bytes = 0;
  // A client may leave in the middle.
  request.on('error', () => undefined);
  response.on('error', () => undefined);
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  await once(request, 'end').catch(() => undefined);
  if (request.url === '/slow') await delay(SLOW_MS);
  if (request.url === '/download') {
    response.writeHead(200, { 'Content-Length': DOWNLOAD_BYTES });
    for (let count = 0; count < PIECES; count += 1) {
      response.write(PIECE);
      await delay(PIECE_MS);
    }
    response.end();
  } else {
    response.end(`${bytes} bytes`);
  }
}
