import { FormatError } from '../../errors.ts';
import type { GatewayPort } from '../../model/gateway-port.ts';

/** How a person names a port of a Gateway. */
export interface AskedPort {
  /** `NAMESPACE/NAME` of a Gateway or ListenerSet, or an address; undefined: any. */
  readonly gateway?: string | undefined;
  /** As clients know it; undefined: any. */
  readonly port?: string | undefined;
  /** Whether the request comes over TLS; undefined: that is not said. */
  readonly isSecure?: boolean | undefined;
}

/** @throws {FormatError} where no port is named, or several are: it names them */
export function askedPort(ports: Iterable<GatewayPort>, { gateway, port, isSecure }: AskedPort): GatewayPort {
  const all = [...ports];
  const named = all.filter(one => isOf(one, gateway) && (port === undefined || port === String(one.publicPort)));
  const fitting = named.filter(({ transport }) => isSecure === undefined || (transport === 'tls') === isSecure);
  const [only, ...others] = fitting.length > 0 ? fitting : named;
  const asked = [gateway !== undefined && `gateway ${gateway}`, port !== undefined && `port ${port}`];
  const what = asked.filter(part => part !== false).join(', ');
  if (only === undefined) throw new FormatError(`${what}: no Gateway has it. ${labelOf(all)}`);
  if (others.length > 0) throw new FormatError(`${what}: say which. ${labelOf(named)}`);
  return only;
}

/** `NAMESPACE/NAME` of the Gateways and ListenerSets whose listeners a port has. */
export function gatewaysAt({ listeners }: GatewayPort): Set<string> {
  return new Set(listeners.map(({ name }) => name.slice(0, name.lastIndexOf('/'))));
}

function isOf(port: GatewayPort, gateway: string | undefined): boolean {
  return gateway === undefined || gateway === port.listen.host || gatewaysAt(port).has(gateway);
}

function labelOf(ports: readonly GatewayPort[]): string {
  if (ports.length === 0) return 'There are no Gateways.';
  const labels = ports.map(port => `${[...gatewaysAt(port)].join(' and ')} port ${port.publicPort} at ${port.id}`);
  return `There are: ${labels.join('; ')}`;
}
