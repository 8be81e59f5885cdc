import { createServer, type Server } from 'node:net';
import type { ClientMemory } from './client-memory.ts';
import { SocketTransport } from './socket-transport.ts';
import { isTcpHandle } from './tcp-handle.ts';
import { TcpTransport } from './tcp-transport.ts';
import type { OpenTransport } from './transport.ts';

/** The part of a listening handle that Node's own server uses. */
interface ListeningHandle {
  onconnection: (error: number, client: unknown) => void;
}

/**
 * Makes a server whose connections are transports. What the kernel accepts is taken from the listening handle, before Node
 * makes a socket of it; where Node's handles are not known, it is made of Node's socket.
 * @param accept called with each connection, which it must open
 */
export function createTransportServer(
  memory: Pick<ClientMemory, 'kept'>,
  accept: (open: OpenTransport) => void,
): Server {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, socket =>
    accept(owner => new SocketTransport(socket, owner)),
  );
  server.once('listening', () => {
    const handle: unknown = Reflect.get(server, '_handle');
    if (!isListeningHandle(handle)) return;
    const byNode = handle.onconnection;
    handle.onconnection = (error, client) => {
      if (error === 0 && isTcpHandle(client)) accept(owner => new TcpTransport(client, owner, memory));
      else byNode.call(handle, error, client);
    };
  });
  return server;
}

function isListeningHandle(handle: unknown): handle is ListeningHandle {
  return typeof handle === 'object' && handle !== null && typeof Reflect.get(handle, 'onconnection') === 'function';
}
