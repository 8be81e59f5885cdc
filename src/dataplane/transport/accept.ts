import { createServer, type Server, Socket, type SocketConstructorOpts } from 'node:net';
import { readFor, readSafely, type SocketReader } from './socket-reader.ts';

/** Makes the socket of an accepted connection, whose bytes go to the reader. */
export type OpenSocket = (reader: SocketReader) => Socket;

/** The parts of a listening handle that Node's own server uses. */
interface ListeningHandle {
  onconnection: (error: number, client: object | undefined) => void;
}

/**
 * A server whose connections are read into buffers of ours. Node offers this for outgoing connections alone (`onread`); an
 * accepted one gets 64 KiB of new memory for each read, which makes a large upload cost twice as much. So what the kernel
 * hands out is wrapped here, as Node's server would do it. Where a Node has other insides, its sockets' events have to do.
 */
export function createReadingServer(accept: (open: OpenSocket) => void): Server {
  const server = createServer({ noDelay: true }, socket => accept(reader => followEvents(socket, reader)));
  server.once('listening', () => {
    const handle: unknown = Reflect.get(server, '_handle');
    if (!isListeningHandle(handle)) return;
    const byNode = handle.onconnection;
    handle.onconnection = (error, client) => {
      if (error === 0 && client !== undefined) accept(reader => wrap(client, reader));
      else byNode.call(handle, error, client);
    };
  });
  return server;
}

function wrap(handle: object, reader: SocketReader): Socket {
  const options: Omit<SocketConstructorOpts, 'handle'> & { readonly handle: object } = {
    handle,
    readable: true,
    writable: true,
    onread: readFor(reader),
  };
  return new Socket(options as SocketConstructorOpts).setNoDelay(true);
}

function followEvents(socket: Socket, reader: SocketReader): Socket {
  return socket.on('data', (bytes: Buffer) => {
    if (!readSafely(reader, bytes, bytes.length)) socket.pause();
  });
}

function isListeningHandle(handle: unknown): handle is ListeningHandle {
  return typeof handle === 'object' && handle !== null && typeof Reflect.get(handle, 'onconnection') === 'function';
}
