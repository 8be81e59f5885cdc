/** Which canary takes requests of an upstream. Pure. */
import type { ServiceRef } from '../../model/route.ts';
import { portText, upstreamKey } from './backends.ts';
import type { IngressCanary, IngressEffect } from './ingress-feature.ts';
import { type Location, placeKey } from './locations.ts';
import type { IngressReading } from './read-ingress.ts';
import { byAge } from './seniority.ts';
import { upstreamOf } from './upstreams.ts';

/** A canary as its own Ingress has it. All else is as the location has it whose requests it takes. */
export interface UpstreamCanary extends IngressCanary {
  readonly ingress: ServiceRef;
  readonly service: ServiceRef;
  readonly port: string;
  readonly upstream: NonNullable<IngressEffect['upstream']>;
}

/** A host that leads to the upstream, and the canaries that name it. */
export interface HostClaims {
  readonly host: string;
  readonly locations: readonly Location[];
  readonly readings: Iterable<IngressReading>;
}

/**
 * A canary names a place that another Ingress has, and takes requests of the upstream of that place, wherever else that is served. Of
 * several the first counts.
 * @param name as upstreamKey() makes it
 */
export function upstreamCanary(name: string, hosts: readonly HostClaims[]): UpstreamCanary | undefined {
  let first: { readonly reading: IngressReading; readonly canary: UpstreamCanary } | undefined;
  for (const { host, locations, readings } of hosts) {
    const places = placesOf(name, locations);
    for (const reading of readings) {
      if (first !== undefined && byAge(first.reading, reading) <= 0) continue;
      const canary = canaryAt(host, places, name, reading);
      if (canary !== undefined) first = { reading, canary };
    }
  }
  return first?.canary;
}

function placesOf(name: string, locations: readonly Location[]): Set<string> {
  const own = locations.filter(
    ({ backend, namespace }) => backend !== undefined && upstreamOf(namespace, backend) === name,
  );
  return new Set(own.map(({ type, path }) => placeKey(type, path)));
}

function canaryAt(
  host: string,
  places: ReadonlySet<string>,
  name: string,
  { effect, rules, ingress }: IngressReading,
): UpstreamCanary | undefined {
  const { canary } = effect;
  if (canary === undefined) return undefined;
  const path = rules
    .filter(one => one.host === host)
    .flatMap(({ paths }) => paths)
    .find(({ type, path, backend }) => backend.service !== undefined && places.has(placeKey(type, path)));
  if (path?.backend.service === undefined) return undefined;
  const service = { namespace: ingress.namespace, name: path.backend.service.name };
  const port = portText(path.backend.service.port);
  // A Service is not the canary of itself.
  if (upstreamKey(service, port) === name) return undefined;
  return { ...canary, ingress, service, port, upstream: effect.upstream ?? {} };
}
