import { connect, type Socket } from 'node:net';
import { BenchError } from '../support/bench-error.ts';

/** So many are opened at a time: no listen queue is to overflow. */
const AT_ONCE = 64;
const ANSWER_MS = 10_000;

/**
 * Opens connections, and sends one request on each.
 * @returns once every one has been answered and is idle; disposing closes them
 * @throws BenchError when one is refused, closed or not answered with 200
 */
export async function openIdleConnections(port: number, path: string, count: number): Promise<AsyncDisposable> {
  const sockets: Socket[] = [];
  const close = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const open = async (): Promise<void> => {
    while (sockets.length < count) {
      const socket = connect({ port, host: '127.0.0.1' });
      sockets.push(socket);
      await answered(socket, path);
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, open));
    const lost = sockets.filter(socket => socket.destroyed || socket.readableEnded).length;
    if (lost > 0) throw new BenchError(`${lost} of ${count} idle connections were closed`);
  } catch (error) {
    close();
    throw error;
  }
  return { [Symbol.asyncDispose]: async () => close() };
}

function answered(socket: Socket, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void => reject(new BenchError(`an idle connection ${reason}`));
    socket.setTimeout(ANSWER_MS, () => fail('got no answer'));
    socket.once('error', error => fail(`failed: ${error.message}`));
    socket.once('end', () => fail('was closed'));
    socket.once('data', data => {
      socket.setTimeout(0);
      if (data.toString('latin1', 0, 12) === 'HTTP/1.1 200') resolve();
      else fail(`got ${data.toString('latin1', 0, 40)}`);
    });
    socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
  });
}
