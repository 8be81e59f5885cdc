/** The backend of a soak: HTTP as it should be, or failing. Arguments: its port, and `steady` or `failing`. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { cutTunnel, fail } from './failures.ts';

const LARGE = Buffer.alloc(64 * 1024, 'x');
/** More than all buffers on its way hold, so a client that stops reading and leaves is always in the middle of it. */
const HUGE = Buffer.alloc(4 * 1024 * 1024, 'x');
const SLOW_MS = 200;
const CHUNKS = 4;

const [port, kind] = process.argv.slice(2);
/** Requests that no HTTP client sends. Ends without one are the clients' that leave. */
let malformed = 0;

const server = createServer(kind === 'failing' ? fail : answer);
server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
  if (error.code?.startsWith('HPE_') && error.code !== 'HPE_INVALID_EOF_STATE') malformed += 1;
  socket.destroy();
});
server.on('upgrade', (request, socket) => {
  socket.on('error', () => socket.destroy());
  if (kind === 'failing' && request.url === '/tunnel-cut') cutTunnel(socket as Socket);
  else socket.destroy();
});
server.on('connection', socket => socket.on('error', () => socket.destroy()));
server.listen({ host: '127.0.0.1', port: Number(port), backlog: 4096 });

function answer(request: IncomingMessage, response: ServerResponse): void {
  // The client knows by it that the answer is the one to its own request.
  const id = request.headers['x-soak-id'];
  if (id !== undefined) response.setHeader('X-Soak-Id', id);
  switch (request.url) {
    case '/small':
      response.end('{"status":"ok","pools":[{"name":"rbd","size":3},{"name":"cephfs","size":2}]}');
      break;
    case '/large':
      response.end(LARGE);
      break;
    case '/huge':
      response.end(HUGE);
      break;
    case '/slow':
      setTimeout(() => response.end('late'), SLOW_MS);
      break;
    case '/chunked':
      for (let index = 0; index < CHUNKS; index += 1) response.write(LARGE.subarray(0, LARGE.length / CHUNKS));
      response.end();
      break;
    case '/length':
      countBody(request, response);
      break;
    case '/malformed':
      response.end(String(malformed));
      break;
    default:
      response.writeHead(404).end();
  }
}

function countBody(request: IncomingMessage, response: ServerResponse): void {
  let length = 0;
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
  });
  request.once('end', () => response.setHeader('X-Soak-Length', length).end('counted'));
  request.once('error', () => response.destroy());
}
