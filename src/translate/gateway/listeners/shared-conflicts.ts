/** Which listeners are served where all Gateways share two ports with each other, with Services and with Ingresses. Pure. */
import type { ObjectRef } from '../../../model/diagnostic.ts';
import { serviceKey } from '../../../model/route.ts';
import type { Fault } from '../conditions.ts';
import type { SharedClaim, SharedPorts } from '../gateway-lookups.ts';
import type { Conflicts } from './conflicts.ts';
import type { OwnListener } from './own-listener.ts';

/** The ports that clients know, whatever the program's own are. */
export const HTTP_PORT = 80;
export const TLS_PORT = 443;

/** The listeners of one object that is served. */
export interface ListenerGroup {
  readonly object: ObjectRef;
  /** RFC 3339; of a ListenerSet, that of its Gateway where that one is younger. Empty where there is none: it is the newest. */
  readonly createdAt: string;
  readonly listeners: readonly OwnListener[];
}

/**
 * A host belongs to the oldest object that names it: a Gateway, a ListenerSet, a Service or an Ingress. Within one object, all listeners
 * lose that clash.
 * @param groups of all Gateways, the oldest first, each followed by its ListenerSets
 */
export function findSharedConflicts(groups: readonly ListenerGroup[], ports: SharedPorts): Conflicts {
  const conflicts = new Map<OwnListener, Fault>();
  const surplus = new Map<OwnListener, Fault>();
  const claims: SharedClaim[] = [];
  /** `PORT HOSTNAME` */
  const taken = new Set<string>();
  const placeOf = ({ listener, hostname }: OwnListener): string => `${listener.port} ${hostname}`;
  for (const group of [...groups].sort(byAge)) {
    const { object, createdAt } = group;
    const placed = group.listeners.filter(one => {
      const fault = one.refusal === undefined ? placeFault(one, ports) : undefined;
      if (fault !== undefined) surplus.set(one, fault);
      return one.refusal === undefined && fault === undefined;
    });
    const byPlace = Map.groupBy(placed, placeOf);
    const single = [...byPlace.values()].filter(({ length }) => length === 1).flat();
    const claim = { object, createdAt, hosts: [...new Set(single.map(({ hostname }) => hostname))] };
    if (claim.hosts.length > 0) claims.push(claim);
    for (const one of placed) {
      const fault = single.includes(one) ? lostTo(one, claim, taken.has(placeOf(one)), ports) : rivalFault(one);
      if (fault !== undefined) conflicts.set(one, fault);
    }
    for (const place of byPlace.keys()) taken.add(place);
  }
  ports.claim(claims);
  return { conflicts, surplus };
}

/** The later of two; one without is the newest. */
export function laterOf(one: string, other: string): string {
  return (one || '~') > (other || '~') ? one : other;
}

function byAge({ createdAt: one }: ListenerGroup, { createdAt: other }: ListenerGroup): number {
  const [left, right] = [one || '~', other || '~'];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Why a listener has none of the ports. */
function placeFault({ listener: { port }, protocol }: OwnListener, { tls }: SharedPorts): Fault | undefined {
  const isHttp = protocol === 'HTTP';
  const wanted = isHttp ? HTTP_PORT : TLS_PORT;
  if (port !== wanted) {
    const what = `port ${port} cannot be had: all Gateways share port ${HTTP_PORT} for HTTP and port ${TLS_PORT} for HTTPS and TLS`;
    return { reason: 'PortUnavailable', message: `${what}. Write port ${wanted}` };
  }
  if (isHttp || tls !== undefined) return undefined;
  const message = `port ${port} cannot be had: this program has no TLS port. Set --tls-listen`;
  return { reason: 'PortUnavailable', message };
}

function rivalFault(one: OwnListener): Fault {
  return conflict(`there is another listener here ${forHostname(one)} on port ${one.listener.port}`);
}

/** @param isTaken an older Gateway or ListenerSet has a listener with the hostname */
function lostTo(one: OwnListener, claim: SharedClaim, isTaken: boolean, ports: SharedPorts): Fault | undefined {
  if (isTaken) {
    const whose = `an older Gateway or ListenerSet has a listener ${forHostname(one)}`;
    return conflict(`${whose}, and all Gateways share port ${one.listener.port}`);
  }
  const owner = ports.olderOwner(one.hostname, claim);
  if (owner === undefined) return undefined;
  const kind = owner.kind ?? 'Service';
  // Of another namespace, not even the name is told.
  const isNear = owner.namespace === claim.object.namespace;
  const whose = isNear ? `the older ${kind} ${serviceKey(owner)}` : `an older ${kind} of another namespace`;
  const what = one.hostname === '' ? 'all hosts that nothing names belong' : `the host ${one.hostname} belongs`;
  return conflict(`${what} to ${whose}`);
}

function forHostname({ hostname }: OwnListener): string {
  return hostname === '' ? 'without a hostname' : `for the hostname ${hostname}`;
}

function conflict(what: string): Fault {
  return { reason: 'HostnameConflict', message: `${what}: change the hostname` };
}
