/** Where clients reach Gateways, and where this program listens for them. Pure. */

import type { GatewayPort } from '../../../model/gateway-port.ts';
import type { GatewayAddress } from '../../../resources/gateway/gateway-object.ts';
import { formatHostPort } from '../../../text/host-port.ts';
import type { Fault } from '../conditions.ts';

/** What a port of a Gateway's listeners is listened on. */
export type GatewaySocket = Pick<GatewayPort, 'id' | 'listen' | 'isShared'>;

export interface Addressing {
  /** Those that its status names. Empty: it has none yet. */
  readonly addresses: readonly GatewayAddress[];
  /** Why the Gateway does not have all that it asks for. */
  readonly fault: Fault | undefined;
  /** @param port of listeners @returns undefined: it is not listened on */
  readonly socketOf: (port: number) => GatewaySocket | undefined;
}

/** A Gateway that is not served. */
export const NOWHERE: Addressing = { addresses: [], fault: undefined, socketOf: () => undefined };

export function socketAt(host: string, port: number): GatewaySocket {
  return { id: formatHostPort(host, port), listen: { host, port } };
}
