/** What is listened on for a Gateway. Pure. */
import type { Certificate } from '../../../model/certificate.ts';
import type { GatewayListener, GatewayPort } from '../../../model/gateway-port.ts';
import type { ClientCertificatePolicy } from '../../../model/tls-host.ts';
import type { ListenerReading } from '../readings.ts';
import type { Addressing } from './addressing.ts';

/** A listener that is served, with its certificates. */
export interface ServedListener {
  readonly reading: ListenerReading;
  readonly certificates: readonly Certificate[];
}

/** @param policyOf what is asked of the clients of a port */
export function portsOf(
  socketOf: Addressing['socketOf'],
  served: readonly ServedListener[],
  policyOf: (port: number) => ClientCertificatePolicy | undefined,
): GatewayPort[] {
  const byPort = Map.groupBy(served, ({ reading }) => reading.port);
  return [...byPort].flatMap(([port, listeners]) => {
    const socket = socketOf(port);
    if (socket === undefined) return [];
    const isTls = listeners.some(({ reading }) => reading.protocol !== 'HTTP');
    return {
      ...socket,
      publicPort: port,
      transport: isTls ? 'tls' : 'plain',
      listeners: listeners.map(one => gatewayListener(one, policyOf)),
    };
  });
}

function gatewayListener(
  { reading, certificates }: ServedListener,
  policyOf: (port: number) => ClientCertificatePolicy | undefined,
): GatewayListener {
  const { parent, section, hostname, protocol, mode, port } = reading;
  const clientCertificate = mode === 'Terminate' ? policyOf(port) : undefined;
  return {
    name: `${parent.namespace}/${parent.name}/${section}`,
    hostname,
    serves: protocol !== 'TLS' ? 'http' : mode === 'Passthrough' ? 'passthrough' : 'bytes',
    certificates: certificates.map(({ id }) => id),
    ...(clientCertificate && { clientCertificate }),
  };
}
