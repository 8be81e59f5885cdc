/** Which address each Gateway has. Pure. */
import { isIP } from 'node:net';
import type { GatewayAddress, GatewayObject } from '../../../resources/gateway/gateway-object.ts';
import { quote } from '../../../text/quote.ts';
import { byAge } from '../by-age.ts';
import type { Fault } from '../conditions.ts';

/** The address of a Gateway, of those of the pool. */
export interface AssignedAddress {
  readonly address: string | undefined;
  /** Why the Gateway does not have all that it asks for. */
  readonly fault: Fault | undefined;
}

/** The address that a Gateway got the last time; undefined: none, or it is new. */
export type AddressBefore = (gateway: GatewayObject) => string | undefined;

const IP_ADDRESS = 'IPAddress';

/** An address of a type that no Gateway here has. */
export function addressRefusal({ addresses }: GatewayObject['spec']): Fault | undefined {
  const other = addresses.find(({ type }) => type !== IP_ADDRESS);
  if (other === undefined) return undefined;
  const message = `spec.addresses has one of the type ${quote(other.type)}: only ${IP_ADDRESS} is supported`;
  return { reason: 'UnsupportedAddress', message };
}

/**
 * Each Gateway gets one of the pool. A Gateway whose status says that it has one keeps it, so that it stays where it is when others come
 * and go. So does one that got an address before and has no status yet: its status may be on its way, and clients would come to the
 * Gateway that got the address next. Then those are served that ask for a certain one. Of two that want the same, the older one gets it.
 * @param gateways those that can be served
 * @param addressBefore what a Gateway got the last time
 */
export function assignAddresses(
  gateways: readonly GatewayObject[],
  pool: readonly string[],
  addressBefore: AddressBefore,
): ReadonlyMap<GatewayObject, AssignedAddress> {
  const oldestFirst = [...gateways].sort(byAge);
  const known = new Map(pool.map(address => [canonical(address), address]));
  /** By address, who has it. */
  const taken = new Map<string, GatewayObject>();
  const assigned = new Map<GatewayObject, string>();
  const take = (gateway: GatewayObject, address: string | undefined): void => {
    if (address === undefined || taken.has(address) || assigned.has(gateway)) return;
    taken.set(address, gateway);
    assigned.set(gateway, address);
  };
  const find = (text: string): string | undefined => known.get(canonical(text));
  for (const gateway of oldestFirst) {
    const address = statusAddresses(gateway)
      .map(find)
      .find(one => one !== undefined);
    const asked = askedFor(gateway);
    if (asked.length === 0 || asked.some(({ value }) => find(value) === address)) take(gateway, address);
  }
  const any = oldestFirst.filter(gateway => askedFor(gateway).length === 0);
  for (const gateway of any) take(gateway, find(addressBefore(gateway) ?? ''));
  for (const gateway of oldestFirst) for (const { value } of askedFor(gateway)) take(gateway, find(value));
  for (const gateway of any) {
    take(
      gateway,
      pool.find(address => !taken.has(address)),
    );
  }
  return new Map(
    oldestFirst.map(gateway => {
      const address = assigned.get(gateway);
      return [gateway, { address, fault: addressFault(gateway, address, find, taken) }];
    }),
  );
}

/** The addresses that a Gateway names. One without a value is any. */
function askedFor({ spec }: GatewayObject): GatewayAddress[] {
  return spec.addresses.filter(({ value }) => value !== '');
}

function addressFault(
  gateway: GatewayObject,
  address: string | undefined,
  find: (text: string) => string | undefined,
  taken: ReadonlyMap<string, GatewayObject>,
): Fault | undefined {
  const refused = askedFor(gateway).find(({ value }) => find(value) !== address || address === undefined);
  if (refused !== undefined) {
    const why = whyNot(refused.value, gateway, find, taken);
    return { reason: 'AddressNotUsable', message: `the address ${quote(refused.value)} cannot be used: ${why}` };
  }
  if (gateway.spec.addresses.length > 1) {
    return { reason: 'AddressNotUsable', message: `${SINGLE}: remove the others from spec.addresses` };
  }
  if (address !== undefined) return undefined;
  const size = new Set(taken.keys()).size;
  const message = `all ${size} addresses of the setting gateway-addresses are in use: add one there, or remove a Gateway`;
  const none = 'the setting gateway-addresses names no address: add one there';
  return { reason: 'AddressNotAssigned', message: size === 0 ? none : message };
}

const SINGLE = 'a Gateway has one address';

function whyNot(
  value: string,
  gateway: GatewayObject,
  find: (text: string) => string | undefined,
  taken: ReadonlyMap<string, GatewayObject>,
): string {
  if (isIP(value) === 0) return 'it is no IP address';
  const address = find(value);
  if (address === undefined) return 'it is not one of the setting gateway-addresses';
  const owner = taken.get(address);
  if (owner === undefined || owner === gateway) return SINGLE;
  // Of another namespace, not even the name is told.
  const isNear = owner.metadata.namespace === gateway.metadata.namespace;
  return `${isNear ? `the Gateway ${owner.metadata.name}` : 'a Gateway of another namespace'} has it`;
}

/** The addresses that the stored status names. It may be anything. */
function statusAddresses({ status }: GatewayObject): string[] {
  const addresses = (status as { readonly addresses?: unknown } | null | undefined)?.addresses;
  if (!Array.isArray(addresses)) return [];
  const values = (addresses as unknown[]).slice(0, MOST_READ).map(one => (one as { value?: unknown } | null)?.value);
  return values.filter(value => typeof value === 'string');
}

const MOST_READ = 16;

/** An IPv6 address can be written in many ways. */
export function canonical(text: string): string {
  if (isIP(text) !== 6 || text.includes('%')) return text;
  return new URL(`http://[${text}]`).hostname.slice(1, -1);
}
