import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * A port of 127.0.0.1 that nothing listens on. Not one of those that the kernel gives to outgoing connections, or to
 * servers that ask for any: a server that comes back to its port must not find somebody else there.
 */
export async function serverPort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 15_000);
    const server = createServer();
    const isFree = await new Promise<boolean>(resolve => {
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
