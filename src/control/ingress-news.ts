/** Events that tell the owner of an Ingress which of its paths are served. Events about faults are the same as for Services. */
import { isDeepStrictEqual } from 'node:util';
import type { ClusterInForce } from '../model/cluster.ts';
import type { Delta } from '../model/delta.ts';
import type { Policy } from '../model/policy.ts';
import { type ClusterId, type Place, type Route, type ServiceRef, serviceKey } from '../model/route.ts';
import type { RouteTable } from '../routing/table.ts';

/** Places that one Event names. */
const MOST_PLACES = 10;

export interface IngressNews {
  readonly ingress: ServiceRef;
  readonly reason: 'Sync' | 'Withdrawn';
  readonly message: string;
}

/** Places of an Ingress. */
interface Changes {
  readonly ingress: ServiceRef;
  readonly served: string[];
  /** They are answered here, with an error, by status. */
  readonly failing: Map<number, string[]>;
  readonly withdrawn: string[];
  /** By the Ingress that has them, those whose requests it takes as a canary. */
  readonly taken: Map<string, string[]>;
  /** Those whose requests it takes no longer. */
  readonly returned: string[];
}

/**
 * By Ingress, the places that it has got, has in another way, or has no longer.
 * @param recovered routes of Ingresses that now have a Service which was missing
 * @param before the table before the delta
 * @param cluster as it is in force now
 */
export function ingressNews(
  { routes: { upserts, removals } }: Delta,
  recovered: readonly Route[],
  before: RouteTable,
  cluster: (id: ClusterId) => ClusterInForce | undefined,
): IngressNews[] {
  const all = new Map<string, Changes>();
  const changesOf = (ingress: ServiceRef): Changes => {
    const none = { served: [], failing: new Map(), withdrawn: [], taken: new Map(), returned: [] };
    return pick(all, serviceKey(ingress), () => ({ ingress, ...none }));
  };
  const tellCanaries = (place: Place, earlier: Route | undefined, route: Route | undefined): void => {
    const [was, is] = [earlier?.canary, route?.canary];
    if (isDeepStrictEqual(was, is)) return;
    const [lost, won] = [was?.ingress, is?.ingress];
    const owner = ownerOf(route);
    if (won !== undefined && owner !== undefined) {
      pick(changesOf(won).taken, serviceKey(owner), () => []).push(placeOf(place));
    }
    if (lost !== undefined && !isSame(lost, won)) changesOf(lost).returned.push(placeOf(place));
  };
  const tellPlace = (route: Route): void => {
    const owner = ownerOf(route);
    if (owner === undefined) return;
    const { served, failing } = changesOf(owner);
    const status = errorOf(route, cluster(route.cluster));
    (status === undefined ? served : pick(failing, status, () => [])).push(placeOf(route));
  };
  for (const route of recovered) tellPlace(route);
  for (const route of upserts) {
    const earlier = before.get(route);
    const [owner, ownerBefore] = [ownerOf(route), ownerOf(earlier)];
    tellPlace(route);
    if (ownerBefore !== undefined && !isSame(ownerBefore, owner)) changesOf(ownerBefore).withdrawn.push(placeOf(route));
    tellCanaries(route, earlier, route);
  }
  for (const place of removals) {
    const earlier = before.get(place);
    const owner = ownerOf(earlier);
    if (owner !== undefined) changesOf(owner).withdrawn.push(placeOf(place));
    tellCanaries(place, earlier, undefined);
  }
  return [...all.values()].flatMap(newsOf);
}

/** Where all that is new are errors, warnings say it. */
function newsOf({ ingress, served, failing, withdrawn, taken, returned }: Changes): IngressNews[] {
  const isServed = served.length + taken.size > 0;
  if (!isServed && withdrawn.length + returned.length === 0) return [];
  const gone = isServed ? 'no longer at' : 'no longer served at';
  const parts = [
    served.length > 0 && `served at ${namesOf(served)}`,
    ...[...taken].map(([main, places]) => `canary of Ingress ${main} at ${namesOf(places)}`),
    !isServed && withdrawn.length > 0 && `${gone} ${namesOf(withdrawn)}`,
    ...[...failing].map(([status, places]) => `answers ${status} at ${namesOf(places)}`),
    isServed && withdrawn.length > 0 && `${gone} ${namesOf(withdrawn)}`,
    returned.length > 0 && `no longer a canary at ${namesOf(returned)}`,
  ];
  return [
    { ingress, reason: isServed ? 'Sync' : 'Withdrawn', message: parts.filter(part => part !== false).join('; ') },
  ];
}

/** What all requests to the route are answered with; undefined where they go to a backend, whether that has endpoints just now or not. */
function errorOf({ policies = [] }: Route, cluster: ClusterInForce | undefined): number | undefined {
  const refusing = policies.find(({ kind }) => kind === 'unavailable');
  if (refusing?.kind === 'unavailable') return refusing.status ?? 503;
  const isAbsent =
    !policies.some(isAnswer) && cluster?.cluster.balance.policy === 'service' && cluster.endpoints.length === 0;
  return isAbsent ? (cluster.cluster.absentStatus ?? 503) : undefined;
}

/** The Ingress whose path it is. Where its host has no path for a request, and 404 is the answer, it is nobody's. */
function ownerOf(route: Route | undefined): ServiceRef | undefined {
  if (route === undefined || (route.service.namespace === '' && !route.policies?.some(isAnswer))) return undefined;
  return route.ingress?.ingress;
}

/** It answers all requests itself, such as a redirect. */
function isAnswer(policy: Policy): boolean {
  return policy.kind === 'return' && policy.when === undefined;
}

function isSame(one: ServiceRef, other: ServiceRef | undefined): boolean {
  return other !== undefined && serviceKey(one) === serviceKey(other);
}

function pick<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const value = map.get(key) ?? make();
  map.set(key, value);
  return value;
}

/** A pattern as nginx writes it. One path may be two places: itself, and what is below it. */
function placeOf({ host, path, match }: Place): string {
  return match === 'regex' ? `${host} ~* ${path}` : host + path;
}

function namesOf(places: readonly string[]): string {
  const all = [...new Set(places)];
  const named = all.slice(0, MOST_PLACES).join(', ');
  const others = all.length - MOST_PLACES;
  return others > 0 ? `${named} and ${others} more` : named;
}
