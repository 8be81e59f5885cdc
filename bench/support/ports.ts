import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { BenchError } from './bench-error.ts';

/** A port of 127.0.0.1 that nobody listens on. Programs that are given one take it soon after. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port');
  return address.port;
}

/** @throws BenchError when nobody accepts connections there */
export async function checkListening(port: number): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1' });
  try {
    await once(socket, 'connect');
  } catch (error) {
    throw new BenchError('nobody listens', { cause: error });
  } finally {
    socket.destroy();
  }
}
