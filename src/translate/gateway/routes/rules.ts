/** One rule of an HTTPRoute or a GRPCRoute, as it was understood. Pure. */
import type { Policy } from '../../../model/policy.ts';
import type { GatewayRoute, RouteOverrides } from '../../../model/route.ts';
import type { GrpcRouteRule, HttpRouteRule } from '../../../resources/gateway/gateway-object.ts';
import { quote } from '../../../text/quote.ts';
import { inOrder } from '../../policies/in-order.ts';
import { type RuleBackends, ruleBackends } from './backends.ts';
import { readFilters } from './filters.ts';
import { ANY_CALL, readGrpcMatch } from './grpc-matches.ts';
import { type MatchPlace, readHttpMatch } from './http-matches.ts';
import { retryPolicy } from './retries.ts';
import type { RouteClusters } from './route-clusters.ts';
import { RuleFault } from './rule-fault.ts';
import { readTimeLimits } from './time-limits.ts';

export interface RuleReading extends RuleBackends {
  /** Its own, or its number, from 0. */
  readonly name: string;
  /** None where one of them cannot be read: the rule takes no requests then. */
  readonly places: readonly MatchPlace[];
  readonly policies: readonly Policy[];
  readonly overrides: RouteOverrides;
  readonly limits: Pick<GatewayRoute, 'requestTimeoutMs' | 'backendTimeoutMs'>;
  /** Why the rule is not served as it stands, so that its requests get 500; undefined: it is. */
  readonly fault: RuleFault | undefined;
}

export function readHttpRule(rule: HttpRouteRule, index: number, clusters: RouteClusters): RuleReading {
  return readRule(rule, index, () => rule.matches.map(readHttpMatch), clusters, rule);
}

export function readGrpcRule(rule: GrpcRouteRule, index: number, clusters: RouteClusters): RuleReading {
  const matches = rule.matches.length === 0 ? [ANY_CALL] : rule.matches;
  return readRule(rule, index, () => matches.map(readGrpcMatch), clusters);
}

function readRule(
  rule: Pick<HttpRouteRule, 'name' | 'filters' | 'backendRefs' | 'unknown'>,
  index: number,
  readPlaces: () => readonly MatchPlace[],
  clusters: RouteClusters,
  { timeouts, retry }: Pick<HttpRouteRule, 'timeouts' | 'retry'> = {},
): RuleReading {
  const faults: RuleFault[] = [];
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof RuleFault)) throw error;
      faults.push(error);
      return undefined;
    }
  };
  const places = attempt(readPlaces) ?? [];
  attempt(() => refuseUnknown(rule.unknown));
  const limits = attempt(() => readTimeLimits(timeouts));
  const context = { clusters, prefix: onlyPrefix(places) };
  const policies = attempt(() => readFilters(rule.filters, { ...context, areOfBackend: false })) ?? [];
  const retries = retry && attempt(() => retryPolicy(retry));
  const backends = rule.backendRefs.map(ref => {
    const own = attempt(() => readFilters(ref.filters, { ...context, areOfBackend: true })) ?? [];
    return { ref, weight: ref.weight, policies: inOrder(own) };
  });
  if (backends.length > 0 && policies.some(({ kind }) => kind === 'request-redirect'))
    faults.push(new RuleFault('a rule with the filter RequestRedirect has no backendRefs'));
  // Also of a rule that is not served: what is wrong with its references is told.
  const spread = ruleBackends(backends, clusters);
  const { overrides = {}, gateway = {} } = limits ?? {};
  const name = rule.name ?? String(index);
  const read: RuleReading = {
    name,
    places,
    policies: inOrder(retries === undefined ? policies : [...policies, retries]),
    overrides,
    limits: gateway,
    fault: undefined,
    ...spread,
  };
  const [fault] = faults;
  return fault === undefined ? read : withFault(read, fault, clusters);
}

/** The rule, when all its requests get 500. */
export function withFault({ name, places }: RuleReading, fault: RuleFault, clusters: RouteClusters): RuleReading {
  return { name, places, policies: [], overrides: {}, limits: {}, fault, cluster: clusters.invalid() };
}

/** The path of the only match, where that is a prefix. */
function onlyPrefix([place, ...others]: readonly MatchPlace[]): string | undefined {
  return others.length === 0 && place?.match === undefined ? place?.path : undefined;
}

function refuseUnknown([field]: readonly string[]): void {
  if (field !== undefined) throw new RuleFault(`the field ${quote(field)} is not served`);
}
