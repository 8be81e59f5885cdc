/** Ports of Gateways, on addresses that are this process's alone. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Certificate } from '../../src/model/certificate.ts';
import type { Delta } from '../../src/model/delta.ts';
import type { GatewayListener, GatewayPort, PortChanges, PortId } from '../../src/model/gateway-port.ts';
import type { Route } from '../../src/model/route.ts';
import { gatewayRoute } from './gateway-routes.ts';
import type { RawUpstream } from './raw-upstream.ts';
import { deltaOf } from './routes.ts';

/** Of 127.64.0.0/10: fixtures of fleets take theirs from 127.0.0.0/16, the system gives clients 127.0.0.1. */
const HOST = `127.${64 + ((process.pid >> 16) % 64)}.${1 + ((process.pid >> 8) % 255)}.${process.pid % 256}`;

/** An address that nothing listens on. */
export async function freeAddress(): Promise<{ readonly host: string; readonly port: number }> {
  const server = createServer();
  server.listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return { host: HOST, port };
}

export async function gatewayPort(fields: Partial<GatewayPort> = {}): Promise<GatewayPort> {
  const listen = fields.listen ?? (await freeAddress());
  return {
    id: `${listen.host}:${listen.port}`,
    listen,
    publicPort: listen.port,
    transport: 'plain',
    listeners: [gatewayListener()],
    ...fields,
  };
}

export function gatewayListener(fields: Partial<GatewayListener> = {}): GatewayListener {
  const { hostname = '' } = fields;
  return { name: `default/gateway/${hostname || 'any'}`, hostname, serves: 'http', certificates: [], ...fields };
}

export function portChanges(
  upserts: readonly GatewayPort[],
  removals: readonly PortId[] = [],
  certificates: readonly Certificate[] = [],
): PortChanges {
  return { certificates: { upserts: certificates, removals: [] }, ports: { upserts, removals } };
}

/** A route of a listener to all that it gets. */
export function routeOf(port: GatewayPort, hostname = ''): Route {
  return gatewayRoute('all', '/', { listener: { port: port.id, hostname } });
}

/** A delta in which ports come and go, with routes to an upstream. */
export function portDelta(
  version: number,
  changes: PortChanges,
  { address: { host: address, port } }: Pick<RawUpstream, 'address'>,
  routes: readonly Route[] = [],
  removals: readonly Route[] = [],
): Delta {
  return { ...deltaOf({ version, upserts: routes, removals }, [{ address, port }]), ports: changes };
}
