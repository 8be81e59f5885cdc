/** Which of the hosts on the program's own ports are those of Gateways. */
import type { GatewayPortState } from './gateway-port-state.ts';
import type { GatewayPorts } from './gateway-ports.ts';
import type { CompiledTable } from './route-compiler.ts';
import type { TlsHosts } from './transport/tls/tls-hosts.ts';

/** All that has hosts on the program's own ports. */
export interface HostOwners {
  readonly table: CompiledTable | undefined;
  readonly tlsHosts: TlsHosts;
  readonly gatewayPorts: GatewayPorts;
}

/**
 * The closest name takes a host: its own, then the longest wildcard, last what names no host. The control plane sees to it that no name
 * stands both at a listener and at a Service or an Ingress; where one does for a moment, the Service or the Ingress has it.
 * @param host in lower case, without port; empty where there is none
 * @returns the port of Gateways, where one of its listeners takes the host; undefined where Services and Ingresses have it
 */
export function sharedPortOf(
  { table, tlsHosts, gatewayPorts }: HostOwners,
  transport: GatewayPortState['port']['transport'],
  host: string,
): GatewayPortState | undefined {
  const port = gatewayPorts.shared(transport);
  const listener = port?.listenerOf(host);
  if (listener === undefined || table === undefined) return undefined;
  const { hostname } = listener;
  return table.namesAsClosely(host, hostname) || tlsHosts.namesMoreClosely(host, hostname) ? undefined : port;
}
