/**
 * A network namespace for clusters of the tests: each address of 198.18.0.0/15 (RFC 2544: networks of tests) belongs to the
 * machine itself, so that a test can listen on any ClusterIP or pod address. Loopback addresses would do for ClusterIPs, but
 * an API server refuses them in EndpointSlices.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { pathOf } from './installed.ts';

/** Of ClusterIPs. */
export const SERVICE_RANGE = '198.18.0.0/16';

const WHOLE_RANGE = '198.18.0.0/15';
const POD_NETWORK = '198.19';

/** An address for a pod. It is random, so that test files that run side by side do not use the same one. */
export function podAddress(): string {
  return `${POD_NETWORK}.${Math.floor(Math.random() * 256)}.${1 + Math.floor(Math.random() * 254)}`;
}

/** Whether this process is in such a namespace. */
export async function hasClusterNetwork(): Promise<boolean> {
  const server = createServer();
  const isLocal = await new Promise<boolean>(resolve => {
    server.once('error', () => resolve(false)).listen(0, podAddress(), () => resolve(true));
  });
  if (isLocal) server.close();
  return isLocal;
}

/**
 * Runs a file with this Node in a new namespace, as root of that namespace. A user who is not root needs the kernel's
 * unprivileged user namespaces for this.
 * @returns its exit code
 */
export async function runInClusterNetwork(file: string, args: readonly string[]): Promise<number> {
  const setUp = `${pathOf('ip')} link set lo up && ${pathOf('ip')} route add local ${WHOLE_RANGE} dev lo && exec "$@"`;
  const asRoot = process.getuid?.() === 0 ? [] : ['--map-root-user'];
  const child = spawn(
    pathOf('unshare'),
    ['--net', ...asRoot, 'sh', '-c', setUp, 'sh', process.execPath, file, ...args],
    {
      stdio: 'inherit',
    },
  );
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}
