/** A backend whose answers take their time. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { exposedAt } from './service.ts';

const SLOW_MS = 400;
const PIECES = 20;
const PIECE_MS = 40;
const PIECE = 'x'.repeat(4096);

/** Of every download. */
export const DOWNLOAD_BYTES = PIECES * PIECE.length;

/**
 * `/slow` answers late, `/download` bit by bit, anything else with the number of bytes that were sent to it; an upgrade
 * becomes a tunnel that sends everything back.
 */
export class Backend {
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => void answer(request, response));
    this.#server.keepAliveTimeout = 60_000;
    this.#server.on('upgrade', (_request, socket) => {
      socket.on('error', () => socket.destroy());
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
      socket.pipe(socket);
    });
  }

  static async start(t: TestContext): Promise<Backend> {
    const backend = new Backend();
    backend.#server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 });
    await once(backend.#server, 'listening');
    t.after(() => {
      backend.#server.close();
      backend.#server.closeAllConnections();
    });
    return backend;
  }

  /** A Service that leads every path here. */
  get service(): object {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the backend does not listen');
    return exposedAt('/', { host: address.address, port: address.port });
  }
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let bytes = 0;
  // Whoever leaves in the middle is none of its business.
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
