import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** A manifest of one Service. */
export function service(name: string, path: string, clusterIP: string, port: number): string {
  return [
    'apiVersion: v1',
    'kind: Service',
    'metadata:',
    `  name: ${name}`,
    `  annotations: { kube-entry.io/path: ${path} }`,
    `spec: { clusterIP: ${clusterIP}, ports: [{ port: ${port} }] }`,
    '',
  ].join('\n');
}

/** A port that was free a moment ago: Services name their ports, so 0 will not do. */
export async function freePort(address: string): Promise<number> {
  const server = createServer().listen(0, address);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The body of the answer; undefined when nobody listens or the answer is not 200. */
export async function whatAnswers(address: string, port: number, path = '/'): Promise<string | undefined> {
  try {
    const response = await fetch(`http://${address}:${port}${path}`, { headers: { connection: 'close' } });
    const body = await response.text();
    return response.status === 200 ? body : undefined;
  } catch {
    return undefined;
  }
}
