import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { TestContext } from 'node:test';
import type { ListenAddress } from '../../src/formats/listen-address.ts';

export interface HttpBackend {
  readonly server: Server;
  readonly address: ListenAddress;
}

/** Starts an HTTP server on a free port of loopback, which ends with the test. */
export async function startHttpBackend(t: TestContext, answer: RequestListener): Promise<HttpBackend> {
  const server = createServer({ keepAliveTimeout: 60_000, maxHeaderSize: 64 * 1024 }, answer);
  server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 });
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the backend does not listen');
  return { server, address: { host: address.address, port: address.port } };
}
