import { once } from 'node:events';
import { createServer } from 'node:net';
import { codeOf } from '../../src/errors.ts';

/**
 * A port that nothing listens on, for a server that must be told its port. Not one of those that the kernel gives to outgoing
 * connections, or to servers that ask for any: a server that comes to its port later must find it free still.
 */
export async function serverPort(host = '127.0.0.1'): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 15_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve, reject) => {
      server.once('error', error => (codeOf(error) === 'EADDRINUSE' ? resolve(false) : reject(error)));
      server.listen(port, host, () => resolve(true));
    });
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
