/** Events that tell the owner of an Ingress which of its paths are served. Events about faults are the same as for Services. */
import type { Delta } from '../model/delta.ts';
import { type Place, type Route, type ServiceRef, serviceKey } from '../model/route.ts';
import type { RouteTable } from '../routing/table.ts';

/** Places that one Event names. */
const MOST_PLACES = 10;

export interface IngressNews {
  readonly ingress: ServiceRef;
  readonly reason: 'Sync' | 'Withdrawn';
  readonly message: string;
}

interface Changes {
  readonly ingress: ServiceRef;
  readonly served: string[];
  readonly withdrawn: string[];
}

/** By Ingress, the places that it has got, has in another way, or has no longer. @param before the table before the delta */
export function ingressNews({ routes: { upserts, removals } }: Delta, before: RouteTable): IngressNews[] {
  const all = new Map<string, Changes>();
  const changesOf = (ingress: ServiceRef): Changes => {
    const key = serviceKey(ingress);
    const changes = all.get(key) ?? { ingress, served: [], withdrawn: [] };
    all.set(key, changes);
    return changes;
  };
  for (const route of upserts) {
    const owner = ownerOf(route);
    const earlier = ownerOf(before.get(route));
    if (owner !== undefined) changesOf(owner).served.push(placeOf(route));
    if (earlier !== undefined && !isSame(earlier, owner)) changesOf(earlier).withdrawn.push(placeOf(route));
  }
  for (const place of removals) {
    const earlier = ownerOf(before.get(place));
    if (earlier !== undefined) changesOf(earlier).withdrawn.push(placeOf(place));
  }
  return [...all.values()].map(({ ingress, served, withdrawn }) => {
    if (served.length === 0) {
      return { ingress, reason: 'Withdrawn', message: `no longer served at ${namesOf(withdrawn)}` };
    }
    const rest = withdrawn.length === 0 ? '' : `; no longer at ${namesOf(withdrawn)}`;
    return { ingress, reason: 'Sync', message: `served at ${namesOf(served)}${rest}` };
  });
}

function ownerOf(route: Route | undefined): ServiceRef | undefined {
  return route?.ingress?.ingress;
}

function isSame(one: ServiceRef, other: ServiceRef | undefined): boolean {
  return other !== undefined && serviceKey(one) === serviceKey(other);
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
