/** The time limits of a rule. Pure. */
import { LONGEST_TIMEOUT_MS, parseGatewayDuration } from '../../../formats/gateway-duration.ts';
import type { GatewayRoute, RouteOverrides } from '../../../model/route.ts';
import type { HttpRouteRule } from '../../../resources/gateway/gateway-object.ts';
import { orFault, RuleFault } from './rule-fault.ts';

export interface TimeLimits {
  readonly gateway: Pick<GatewayRoute, 'requestTimeoutMs' | 'backendTimeoutMs'>;
  readonly overrides: RouteOverrides;
}

/** @throws RuleFault */
export function readTimeLimits(timeouts: HttpRouteRule['timeouts'] = {}): TimeLimits {
  const request = readLimit('request', timeouts.request);
  const backend = readLimit('backendRequest', timeouts.backendRequest);
  if (request !== undefined && backend !== undefined && backend > request)
    throw new RuleFault('timeouts.backendRequest must not be longer than timeouts.request');
  const longest = backend ?? request;
  return {
    gateway: {
      ...(request !== undefined && request < Infinity && { requestTimeoutMs: request }),
      ...(backend !== undefined && backend < Infinity && { backendTimeoutMs: backend }),
    },
    // A rule that says how long its requests may take says so of the wait between two reads, too.
    overrides: longest === undefined ? {} : { readTimeoutMs: Math.min(longest, LONGEST_TIMEOUT_MS) },
  };
}

/** @returns Infinity for `0s`, which turns a limit off; undefined where none is given */
function readLimit(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return orFault(`timeouts.${name}`, () => parseGatewayDuration(text)) || Infinity;
}
