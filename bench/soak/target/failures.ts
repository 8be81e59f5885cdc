/** What the failing backend does, by the file that is asked for. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

const HALF = Buffer.alloc(8 * 1024, 'x');
const IDLE_MS = 5;

type Failure = (request: IncomingMessage, response: ServerResponse) => void;

/** Sockets that have had a request before. */
const used = new WeakSet<Socket>();

const FAILURES: Readonly<Record<string, Failure>> = {
  '/reset': ({ socket }) => socket.resetAndDestroy(),
  '/stall': () => undefined,
  // Two lengths: RFC 9112 section 6.3 makes this an error that a recipient must not guess around.
  '/bad-head': ({ socket }) =>
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!', () => socket.destroy()),
  '/cut': ({ socket }, response) => {
    response.writeHead(200, { 'Content-Length': 2 * HALF.length });
    response.write(HALF, () => socket.destroySoon());
  },
  '/cut-chunked': ({ socket }, response) => {
    response.writeHead(200);
    response.write(HALF, () => socket.destroySoon());
  },
  '/cut-reset': ({ socket }, response) => {
    response.writeHead(200, { 'Content-Length': 2 * HALF.length });
    response.write(HALF, () => socket.resetAndDestroy());
  },
  '/close-on-reuse': ({ socket }, response) => {
    if (used.has(socket)) socket.destroy();
    else response.end('fresh');
  },
  // Says nothing of the end to come, so that the connection is kept, and met by another request or not.
  '/early-close': closeSoon,
  '/early-close-post': closeSoon,
};

export function fail(request: IncomingMessage, response: ServerResponse): void {
  const failure = FAILURES[request.url ?? ''];
  if (failure === undefined) response.writeHead(404).end();
  else failure(request, response);
  used.add(request.socket);
}

/** A tunnel that ends as soon as it is there. */
export function cutTunnel(socket: Socket): void {
  socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
  setTimeout(() => socket.destroy(), IDLE_MS);
}

function closeSoon(request: IncomingMessage, response: ServerResponse): void {
  request.resume().once('end', () => response.end('closing soon'));
  response.once('finish', () => setTimeout(() => request.socket.destroy(), IDLE_MS * Math.random()));
}
