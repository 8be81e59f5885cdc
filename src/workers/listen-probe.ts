import { createServer } from 'node:net';
import { UnavailableError } from '../errors.ts';
import { formatListenAddress, type ListenAddress } from '../formats/listen-address.ts';
import { listenProblem } from '../observe/listening-sockets.ts';

/**
 * Makes sure that the address is free. Workers share their port, and the kernel would let another program of the same user
 * share it too, in silence.
 * @param flag the one that gives the address
 * @throws UnavailableError that says what to do
 */
export async function assertFree(address: ListenAddress, flag: string): Promise<void> {
  try {
    await tryListen(address, false);
  } catch (error) {
    const place = formatListenAddress(address);
    throw new UnavailableError(`cannot listen on ${place}: ${listenProblem(address, error, flag)}`, {
      cause: error,
    });
  }
}

/** Whether several sockets may share a port here, with connections spread by the kernel. macOS and Windows say no. */
export async function canSharePort(): Promise<boolean> {
  try {
    await tryListen({ host: '127.0.0.1', port: 0 }, true);
    return true;
  } catch {
    return false;
  }
}

function tryListen({ host, port }: ListenAddress, reusePort: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host, port, reusePort, exclusive: true }, () => server.close(() => resolve()));
  });
}
