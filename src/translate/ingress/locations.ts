/** Which Ingress has which place of a host. Pure. */
import type { Diagnostic } from '../../model/diagnostic.ts';
import { CATCH_ALL_HOST, serviceKey } from '../../model/route.ts';
import type { IngressBackend } from '../../resources/ingress-object.ts';
import { NGINX_PREFIX } from './ingress-values.ts';
import type { IngressReading, ReadPath } from './read-ingress.ts';

/** A place of a host, and whose it is. */
export interface Location extends Omit<ReadPath, 'backend'> {
  readonly reading: IngressReading;
  /** Undefined: the default backend of the program. */
  readonly backend: IngressBackend | undefined;
  /** Of the Service of the backend. */
  readonly namespace: string;
}

/** All that Ingresses say of a host. */
export interface HostLocations {
  readonly host: string;
  /** Whose server-wide annotations count: the first that has one of a kind. By age, canaries left out. */
  readonly readings: readonly IngressReading[];
  /** The last one is for all paths that no other takes, unless a rule is. */
  readonly locations: readonly Location[];
  /** The same, by placeKey(). */
  readonly places: ReadonlyMap<string, Location>;
  /** All its paths are regular expressions, as soon as one Ingress says so. */
  readonly isRegex: boolean;
  readonly conflicts: readonly Diagnostic[];
}

/** @param readings those that name the host, by age, canaries left out; at least one */
export function locationsOf(host: string, readings: readonly IngressReading[]): HostLocations {
  const locations = new Map<string, Location>();
  const conflicts: Diagnostic[] = [];
  for (const reading of readings) {
    for (const { path, type, backend } of pathsOf(host, reading)) {
      const key = placeKey(type, path);
      const owner = locations.get(key);
      if (owner === undefined)
        locations.set(key, { path, type, backend, namespace: reading.ingress.namespace, reading });
      else if (owner.reading !== reading) conflicts.push(conflictOf(host, { path, type }, reading, owner.reading));
    }
  }
  const root = placeKey('Prefix', '/');
  if (!locations.has(root)) locations.set(root, rootLocation(readings));
  const all = [...locations.values()];
  return { host, readings, locations: all, places: locations, isRegex: all.some(asksForRegex), conflicts };
}

/** The locations of a host by what their rules say, for canaries, which say the same. */
export function placeKey(type: ReadPath['type'], path: string): string {
  return `${type} ${path}`;
}

function pathsOf(host: string, { rules, defaultBackend }: IngressReading): readonly ReadPath[] {
  const isCatchAll = host === CATCH_ALL_HOST && rules.length === 0 && defaultBackend !== undefined;
  if (isCatchAll) return [{ path: '/', type: 'Prefix', backend: defaultBackend }];
  return rules.filter(rule => rule.host === host).flatMap(({ paths }) => paths);
}

/** Of a host that no rule gives one: with the annotations of its first Ingress, and the first default backend that one of them names. */
function rootLocation(readings: readonly IngressReading[]): Location {
  const [first] = readings as [IngressReading];
  const { defaultBackend: backend, ingress } = readings.find(one => one.defaultBackend !== undefined) ?? first;
  return { path: '/', type: 'Prefix', backend, namespace: ingress.namespace, reading: first };
}

/**
 * An Ingress can say so. A rewrite says it, too, unless it leaves the path of the location as it is: nginx's location of the prefix `/foo`
 * is `/foo/`.
 */
function asksForRegex({ path, type, reading }: Location): boolean {
  const { useRegex, rewrite } = reading.effect.paths ?? {};
  if (useRegex === true) return true;
  const own = type === 'Prefix' && !path.endsWith('/') ? `${path}/` : path;
  return rewrite !== undefined && rewrite.target !== own;
}

function conflictOf(
  host: string,
  { path, type }: Pick<Location, 'path' | 'type'>,
  loser: IngressReading,
  winner: IngressReading,
): Diagnostic {
  const place = `${host === CATCH_ALL_HOST ? 'any host' : host} with ${type} ${path}`;
  const advice = `change one of them; a canary says ${NGINX_PREFIX}canary: "true"`;
  return {
    object: { kind: 'Ingress', ...loser.ingress },
    severity: 'conflict',
    reason: 'Conflict',
    message: `${place} belongs to the older Ingress ${serviceKey(winner.ingress)}, and this one waits for it: ${advice}`,
    paths: [path],
  };
}
