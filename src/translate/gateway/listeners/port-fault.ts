/** What the state of a port means for a status. Pure. */
import type { PortId, PortState } from '../../../model/gateway-port.ts';
import type { Fault } from '../conditions.ts';

/** Where a port cannot be had for the address alone. */
const NO_ADDRESS = 'EADDRNOTAVAIL';

/** @param state undefined: it is to be listened on, and nothing has been done about it yet @returns undefined: it is listened on */
export function portFault(port: PortId, state: PortState | undefined): Fault | undefined {
  switch (state?.state) {
    case 'listening':
      return undefined;
    case 'failed': {
      const reason = state.code === NO_ADDRESS ? 'AddressNotUsable' : 'PortUnavailable';
      return { reason, message: `${port} cannot be listened on: ${state.why}` };
    }
    default:
      return { reason: 'Pending', message: `${port} is not listened on yet` };
  }
}
