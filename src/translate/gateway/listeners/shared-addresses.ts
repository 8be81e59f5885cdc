/** Where Gateways are reached that share the program's own ports. Pure. */
import type { GatewayObject } from '../../../resources/gateway/gateway-object.ts';
import { quote } from '../../../text/quote.ts';
import type { Fault } from '../conditions.ts';
import type { SharedPorts } from '../gateway-lookups.ts';
import { canonical } from './addresses.ts';
import type { Addressing } from './addressing.ts';
import { HTTP_PORT, TLS_PORT } from './shared-conflicts.ts';

/** All have the same addresses. */
export function shareAddresses(
  gateways: readonly GatewayObject[],
  { plain, tls, addresses }: SharedPorts,
): ReadonlyMap<GatewayObject, Addressing> {
  const sockets = new Map([
    [HTTP_PORT, plain],
    [TLS_PORT, tls],
  ]);
  const socketOf: Addressing['socketOf'] = port => sockets.get(port);
  return new Map(gateways.map(gateway => [gateway, { addresses, fault: addressFault(gateway, addresses), socketOf }]));
}

function addressFault({ spec }: GatewayObject, addresses: SharedPorts['addresses']): Fault | undefined {
  const given = new Set(addresses.map(({ value }) => canonical(value)));
  const missing = spec.addresses.find(({ value }) => value !== '' && !given.has(canonical(value)));
  if (missing !== undefined) {
    const message = `the address ${quote(missing.value)} cannot be used: it is none of those that all Gateways share`;
    return { reason: 'AddressNotUsable', message };
  }
  if (addresses.length > 0) return undefined;
  const message = 'no address is known yet: the setting publish-service or publish-address says where clients come in';
  return { reason: 'Pending', message };
}
