import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '../errors.ts';

const RETRY_MS = 20;
/** Longer than a fleet takes to listen, even on a machine that has no time for it. Whoever holds it longer is no fleet: it must not keep us from starting. */
const PATIENCE_MS = 15_000;

/**
 * Makes programs that start at the same moment look at a port one after the other: between the look of one and its
 * listening, another could find the port free, too, and the two would share it. The lock is an abstract unix socket: it
 * leaves no file, goes with its process, and is seen where the port is, in the network namespace. Where there is no such thing,
 * ports are not shared either.
 * @returns what gives it back
 */
export async function lockPort(port: number): Promise<() => void> {
  // The system never gives the same free port twice.
  if (port === 0) return () => undefined;
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const held = await tryLock(`\0kube-entry starts on port ${port}`);
    if (typeof held === 'function') return held;
    if (held !== 'EADDRINUSE' || performance.now() > end) return () => undefined;
    await sleep(RETRY_MS);
  }
}

/** @returns what gives it back, or the code of the error that keeps it from being taken */
function tryLock(path: string): Promise<(() => void) | string | undefined> {
  return new Promise(resolve => {
    const server = createServer(socket => socket.destroy());
    server.once('error', error => resolve(codeOf(error)));
    server.listen({ path, exclusive: true }, () => resolve(() => server.close()));
  });
}
