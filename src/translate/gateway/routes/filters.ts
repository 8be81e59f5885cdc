/** What the filters of a rule, or of one of its backends, become. Pure. */
import type { Policy } from '../../../model/policy.ts';
import type { RouteFilter } from '../../../resources/gateway/gateway-object.ts';
import { quote } from '../../../text/quote.ts';
import { headersPolicy } from './header-filter.ts';
import type { RouteClusters } from './route-clusters.ts';
import { RuleFault } from './rule-fault.ts';

export interface FilterContext {
  readonly clusters: RouteClusters;
}

/** Those that may stand several times. */
const REPEATED: ReadonlySet<string> = new Set(['RequestMirror']);

/** @throws RuleFault where one of them cannot be had: none is ever passed over */
export function readFilters(filters: readonly RouteFilter[], context: FilterContext): readonly Policy[] {
  const policies: Policy[] = [];
  const types = new Set<string>();
  for (const filter of filters) {
    const { type, fault } = filter;
    if (fault !== undefined) throw new RuleFault(`a filter of the type ${quote(type)}: ${fault}`);
    if (types.has(type) && !REPEATED.has(type)) throw new RuleFault(`the filter ${quote(type)} stands twice`);
    types.add(type);
    const policy = readFilter(filter, context);
    if (policy !== undefined) policies.push(policy);
  }
  return policies;
}

/** @returns undefined for one that changes nothing: what is wrong with it has been noted */
function readFilter(filter: RouteFilter, { clusters }: FilterContext): Policy | undefined {
  const { type, requestHeaderModifier, responseHeaderModifier, requestMirror } = filter;
  if (type === 'RequestHeaderModifier' && requestHeaderModifier !== undefined)
    return headersPolicy('request-headers', requestHeaderModifier);
  if (type === 'ResponseHeaderModifier' && responseHeaderModifier !== undefined)
    return headersPolicy('response-headers', responseHeaderModifier);
  if (type === 'RequestMirror' && requestMirror !== undefined) {
    const cluster = clusters.clusterOf(requestMirror.backendRef);
    return cluster && { kind: 'mirror', cluster: cluster.id, percent: shareOf(requestMirror) };
  }
  throw new RuleFault(`the filter ${quote(type)} is not known`);
}

/** Of a hundred requests. */
function shareOf({ percent, fraction }: NonNullable<RouteFilter['requestMirror']>): number {
  return fraction === undefined ? (percent ?? 100) : (100 * fraction.numerator) / fraction.denominator;
}
