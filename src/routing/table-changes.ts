import type { Place } from '../model/route.ts';

/** How a place takes paths. */
type Match = NonNullable<Place['match']> | 'prefix';

export function matchOf({ match }: Pick<Place, 'match'>): Match {
  return match ?? 'prefix';
}

/** Changes to the routes of one host: by the way in which they take paths, then by path. */
export class LocationChanges<R> {
  readonly exact = new Map<string, R | undefined>();
  readonly regex = new Map<string, R | undefined>();
  readonly prefix = new Map<string, R | undefined>();

  /** @param route undefined takes out what is there */
  set(place: Place, route: R | undefined): void {
    this[matchOf(place)].set(place.path, route);
  }
}

/** Changes to a table, by host. */
export class TableChanges<R extends Place> {
  readonly services = new Map<string, LocationChanges<R>>();
  readonly ingresses = new Map<string, LocationChanges<R>>();

  /** @param route undefined takes out what is there */
  set(place: Place, route: R | undefined): void {
    const hosts = place.profile === 'ingress' ? this.ingresses : this.services;
    let ofHost = hosts.get(place.host);
    if (ofHost === undefined) {
      ofHost = new LocationChanges<R>();
      hosts.set(place.host, ofHost);
    }
    ofHost.set(place, route);
  }
}
