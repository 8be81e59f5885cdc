/**
 * Where a request would go. The data plane's own balancer is asked many times, with what the workers count now, so that the
 * answer has no rules of its own.
 */
import type { Admission, PickRequest } from '../dataplane/clusters/balancers/balancer.ts';
import { createBalancer } from '../dataplane/clusters/balancers/create-balancer.ts';
import type { Balance } from '../model/cluster.ts';
import { seededRandom } from '../seeded-random.ts';
import type { EndpointReport } from './endpoint-report.ts';
import type { ObservedCluster } from './observed-cluster.ts';

/** So many picks show each share to a per cent or so. */
const PICKS = 2_000;
/** Of the generator: the same question gets the same answer. */
const SEED = 1;

/** Why an endpoint gets no request. `full`: it has as many in flight as max-requests allows. */
export type Exclusion = 'draining' | 'ejected' | 'trial' | 'unhealthy' | 'full';

export interface EndpointChance {
  readonly endpoint: EndpointReport;
  /** Of requests like this one, the part that would go there now, from 0 to 1. */
  readonly share: number;
  /** Undefined for an endpoint that may be picked. */
  readonly exclusion: Exclusion | undefined;
}

export interface EndpointChoice {
  /** `binds`: a cookie decides. `waits`: all endpoints are full. `none`: the answer is 503. */
  readonly outcome: 'picks' | 'binds' | 'waits' | 'none';
  /** In the order of the cluster. */
  readonly chances: readonly EndpointChance[];
}

/** @param boundTo the id of the endpoint that the request's cookie names; undefined without one */
export function chooseEndpoint(
  observed: ObservedCluster,
  request: PickRequest,
  boundTo: string | undefined,
): EndpointChoice {
  const { endpoints } = observed;
  const bound = endpoints.find(endpoint => endpoint.id === boundTo && canServeBound(endpoint, observed));
  if (bound !== undefined) {
    return {
      outcome: 'binds',
      chances: endpoints.map(endpoint => chance(observed, endpoint, endpoint === bound ? 1 : 0)),
    };
  }
  const open = endpoints.filter(endpoint => exclusionOf(observed, endpoint) === undefined);
  const isFull = open.length === 0 && endpoints.some(endpoint => exclusionOf(observed, endpoint) === 'full');
  const shares = sharesOf(open, observed.cluster.balance, request);
  return {
    outcome: open.length > 0 ? 'picks' : isFull ? 'waits' : 'none',
    chances: endpoints.map(endpoint => chance(observed, endpoint, shares.get(endpoint) ?? 0)),
  };
}

function chance(observed: ObservedCluster, endpoint: EndpointReport, share: number): EndpointChance {
  return { endpoint, share, exclusion: share > 0 ? undefined : exclusionOf(observed, endpoint) };
}

/** A cookie also leads to an endpoint that drains. */
function canServeBound(endpoint: EndpointReport, observed: ObservedCluster): boolean {
  const exclusion = exclusionOf(observed, endpoint);
  return exclusion === undefined || exclusion === 'draining';
}

function exclusionOf({ usesAll, cluster }: ObservedCluster, endpoint: EndpointReport): Exclusion | undefined {
  const { health, inFlight } = endpoint;
  const { maxRequests } = cluster;
  if (health === 'draining') return health;
  if (health !== 'ready' && !usesAll) return health;
  return maxRequests > 0 && inFlight >= maxRequests ? 'full' : undefined;
}

function sharesOf(
  endpoints: readonly EndpointReport[],
  balance: Balance,
  request: PickRequest,
): ReadonlyMap<EndpointReport, number> {
  const balancer = createBalancer<EndpointReport>(balance, {
    inFlight: ({ inFlight }) => inFlight,
    firstByte: ({ firstByteMs }) => firstByteMs ?? 0,
    random: seededRandom(SEED),
    now: () => 0,
  });
  balancer.changed(endpoints);
  for (const endpoint of endpoints) {
    if (endpoint.firstByteMs !== undefined) balancer.done?.(endpoint, 'ok', endpoint.firstByteMs);
  }
  const shares = new Map<EndpointReport, number>();
  for (let count = 0; count < PICKS; count += 1) {
    const picked = balancer.pick(request, ALL);
    if (picked !== undefined) shares.set(picked, (shares.get(picked) ?? 0) + 1 / PICKS);
  }
  return shares;
}

const ALL: Admission<EndpointReport> = { admits: () => true };
