/** How many Gateways, listeners, routes and ports there are, by what has become of them. Pure. */
import type { PortState } from '../model/gateway-port.ts';
import type { CountsByState, GatewayFigures } from '../observe/gateway-metrics.ts';
import type { Condition, GatewayStatus } from '../translate/gateway/gateway-status.ts';

type Conditions = readonly Condition[];

/** @param statuses of all objects @param ports that are to be listened on */
export function gatewayFigures(statuses: Iterable<GatewayStatus>, ports: Iterable<PortState>): GatewayFigures {
  const gateways: string[] = [];
  const listeners: string[] = [];
  const routes: string[] = [];
  for (const status of statuses) {
    switch (status.kind) {
      case 'Gateway':
        gateways.push(stateOf(status.conditions));
        listeners.push(...status.listeners.map(({ conditions }) => stateOf(conditions)));
        break;
      case 'ListenerSet':
        listeners.push(...status.listeners.map(({ conditions }) => stateOf(conditions)));
        break;
      case 'HTTPRoute':
      case 'GRPCRoute':
      case 'TLSRoute':
        // Of a route that names none of ours nothing is said.
        if (status.parents.length > 0)
          routes.push(status.parents.some(({ conditions }) => isTrue(conditions, 'Accepted')) ? 'attached' : 'refused');
    }
  }
  return {
    gateways: counted(['programmed', 'pending', 'refused'], gateways),
    listeners: counted(['programmed', 'pending', 'refused'], listeners),
    routes: counted(['attached', 'refused'], routes),
    ports: counted(
      ['listening', 'opening', 'failed'],
      [...ports].map(({ state }) => state),
    ),
  };
}

function stateOf(conditions: Conditions): string {
  if (isTrue(conditions, 'Programmed')) return 'programmed';
  const isRefused = ['Accepted', 'Programmed', 'ResolvedRefs'].some(type => isFalse(conditions, type));
  return isRefused && !isPending(conditions) ? 'refused' : 'pending';
}

/** Its port is about to be opened. */
function isPending(conditions: Conditions): boolean {
  return (
    !isFalse(conditions, 'Accepted') &&
    conditions.some(({ type, reason }) => type === 'Programmed' && reason === 'Pending')
  );
}

function isTrue(conditions: Conditions, type: string): boolean {
  return conditions.some(one => one.type === type && one.status === 'True');
}

function isFalse(conditions: Conditions, type: string): boolean {
  return conditions.some(one => one.type === type && one.status === 'False');
}

/** Also the states that nothing is in: a series that comes and goes cannot be alerted on. */
function counted(states: readonly string[], found: readonly string[]): CountsByState {
  return new Map(states.map(state => [state, found.filter(one => one === state).length]));
}
