/** GatewayClasses, Gateways and ListenerSets become what is listened on, and what routes attach to. Pure. */
import type {
  GatewayClassObject,
  GatewayObject,
  ListenerSetObject,
} from '../../../resources/gateway/gateway-object.ts';
import { byAge } from '../by-age.ts';
import type { Fault } from '../conditions.ts';
import { ownClasses } from '../gateway-class.ts';
import { gatewayKey } from '../gateway-key.ts';
import type { GatewayLookups, GatewayOptions } from '../gateway-lookups.ts';
import type { Grants } from '../grants.ts';
import type { GatewayReading } from '../readings.ts';
import { addressGateways } from './address-gateways.ts';
import type { AddressBefore } from './addresses.ts';
import { NOWHERE } from './addressing.ts';
import { readCandidate } from './candidate.ts';
import { findClashes } from './clashes.ts';
import { gatewayFault } from './gateway-fault.ts';
import { setsByGateway } from './listener-sets.ts';
import { readGateway } from './read-gateway.ts';

export interface GatewayObjects {
  readonly classes: Iterable<GatewayClassObject>;
  readonly gateways: Iterable<GatewayObject>;
  readonly listenerSets: Iterable<ListenerSetObject>;
  readonly grants: Grants;
  readonly addressBefore: AddressBefore;
}

/**
 * Reads all Gateways of our classes at once: addresses are shared out among them, or they share ports.
 * @returns the oldest Gateway first
 */
export function readGateways(
  { classes, gateways, listenerSets, grants, addressBefore }: GatewayObjects,
  lookups: GatewayLookups,
  options: GatewayOptions,
): GatewayReading[] {
  const own = ownClasses(classes, options);
  const sets = setsByGateway(listenerSets);
  const faults = new Map<GatewayObject, Fault | undefined>();
  for (const gateway of [...gateways].sort(byAge)) {
    const ofClass = own.get(gateway.spec.gatewayClassName);
    if (ofClass !== undefined) faults.set(gateway, gatewayFault(gateway, ofClass));
  }
  const served = [...faults].filter(([, fault]) => fault === undefined).map(([gateway]) => gateway);
  const setsOf = (gateway: GatewayObject): readonly ListenerSetObject[] =>
    sets.get(gatewayKey('Gateway', gateway.metadata)) ?? [];
  const portsOf = (gateway: GatewayObject): Set<number> => {
    const listeners = [gateway, ...setsOf(gateway)].flatMap(({ spec }) => spec.listeners);
    return new Set(listeners.map(({ port }) => port));
  };
  const addressings = addressGateways(served, portsOf, options, addressBefore);
  const context = { lookups, grants };
  const candidates = [...faults].map(([gateway, fault]) => readCandidate(gateway, setsOf(gateway), fault, context));
  const clashesOf = findClashes(candidates, options.sharedPorts);
  return candidates.map(candidate => {
    const addressing = addressings.get(candidate.gateway) ?? NOWHERE;
    return readGateway(candidate, clashesOf(candidate), addressing, context);
  });
}
