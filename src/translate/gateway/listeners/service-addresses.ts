/** Which ports and addresses Gateways have that are reached by a Service each. Pure. */
import { serviceKey } from '../../../model/route.ts';
import type { GatewayObject } from '../../../resources/gateway/gateway-object.ts';
import type { GatewayService } from '../../../resources/gateway/gateway-service.ts';
import { quote } from '../../../text/quote.ts';
import { byAge } from '../by-age.ts';
import type { Fault } from '../conditions.ts';
import type { GatewayServices } from '../gateway-lookups.ts';
import { gatewayServiceName } from '../services/gateway-service.ts';
import { canonical } from './addresses.ts';
import { type Addressing, NOWHERE, socketAt } from './addressing.ts';

/**
 * The Services themselves say which port of this program each port leads to, so that all replicas listen on the same ones. Users of the
 * namespace may write anything into a Service: a port that this program does not give away, or that an older Gateway has, is not used.
 */
export function assignServices(
  gateways: readonly GatewayObject[],
  services: GatewayServices,
): ReadonlyMap<GatewayObject, Addressing> {
  /** Ports of this program that Gateways have. */
  const taken = new Set<number>();
  return new Map(
    [...gateways].sort(byAge).map(gateway => {
      const { namespace } = gateway.metadata;
      const ref = { namespace, name: gatewayServiceName(gateway) };
      const service = services.of(ref);
      const problem = services.problemOf(ref);
      if (service === undefined) return [gateway, { ...NOWHERE, fault: problem ?? waiting(serviceKey(ref)) }];
      if (!service.owners.has(gateway.metadata.uid ?? '')) {
        return [gateway, { ...NOWHERE, fault: foreignService(serviceKey(ref)) }];
      }
      const targets = new Map<number, number>();
      for (const [port, target] of service.targets) {
        if (!services.isGivenAway(target) || taken.has(target)) continue;
        taken.add(target);
        targets.set(port, target);
      }
      const fault = problem ?? addressFault(gateway, service) ?? connectionFault(service);
      const socketOf: Addressing['socketOf'] = port => {
        const target = targets.get(port);
        return target === undefined ? undefined : socketAt(services.host, target);
      };
      return [gateway, { addresses: service.addresses, fault, socketOf }];
    }),
  );
}

/** @param service its key */
export function foreignService(service: string): Fault {
  const message = `the Service ${service} exists and was not made for this Gateway: remove it, or rename the Gateway`;
  return { reason: 'AddressNotAssigned', message };
}

function waiting(service: string): Fault {
  return { reason: 'Pending', message: `the Service ${service} has not been made yet` };
}

function addressFault({ spec }: GatewayObject, { namespace, name, addresses }: GatewayService): Fault | undefined {
  const asked = spec.addresses.filter(({ value }) => value !== '');
  if (spec.addresses.length > 1) {
    const message = 'a Gateway asks for one address at most: remove the others from spec.addresses';
    return { reason: 'AddressNotUsable', message };
  }
  const given = new Set(addresses.map(({ value }) => canonical(value)));
  const missing = asked.find(({ value }) => !given.has(canonical(value)));
  if (missing !== undefined) {
    const what =
      addresses.length === 0 ? 'no address' : `the address ${addresses.map(({ value }) => value).join(', ')}`;
    const message = `the Service ${namespace}/${name} asks for ${quote(missing.value)}, and has ${what}`;
    return { reason: 'AddressNotUsable', message };
  }
  if (addresses.length > 0) return undefined;
  const message = `the Service ${namespace}/${name} has no address yet: its load balancer gives it one`;
  return { reason: 'AddressNotAssigned', message };
}

function connectionFault({ namespace, name, isConnected }: GatewayService): Fault | undefined {
  if (isConnected) return undefined;
  return { reason: 'Pending', message: `the Service ${namespace}/${name} has no EndpointSlice yet` };
}
