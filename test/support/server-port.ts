import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { codeOf } from '../../src/errors.ts';

/**
 * A port that nothing listens on, for a server that must be told its port. Not one of those that the kernel gives to outgoing
 * connections, or to servers that ask for any: a server that comes to its port later must find it free still. Nor is it given twice:
 * for as long as this process lives it holds the UDP port of the same number, which others who ask for a port find in use.
 */
export async function serverPort(host = '127.0.0.1'): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 15_000);
    if ((await isReserved(port, host)) && (await isFree(port, host))) return port;
  }
}

async function isReserved(port: number, host: string): Promise<boolean> {
  const socket = createSocket('udp4').unref();
  return await succeeds(socket, () => socket.bind({ port, address: host, exclusive: true }));
}

async function isFree(port: number, host: string): Promise<boolean> {
  const server = createServer();
  const isFound = await succeeds(server, () => server.listen(port, host));
  if (isFound) await new Promise(resolve => server.close(resolve));
  return isFound;
}

/** @returns whether it listens; false where the address is in use @throws a system error for any other reason */
function succeeds(listener: NodeJS.EventEmitter, listen: () => unknown): Promise<boolean> {
  return new Promise((resolve, reject) => {
    listener.once('error', error => (codeOf(error) === 'EADDRINUSE' ? resolve(false) : reject(error)));
    listener.once('listening', () => resolve(true));
    listen();
  });
}
