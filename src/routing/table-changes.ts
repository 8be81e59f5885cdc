import { type ListenerPlace, listenerKey, type Place } from '../model/route.ts';

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

/** Changes to a table: by host, and those of Gateways by listener, host and name of the match. */
export class TableChanges<R extends Place> {
  readonly services = new Map<string, LocationChanges<R>>();
  readonly ingresses = new Map<string, LocationChanges<R>>();
  readonly gateways = new Map<string, Map<string, Map<string, R | undefined>>>();

  /** @param route undefined takes out what is there */
  set(place: Place, route: R | undefined): void {
    if (place.listener !== undefined) {
      this.#setAtListener(place, place.listener, route);
      return;
    }
    const hosts = place.profile === 'ingress' ? this.ingresses : this.services;
    entryOf(hosts, place.host, () => new LocationChanges<R>()).set(place, route);
  }

  #setAtListener({ host }: Place, { port, hostname, match }: ListenerPlace, route: R | undefined): void {
    const hosts = entryOf(
      this.gateways,
      listenerKey(port, hostname),
      () => new Map<string, Map<string, R | undefined>>(),
    );
    entryOf(hosts, host, () => new Map<string, R | undefined>()).set(match, route);
  }
}

/** The value of a key, which is made where there is none. */
export function entryOf<V>(map: Map<string, V>, key: string, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
