/** Why a canary takes no request, which ingress-nginx does not tell. Pure. */
import type { Diagnostic } from '../../model/diagnostic.ts';
import { CATCH_ALL_HOST, serviceKey } from '../../model/route.ts';
import type { UpstreamCanary } from './canaries.ts';
import { ingressKey } from './ingress-key.ts';
import { type HostLocations, type Location, placeKey } from './locations.ts';
import type { IngressReading } from './read-ingress.ts';
import { upstreamOf } from './upstreams.ts';

/** Places that a message names. */
const MOST_PLACES = 4;

export interface CanaryContext {
  locations(host: string): HostLocations | undefined;
  /** What takes some of the requests of an upstream. @param name as upstreamKey() makes it */
  canary(name: string): UpstreamCanary | undefined;
}

/** What is said of the canaries that take no request. */
export class UnusedCanaries {
  readonly #context: CanaryContext;
  /** By key of the Ingress. */
  readonly #said = new Map<string, Diagnostic>();

  constructor(context: CanaryContext) {
    this.#context = context;
  }

  of(key: string): readonly Diagnostic[] {
    return [this.#said.get(key) ?? []].flat();
  }

  forget(key: string): void {
    this.#said.delete(key);
  }

  /** @param canaries whose hosts have changed @returns the keys of those of which other things are said than before */
  settle(canaries: Iterable<IngressReading>): string[] {
    const changed: string[] = [];
    for (const reading of canaries) {
      const key = ingressKey(reading.ingress);
      const said = unusedCanary(reading, this.#context);
      if (said?.message === this.#said.get(key)?.message) continue;
      if (said === undefined) this.#said.delete(key);
      else this.#said.set(key, said);
      changed.push(key);
    }
    return changed;
  }
}

/** @returns undefined for a canary that takes requests of at least one upstream */
function unusedCanary(reading: IngressReading, { locations, canary }: CanaryContext): Diagnostic | undefined {
  const named = upstreamsNamed(reading, locations);
  const taking = [...named].map(canary);
  if (taking.some(one => one !== undefined && serviceKey(one.ingress) === serviceKey(reading.ingress)))
    return undefined;
  return {
    object: { kind: 'Ingress', ...reading.ingress },
    severity: 'warning',
    reason: 'CanaryUnused',
    message: `the canary takes no request: ${reasonOf(reading, named, taking)}`,
    paths: [],
  };
}

function reasonOf(
  reading: IngressReading,
  named: ReadonlySet<string>,
  taking: readonly (UpstreamCanary | undefined)[],
): string {
  if (named.size === 0) {
    const places = reading.rules.flatMap(({ host, paths }) =>
      paths.map(({ type, path }) => placeText(host, type, path)),
    );
    if (places.length === 0) return 'it names no path, and a canary takes requests of a path that another Ingress has';
    const shown = places.slice(0, MOST_PLACES).join(', ');
    const others = places.length > MOST_PLACES ? ` or ${places.length - MOST_PLACES} more` : '';
    return `no other Ingress has ${shown}${others}; host, path and pathType must be the same as there (ImplementationSpecific is Prefix)`;
  }
  const first = taking.find(one => one !== undefined);
  return first === undefined
    ? 'its Service and port are those of the Ingress whose requests it should take'
    : `the older canary ${serviceKey(first.ingress)} takes those of the same Service, and only the first counts`;
}

/** The upstreams of the locations that a canary names. */
function upstreamsNamed({ rules }: IngressReading, locations: CanaryContext['locations']): Set<string> {
  const names = new Set<string>();
  for (const { host, paths } of rules) {
    const places = locations(host)?.places;
    for (const { type, path } of paths) {
      const name = upstreamAt(places?.get(placeKey(type, path)));
      if (name !== undefined) names.add(name);
    }
  }
  return names;
}

function upstreamAt(location: Location | undefined): string | undefined {
  return location?.backend && upstreamOf(location.namespace, location.backend);
}

function placeText(host: string, type: string, path: string): string {
  return `${host === CATCH_ALL_HOST ? 'any host' : host} with ${type} ${path}`;
}
