import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Bounds the connections of a server and still lets every client in: a newcomer takes the place of the oldest connection
 * that has not sent a whole request, or else of the oldest request that is still being answered. A client that sends its
 * request at once, as probes do, is therefore served, however many others connect and send nothing.
 * @param onEvicted called for each connection that is closed to make room
 */
export function limitConnections(server: Server, most: number, onEvicted: () => void): void {
  // Sets keep the order of insertion: the oldest comes first.
  const silent = new Set<Socket>();
  const asking = new Set<Socket>();

  const forget = (socket: Socket): void => {
    silent.delete(socket);
    asking.delete(socket);
  };
  server.on('connection', (newcomer: Socket) => {
    newcomer.once('close', () => forget(newcomer));
    if (silent.size + asking.size >= most) {
      const [oldest] = silent.size > 0 ? silent : asking;
      if (oldest !== undefined) {
        forget(oldest);
        oldest.destroy();
        onEvicted();
      }
    }
    silent.add(newcomer);
  });
  server.prependListener('request', ({ socket }) => {
    if (silent.delete(socket)) asking.add(socket);
  });
}
