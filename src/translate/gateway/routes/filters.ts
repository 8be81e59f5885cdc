/** What the filters of a rule, or of one of its backends, become. Pure. */
import type { Policy } from '../../../model/policy.ts';
import type { RouteFilter } from '../../../resources/gateway/gateway-object.ts';
import { quote } from '../../../text/quote.ts';
import { corsPolicy } from './cors-filter.ts';
import { headersPolicy } from './header-filter.ts';
import { redirectPolicy, rewritePolicy } from './path-filters.ts';
import type { RouteClusters } from './route-clusters.ts';
import { RuleFault } from './rule-fault.ts';

export interface FilterContext {
  readonly clusters: RouteClusters;
  /** The path of the only match of the rule, where that is a prefix. */
  readonly prefix: string | undefined;
  /** They act on what is sent to one backend alone. */
  readonly areOfBackend: boolean;
}

/** Those that may stand several times. */
const REPEATED: ReadonlySet<string> = new Set(['RequestMirror']);
/** What answers in place of backends, or before one is chosen. */
const OF_RULES: ReadonlySet<string> = new Set(['RequestRedirect', 'CORS']);

/** @throws RuleFault where one of them is not supported: none is ever left out */
export function readFilters(filters: readonly RouteFilter[], context: FilterContext): readonly Policy[] {
  const policies: Policy[] = [];
  const types = new Set<string>();
  for (const filter of filters) {
    const { type, fault } = filter;
    if (fault !== undefined) throw new RuleFault(`a filter of the type ${quote(type)}: ${fault}`);
    if (types.has(type) && !REPEATED.has(type)) throw new RuleFault(`the filter ${quote(type)} stands twice`);
    if (context.areOfBackend && OF_RULES.has(type))
      throw new RuleFault(`the filter ${quote(type)} is served for whole rules, not for one backend`);
    types.add(type);
    const policy = readFilter(filter, context);
    if (policy !== undefined) policies.push(policy);
  }
  if (types.has('RequestRedirect') && types.has('URLRewrite'))
    throw new RuleFault('RequestRedirect and URLRewrite cannot stand in one rule', 'IncompatibleFilters');
  return policies;
}

/** @returns undefined for a mirror to what cannot be reached: that has been noted */
function readFilter(filter: RouteFilter, { clusters, prefix }: FilterContext): Policy | undefined {
  const { requestHeaderModifier, responseHeaderModifier, requestRedirect, urlRewrite, requestMirror, cors } = filter;
  switch (filter.type) {
    case 'RequestHeaderModifier':
      return headersPolicy('request-headers', present(filter, requestHeaderModifier));
    case 'ResponseHeaderModifier':
      return headersPolicy('response-headers', present(filter, responseHeaderModifier));
    case 'RequestRedirect':
      return redirectPolicy(present(filter, requestRedirect), prefix);
    case 'URLRewrite':
      return rewritePolicy(present(filter, urlRewrite), prefix);
    case 'CORS':
      return corsPolicy(present(filter, cors));
    case 'RequestMirror':
      return mirrorPolicy(present(filter, requestMirror), clusters);
    default:
      throw new RuleFault(`the filter ${quote(filter.type)} is not served`);
  }
}

function present<T>({ type }: RouteFilter, value: T | undefined): T {
  if (value === undefined) throw new RuleFault(`the filter ${quote(type)} lacks the field of its type`);
  return value;
}

function mirrorPolicy(
  { backendRef, percent = 100, fraction }: NonNullable<RouteFilter['requestMirror']>,
  clusters: RouteClusters,
): Policy | undefined {
  const share = fraction === undefined ? percent : (100 * fraction.numerator) / fraction.denominator;
  if (!(share >= 0 && share <= 100)) throw new RuleFault('RequestMirror: the share is not from 0 to 100 percent');
  const cluster = clusters.clusterOf(backendRef);
  return cluster && share > 0 ? { kind: 'mirror', cluster: cluster.id, percent: share } : undefined;
}
