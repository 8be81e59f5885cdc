/** What a silence is told from: all that is known of the Ingresses of a cluster, as ingress-nginx puts it together. */
import { type ServiceRef, serviceKey } from '../../model/route.ts';
import type { HostLocations, Location } from '../../translate/ingress/locations.ts';
import type { IngressReading } from '../../translate/ingress/read-ingress.ts';
import type { KnownSecret } from '../dump.ts';
import type { Silence } from '../report.ts';

export interface Surroundings {
  /** Of the class, by age, canaries included. */
  readonly readings: readonly IngressReading[];
  /** By host, canaries left out. */
  readonly hosts: ReadonlyMap<string, HostLocations>;
  /** By namespace and name; undefined: the dump has none, and none is missed. */
  readonly secrets: ReadonlyMap<string, KnownSecret> | undefined;
}

/** A silence, and the Ingress that it is about. */
export interface Told extends Silence {
  readonly ingress: ServiceRef;
}

/** `web`, or `shop/web` where it is of another namespace than the one that is spoken to. */
export function nameFor(ingress: ServiceRef, reader: ServiceRef): string {
  return ingress.namespace === reader.namespace ? ingress.name : serviceKey(ingress);
}

/** `/a, /b and 3 more` */
export function some(texts: readonly string[], most = 4): string {
  const unique = [...new Set(texts)];
  const shown = unique.slice(0, most).join(', ');
  return unique.length > most ? `${shown} and ${unique.length - most} more` : shown;
}

/** Without the location for all other paths that no rule has given the host. */
export function ruledLocations({ host, locations }: HostLocations): Location[] {
  return locations.filter(({ path, type, reading }) =>
    reading.rules.some(rule => rule.host === host && rule.paths.some(one => one.path === path && one.type === type)),
  );
}
