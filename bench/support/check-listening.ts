import { once } from 'node:events';
import { connect } from 'node:net';
import { BenchError } from './bench-error.ts';

/** @throws BenchError when nothing accepts connections there */
export async function checkListening(port: number): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1' });
  try {
    await once(socket, 'connect');
  } catch (error) {
    throw new BenchError('nothing listens', { cause: error });
  } finally {
    socket.destroy();
  }
}
