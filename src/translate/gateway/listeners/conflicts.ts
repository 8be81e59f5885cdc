/** Which listeners of a Gateway and its ListenerSets cannot be told from each other. Pure. */
import type { Fault } from '../conditions.ts';
import type { OwnListener } from './own-listener.ts';

/** More sockets than any Gateway needs that has 64 listeners of its own. */
const MOST_PORTS = 64;

export interface Conflicts {
  /** Listeners that lose, and why. */
  readonly conflicts: ReadonlyMap<OwnListener, Fault>;
  /** Listeners of one port too many. */
  readonly surplus: ReadonlyMap<OwnListener, Fault>;
}

/** What the listeners of objects that come before have taken of a port. */
interface TakenPort {
  /** Undefined: its listeners cannot agree. */
  readonly isTls: boolean | undefined;
  readonly hostnames: Set<string>;
}

/**
 * Listeners of one port must agree on TLS, and their hostnames must differ. Within one object all that clash lose; between objects the
 * earlier one wins. A listener that could not be served anyway is in no other's way.
 * @param groups the listeners of each object that is served: those of the Gateway first, then those of its ListenerSets
 */
export function findConflicts(groups: readonly (readonly OwnListener[])[]): Conflicts {
  const conflicts = new Map<OwnListener, Fault>();
  const surplus = new Map<OwnListener, Fault>();
  const taken = new Map<number, TakenPort>();
  for (const group of groups) {
    for (const one of group) {
      const { port, protocol } = one.listener;
      // Bytes without TLS or HTTP cannot be told from those of others.
      if (protocol === 'TCP' && taken.has(port)) conflicts.set(one, protocolConflict(port, true));
    }
    const served = group.filter(({ refusal }) => refusal === undefined);
    for (const [port, listeners] of Map.groupBy(served, ({ listener }) => listener.port)) {
      const before = taken.get(port);
      if (before === undefined && taken.size >= MOST_PORTS) {
        for (const one of listeners) surplus.set(one, tooManyPorts(port));
      } else {
        taken.set(port, settlePort(port, listeners, before, conflicts));
      }
    }
  }
  return { conflicts, surplus };
}

/** @param before what others have taken of the port @returns with what these take */
function settlePort(
  port: number,
  listeners: readonly OwnListener[],
  before: TakenPort | undefined,
  conflicts: Map<OwnListener, Fault>,
): TakenPort {
  const families = new Set(listeners.map(isTls));
  const family = before === undefined ? (families.size === 1 ? [...families][0] : undefined) : before.isTls;
  const hostnames = before?.hostnames ?? new Set();
  const fitting = listeners.filter(one => isTls(one) === family);
  for (const one of listeners)
    if (isTls(one) !== family) conflicts.set(one, protocolConflict(port, before !== undefined));
  const byHostname = Map.groupBy(fitting, ({ hostname }) => hostname);
  for (const [hostname, rivals] of byHostname) {
    const isTaken = hostnames.has(hostname);
    if (isTaken || rivals.length > 1) for (const one of rivals) conflicts.set(one, hostnameConflict(one, isTaken));
  }
  for (const hostname of byHostname.keys()) hostnames.add(hostname);
  return { isTls: family, hostnames };
}

function isTls({ protocol }: OwnListener): boolean {
  return protocol !== 'HTTP';
}

/** Of other objects nothing is told: they may belong to others. @param isTaken by another object */
function protocolConflict(port: number, isTaken: boolean): Fault {
  const where = isTaken ? 'the Gateway, or an older ListenerSet,' : 'another listener here';
  const why = 'HTTP, TLS and TCP cannot share a port';
  return {
    reason: 'ProtocolConflict',
    message: `${where} has another protocol on port ${port}, and ${why}: change the port`,
  };
}

function hostnameConflict({ hostname, listener }: OwnListener, isTaken: boolean): Fault {
  const where = isTaken ? 'the Gateway, or an older ListenerSet, has a listener' : 'there is another listener here';
  const what = hostname === '' ? 'without a hostname' : `for the hostname ${hostname}`;
  return {
    reason: 'HostnameConflict',
    message: `${where} ${what} on port ${listener.port}: change the hostname or the port`,
  };
}

function tooManyPorts(port: number): Fault {
  const message = `port ${port} would be one more than the ${MOST_PORTS} ports that a Gateway can have: use one of them`;
  return { reason: 'TooManyListeners', message };
}
