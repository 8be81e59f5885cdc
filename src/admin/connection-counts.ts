import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { WorkerCounters } from '../observe/counters.ts';

type State = 'waiting' | 'reading' | 'writing';

/**
 * Counts the connections and requests of a server that takes one request a connection, as nginx counts its own:
 * waiting until the first byte, reading until the whole head is there, writing until the connection ends.
 */
export function countConnections(server: Server, counters: WorkerCounters): void {
  const states = new WeakMap<Socket, State>();

  const enter = (socket: Socket, next: State): void => {
    const previous = states.get(socket);
    if (previous === next) return;
    if (previous !== undefined) counters.add(previous, -1);
    counters.add(next, 1);
    states.set(socket, next);
  };

  server.on('connection', (socket: Socket) => {
    counters.add('accepted', 1);
    counters.add('handled', 1);
    counters.add('active', 1);
    enter(socket, 'waiting');
    // Before the parser's own listener, which may run the whole request.
    socket.prependOnceListener('data', () => {
      counters.add('requests', 1);
      enter(socket, 'reading');
    });
    socket.once('close', () => {
      counters.add('active', -1);
      counters.add(states.get(socket) ?? 'waiting', -1);
      states.delete(socket);
    });
  });
  // Before the handler: a status request counts itself as writing.
  server.prependListener('request', request => enter(request.socket, 'writing'));
}
