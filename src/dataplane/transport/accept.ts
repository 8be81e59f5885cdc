import { createServer, type Server } from 'node:net';
import type { ClientMemory } from './client-memory.ts';
import { SocketTransport } from './socket-transport.ts';
import { isTcpHandle } from './tcp-handle.ts';
import { TcpTransport } from './tcp-transport.ts';
import type { OpenTransport } from './transport.ts';

/** The part of a listening handle that Node's own server uses. */
interface ListeningHandle {
  onconnection: (error: number, client: unknown) => void;
  setNoDelay(on: boolean): number;
}

/** Linux gives a connection the TCP_NODELAY of its listening socket: that saves a system call for each. */
const INHERITS_NO_DELAY = process.platform === 'linux';

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
    const hasNoDelay = INHERITS_NO_DELAY && handle.setNoDelay(true) === 0;
    handle.onconnection = (error, client) => {
      if (error !== 0 || !isTcpHandle(client)) {
        byNode.call(handle, error, client);
        return;
      }
      if (!hasNoDelay) client.setNoDelay(true);
      accept(owner => new TcpTransport(client, owner, memory));
    };
  });
  return server;
}

function isListeningHandle(handle: unknown): handle is ListeningHandle {
  if (typeof handle !== 'object' || handle === null) return false;
  return ['onconnection', 'setNoDelay'].every(name => typeof Reflect.get(handle, name) === 'function');
}
