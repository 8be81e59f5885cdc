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

/** As many ports as the listeners of one Gateway may have. */
const MOST_PORTS = 64;

/** A port of a Gateway, and the port of this program that its Service says. */
interface Claim {
  readonly gateway: GatewayObject;
  readonly port: number;
  readonly target: number;
}

/**
 * The Services themselves say which port of this program each port leads to, so that all replicas listen on the same ones. Users of the
 * namespace may write anything into a Service: what is no port of a listener, and what this program does not give away, is not looked at.
 * Of two that claim the same port, the one that has it keeps it; after a start, that is the older one.
 * @param portsOf the ports of all its listeners
 */
export function assignServices(
  gateways: readonly GatewayObject[],
  portsOf: (gateway: GatewayObject) => ReadonlySet<number>,
  services: GatewayServices,
): ReadonlyMap<GatewayObject, Addressing> {
  const oldestFirst = [...gateways].sort(byAge);
  const claims = oldestFirst.flatMap(gateway => claimsOf(gateway, portsOf(gateway), services));
  const holders = new Map<number, string>();
  const targets = new Map<string, number>();
  for (const isHolder of [true, false]) {
    for (const claim of claims) {
      const key = claimKey(claim.gateway, claim.port);
      if (holders.has(claim.target) || targets.has(key)) continue;
      if (isHolder && services.holderOf(claim.target) !== key) continue;
      holders.set(claim.target, key);
      targets.set(key, claim.target);
    }
  }
  services.hold(holders);
  return new Map(
    oldestFirst.map(gateway => {
      const ref = { namespace: gateway.metadata.namespace, name: gatewayServiceName(gateway) };
      const service = services.of(ref);
      const problem = services.problemOf(ref);
      if (service === undefined) return [gateway, { ...NOWHERE, fault: problem ?? waiting(serviceKey(ref)) }];
      if (!isOwned(service, gateway)) return [gateway, { ...NOWHERE, fault: foreignService(serviceKey(ref)) }];
      const fault = problem ?? addressFault(gateway, service) ?? connectionFault(service);
      const socketOf: Addressing['socketOf'] = port => {
        const target = targets.get(claimKey(gateway, port));
        return target === undefined ? undefined : socketAt(services.host, target);
      };
      return [gateway, { addresses: service.addresses, fault, socketOf }];
    }),
  );
}

function claimsOf(gateway: GatewayObject, ports: ReadonlySet<number>, services: GatewayServices): Claim[] {
  const service = services.of({ namespace: gateway.metadata.namespace, name: gatewayServiceName(gateway) });
  if (service === undefined || !isOwned(service, gateway)) return [];
  const valid = [...service.targets].filter(([port, target]) => ports.has(port) && services.isGivenAway(target));
  return valid.slice(0, MOST_PORTS).map(([port, target]) => ({ gateway, port, target }));
}

function isOwned({ owners }: GatewayService, { metadata }: GatewayObject): boolean {
  return owners.has(metadata.uid ?? '');
}

function claimKey({ metadata }: GatewayObject, port: number): string {
  return `${metadata.uid} ${port}`;
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
