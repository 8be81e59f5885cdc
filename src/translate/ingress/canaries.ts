/** Which canary takes requests of an upstream. Pure. */
import type { Canary, ServiceRef } from '../../model/route.ts';
import type { ServiceObject } from '../../resources/service-object.ts';
import type { Destination } from '../destination.ts';
import { backendDestination, portText, upstreamName } from './backends.ts';
import type { IngressOptions } from './ingress-options.ts';
import { type Location, placeKey } from './locations.ts';
import type { IngressReading } from './read-ingress.ts';
import { byAge } from './seniority.ts';
import { upstreamOf } from './upstreams.ts';

/** A canary as its own Ingress has it. */
export interface UpstreamCanary {
  readonly canary: Canary;
  readonly destination: Destination;
}

/** A host that leads to the upstream, and all Ingresses that name it, canaries too. */
export interface HostClaims {
  readonly host: string;
  readonly locations: readonly Location[];
  readonly readings: Iterable<IngressReading>;
}

/**
 * A canary names a place that another Ingress has, and takes requests of the upstream of that place, wherever else that is served. Of
 * several the first counts.
 * @param name as upstreamName() makes it
 */
export function upstreamCanary(
  name: string,
  hosts: readonly HostClaims[],
  known: { service(service: ServiceRef): ServiceObject | undefined },
  options: IngressOptions,
): UpstreamCanary | undefined {
  let first: { readonly reading: IngressReading; readonly canary: UpstreamCanary } | undefined;
  for (const { host, locations, readings } of hosts) {
    const places = placesOf(name, locations);
    for (const reading of readings) {
      if (first !== undefined && byAge(first.reading, reading) <= 0) continue;
      const canary = canaryAt(host, places, name, reading, known, options);
      if (canary !== undefined) first = { reading, canary };
    }
  }
  return first?.canary;
}

function placesOf(name: string, locations: readonly Location[]): Set<string> {
  const own = locations.filter(
    ({ backend, reading }) => backend !== undefined && upstreamOf(reading.ingress.namespace, backend) === name,
  );
  return new Set(own.map(({ type, path }) => placeKey(type, path)));
}

function canaryAt(
  host: string,
  places: ReadonlySet<string>,
  name: string,
  { effect, rules, ingress }: IngressReading,
  known: { service(service: ServiceRef): ServiceObject | undefined },
  options: IngressOptions,
): UpstreamCanary | undefined {
  const { canary: rule } = effect;
  if (rule === undefined) return undefined;
  const path = rules
    .filter(one => one.host === host)
    .flatMap(({ paths }) => paths)
    .find(({ type, path, backend }) => backend.service !== undefined && places.has(placeKey(type, path)));
  if (path?.backend.service === undefined) return undefined;
  const service = { namespace: ingress.namespace, name: path.backend.service.name };
  const port = portText(path.backend.service.port);
  // A Service is not the canary of itself.
  if (upstreamName(service, port) === name) return undefined;
  const { destination } = backendDestination(service, port, known.service(service), options, effect);
  return { canary: { ...rule, cluster: destination.cluster.id }, destination };
}
