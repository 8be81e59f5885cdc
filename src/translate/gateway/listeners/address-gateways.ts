/** Gateways have addresses of a pool, or Services, or those of the program. Pure. */
import type { GatewayObject } from '../../../resources/gateway/gateway-object.ts';
import type { GatewayOptions } from '../gateway-lookups.ts';
import type { GatewayReading } from '../readings.ts';
import { type AddressBefore, assignAddresses } from './addresses.ts';
import { type Addressing, NOWHERE, socketAt } from './addressing.ts';
import { assignServices } from './service-addresses.ts';
import { shareAddresses } from './shared-addresses.ts';

/** @param gateways those that can be served @param portsOf the ports of all listeners of a Gateway */
export function addressGateways(
  gateways: readonly GatewayObject[],
  portsOf: (gateway: GatewayObject) => ReadonlySet<number>,
  options: Pick<GatewayOptions, 'addresses' | 'gatewayServices' | 'sharedPorts'>,
  addressBefore: AddressBefore,
): ReadonlyMap<GatewayObject, Addressing> {
  if (options.sharedPorts !== undefined) return shareAddresses(gateways, options.sharedPorts);
  if (options.gatewayServices !== undefined) return assignServices(gateways, portsOf, options.gatewayServices);
  const assigned = assignAddresses(gateways, options.addresses, addressBefore);
  return new Map(
    [...assigned].map(([gateway, { address, fault }]) => {
      if (address === undefined) return [gateway, { ...NOWHERE, fault }];
      const addresses = [{ type: 'IPAddress', value: address }];
      return [gateway, { addresses, fault, socketOf: port => socketAt(address, port) }];
    }),
  );
}

/**
 * The address that this very Gateway got in the last translation. A Gateway that is made again with the same name is another one.
 * @param reading of that translation, for the name of the Gateway
 */
export function addressBefore(reading: GatewayReading | undefined, { metadata }: GatewayObject): string | undefined {
  return reading?.gateway.metadata.uid === metadata.uid ? reading?.addressing.addresses[0]?.value : undefined;
}
