import type { Socket } from 'node:net';

/**
 * Ends a connection with RST. While its FIN is under way, Node's resetAndDestroy() never closes the handle: 'close' does not come, and
 * the process spins when it ends. Such a connection is only destroyed.
 */
export function resetSocket(socket: Socket): void {
  if (socket.writable) socket.resetAndDestroy();
  else socket.destroy();
}
