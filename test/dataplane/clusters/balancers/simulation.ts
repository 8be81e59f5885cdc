/** Requests to endpoints that each serve a few at a time and keep the others waiting, in a time of their own. */
import type { Balancer } from '../../../../src/dataplane/clusters/balancers/balancer.ts';
import { seededRandom } from '../../../../src/seeded-random.ts';
import { ALL, request, type TestEndpoint } from './endpoints.ts';

const SLOTS = 8;
const SERVICE_MS = 10;
/** The weight of a new time in the moving average. */
const NEWEST = 1 / 8;

export interface Scene {
  /** Of what all endpoints could serve if none were odd. */
  readonly load: number;
  /** How the first endpoint differs from the others. */
  readonly odd?: { readonly serviceMs: number; readonly fails?: boolean };
  readonly requests: number;
}

export interface Outcomes {
  /** Of the requests, how many went to the first endpoint. */
  readonly oddShare: number;
  readonly failures: number;
  /** Time that a request took, at a quantile. */
  quantile(of: number): number;
}

interface Ending {
  readonly at: number;
  readonly end: () => void;
}

/** @param balancerOf gets the clock of the simulation, in milliseconds, and its chance */
export function simulate(
  endpoints: readonly TestEndpoint[],
  balancerOf: (random: () => number, now: () => number) => Balancer<TestEndpoint>,
  { load, odd, requests }: Scene,
): Outcomes {
  const random = seededRandom(7);
  const exponential = (mean: number): number => -mean * Math.log(1 - random());
  let now = 0;
  const balancer = balancerOf(random, () => now);
  balancer.changed(endpoints);
  const endings: Ending[] = [];
  const times: number[] = [];
  const waiting = new Map(endpoints.map(endpoint => [endpoint, [] as (() => void)[]]));
  let toOdd = 0;
  let failures = 0;

  const arrive = (): void => {
    const endpoint = balancer.pick(request(), ALL) as TestEndpoint;
    const queue = waiting.get(endpoint) as (() => void)[];
    const isOdd = odd !== undefined && endpoint === endpoints[0];
    const fails = isOdd && odd.fails === true;
    const arrivedAt = now;
    endpoint.inFlight += 1;
    if (isOdd) toOdd += 1;
    const begin = (): void => {
      const end = (): void => {
        endpoint.inFlight -= 1;
        if (fails) failures += 1;
        else times.push(now - arrivedAt);
        if (!fails)
          endpoint.firstByteMs += (now - arrivedAt - endpoint.firstByteMs) * (endpoint.firstByteMs === 0 ? 1 : NEWEST);
        balancer.done?.(endpoint, fails ? 'status' : 'ok', now - arrivedAt);
        queue.shift()?.();
      };
      insert(endings, { at: now + exponential(isOdd ? odd.serviceMs : SERVICE_MS), end });
    };
    if (endpoint.inFlight <= SLOTS) begin();
    else queue.push(begin);
  };

  const betweenMs = SERVICE_MS / (SLOTS * endpoints.length * load);
  for (let count = 0, at = 0; count < requests; count += 1) {
    at += exponential(betweenMs);
    for (let next = endings[0]; next !== undefined && next.at <= at; next = endings[0]) {
      endings.shift();
      now = next.at;
      next.end();
    }
    now = at;
    arrive();
  }
  times.sort((a, b) => a - b);
  return {
    oddShare: toOdd / requests,
    failures,
    quantile: of => times[Math.floor(of * times.length)] as number,
  };
}

/** Few are under way at a time: a list in order is enough. */
function insert(endings: Ending[], ending: Ending): void {
  let index = endings.length;
  while (index > 0 && (endings[index - 1] as Ending).at > ending.at) index -= 1;
  endings.splice(index, 0, ending);
}
