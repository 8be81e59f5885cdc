/** The ports of all Gateways. Pure. */
import type { GatewayPort } from '../../../model/gateway-port.ts';

/** @param ports of each Gateway @returns each port once, with the listeners of all that share it */
export function mergedPorts(ports: readonly GatewayPort[]): readonly GatewayPort[] {
  const byId = Map.groupBy(ports, ({ id }) => id);
  return [...byId.values()].flatMap(([first, ...others]) => {
    if (first === undefined || others.length === 0) return first ?? [];
    return { ...first, listeners: [first, ...others].flatMap(({ listeners }) => listeners) };
  });
}
