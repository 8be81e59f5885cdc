import { CATCH_ALL_HOST } from '../../model/route.ts';
import type { HostLocations, Location } from '../../translate/ingress/locations.ts';
import { placeKey } from '../../translate/ingress/locations.ts';
import type { IngressReading } from '../../translate/ingress/read-ingress.ts';
import { upstreamOf } from '../../translate/ingress/upstreams.ts';
import { type Surroundings, some, type Told } from './host.ts';

/** A canary belongs to a Service and port, not to the host and path that it names. */
export function canaries({ readings, hosts }: Surroundings): Told[] {
  const byUpstream = placesByUpstream(hosts);
  const taken = new Map<string, IngressReading>();
  return readings
    .filter(({ effect }) => effect.canary !== undefined)
    .flatMap(reading => ofCanary(reading, hosts, byUpstream, taken));
}

function ofCanary(
  reading: IngressReading,
  hosts: Surroundings['hosts'],
  byUpstream: ReadonlyMap<string, readonly string[]>,
  taken: Map<string, IngressReading>,
): Told[] {
  const { ingress } = reading;
  const own = new Set<string>();
  const upstreams = new Set<string>();
  for (const { host, paths } of reading.rules) {
    for (const { path, type } of paths) {
      const primary = hosts.get(host)?.locations.find(one => placeKey(one.type, one.path) === placeKey(type, path));
      const upstream = primary && upstreamOfLocation(primary);
      if (upstream === undefined) continue;
      own.add(placeText(host, path));
      upstreams.add(upstream);
    }
  }
  if (upstreams.size === 0) {
    const message =
      'no other Ingress has one of its hosts and paths with the same pathType: the canary takes no request';
    return [{ ingress, kind: 'CanaryUnused', message }];
  }
  const told: Told[] = [];
  for (const upstream of upstreams) {
    const first = taken.get(upstream);
    if (first !== undefined) {
      const message = `the Service already has the canary ${first.ingress.namespace}/${first.ingress.name}, and only the first counts: this one takes no request`;
      told.push({ ingress, kind: 'CanaryUnused', message });
      continue;
    }
    taken.set(upstream, reading);
    const others = (byUpstream.get(upstream) ?? []).filter(place => !own.has(place));
    if (others.length === 0) continue;
    told.push({
      ingress,
      kind: 'CanaryShared',
      message: `the canary also takes requests for ${some(others)}, which lead to the same Service and port`,
      mend: 'give the Service of the canary’s host a second one, with a name of its own, and name that in its Ingress',
    });
  }
  return told;
}

function placesByUpstream(hosts: ReadonlyMap<string, HostLocations>): Map<string, string[]> {
  const places = new Map<string, string[]>();
  for (const { host, locations } of hosts.values()) {
    for (const location of locations) {
      const upstream = upstreamOfLocation(location);
      if (upstream === undefined) continue;
      const known = places.get(upstream);
      if (known === undefined) places.set(upstream, [placeText(host, location.path)]);
      else known.push(placeText(host, location.path));
    }
  }
  return places;
}

function upstreamOfLocation({ backend, reading }: Location): string | undefined {
  return backend && upstreamOf(reading.ingress.namespace, backend);
}

function placeText(host: string, path: string): string {
  return (host === CATCH_ALL_HOST ? 'any host ' : host) + path;
}
