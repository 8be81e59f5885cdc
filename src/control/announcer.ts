import { endpointLabel } from '../formats/text.ts';
import type { TableDelta } from '../model/delta.ts';
import { type Route, type ServiceRef, serviceKey } from '../model/route.ts';
import type { Logger } from '../observe/logger.ts';
import { QuietLog } from '../observe/quiet-log.ts';
import type { ServiceObject } from '../resources/service-object.ts';
import type { Conflict } from '../routing/ledger.ts';
import type { Catalog } from '../sources/catalog.ts';
import type { EventSubject, ServiceEvent } from '../sources/kube/event-object.ts';

/** The API server forgets an Event after an hour: of a Service that is older, a fresh one would tell nothing new. */
const RECENT_MS = 3_600_000;

/** Tells the owner of a Service; Kubernetes Events do. */
export interface Messenger {
  record(event: ServiceEvent): void;
}

/**
 * Which Services get an `Exposed` Event. `all`: every changed one. `recent`, for the first table after a start: those younger
 * than an hour, which no earlier process may have announced. `none`, for a table of the state file.
 */
export type Audience = 'all' | 'recent' | 'none';

interface Notice {
  readonly service: ServiceRef;
  readonly related?: EventSubject | undefined;
  readonly reason: string;
  readonly message: string;
}

/** A Service that waits for a route, and what is known of the one that has it. */
interface Lost {
  readonly conflict: Conflict;
  readonly winner: EventSubject;
}

/** Says once, in the log and to the owners of Services, what became of them: exposed, refused, in conflict, warned of. */
export class Announcer {
  readonly #catalog: Catalog;
  readonly #logger: Logger;
  readonly #log: QuietLog;
  readonly #now: () => number;
  /** Set when there is somewhere to send Events. */
  messenger: Messenger | undefined;
  /** The table that was announced last. */
  #table: Catalog['table'];
  /** What was told of each Service or pushed backend and is still so: notices by all that they say. */
  readonly #refusals = new Map<string, ReadonlySet<string>>();
  readonly #warnings = new Map<string, ReadonlySet<string>>();
  /** By place, and there by all that tells one conflict from another. */
  readonly #lost = new Map<string, ReadonlyMap<string, Lost>>();
  #audience: Audience = 'none';

  /** @param now milliseconds since 1970 */
  constructor(catalog: Catalog, logger: Logger, now: () => number = Date.now) {
    this.#catalog = catalog;
    this.#logger = logger;
    this.#log = new QuietLog(logger);
    this.#now = now;
    this.#table = catalog.table;
  }

  /** What it costs depends on what changed, not on how much there is. */
  announce(delta: TableDelta | undefined, audience: Audience): void {
    this.#audience = audience;
    const { refusals, warnings, conflicts } = this.#catalog.takeNews();
    const fresh: Lost[] = [];
    // In the order in which it comes about: a route is won back, and then its Service is exposed there.
    for (const [place, found] of conflicts) fresh.push(...this.#announceWon(place, found));
    const lostPlaces = delta === undefined ? new Map<string, string>() : this.#announceRoutes(delta);
    this.#announceNew('a Service is refused', refusals, this.#refusals, lostPlaces);
    for (const lost of fresh) this.#announceProblem('a Service is in conflict', conflictNotice(lost));
    this.#announceNew('a warning about a Service', warnings, this.#warnings);
    this.#table = this.#catalog.table;
  }

  /** @param found all conflicts of the place, now @returns those that are new */
  #announceWon(place: string, found: readonly Conflict[]): Lost[] {
    const before = this.#lost.get(place);
    if (before === undefined && found.length === 0) return [];
    const now = new Map(
      found.map(conflict => [conflictKey(conflict), before?.get(conflictKey(conflict)) ?? this.#lostBy(conflict)]),
    );
    for (const [key, { conflict, winner }] of before ?? []) {
      const { host, path, loser } = conflict;
      const holder = this.#catalog.table.get(host, path)?.service;
      if (now.has(key) || holder === undefined || serviceKey(holder) !== serviceKey(loser)) continue;
      const message = `took over ${host}${path} from ${serviceKey(winner)}`;
      this.#log.line('info', { service: serviceKey(loser), was: serviceKey(winner), where: host + path }, 'took over');
      this.#tell({ service: loser, related: winner, reason: 'TookOver', message }, 'Normal');
    }
    if (now.size === 0) this.#lost.delete(place);
    else this.#lost.set(place, now);
    return [...now].filter(([key]) => before?.has(key) !== true).map(([, lost]) => lost);
  }

  /** @returns by Service, what those had that still ask to be exposed and are not any more */
  #announceRoutes({ version, upserts, removals }: TableDelta): Map<string, string> {
    const services = new Map(upserts.map(({ service }) => [serviceKey(service), service]));
    const removed = removals.map(key => {
      const space = key.indexOf(' ');
      return this.#table.get(key.slice(0, space), key.slice(space + 1));
    });
    const replaced = upserts.map(({ host, path, service }) => {
      const before = this.#table.get(host, path);
      return before && serviceKey(before.service) !== serviceKey(service) ? before : undefined;
    });
    const gone = Map.groupBy(
      [...removed, ...replaced].filter(route => route !== undefined),
      ({ service }) => serviceKey(service),
    );
    this.#log.table({
      version,
      changed: upserts.length,
      removed: removals.length,
      services: [...new Set([...services.keys(), ...gone.keys()])],
    });
    const lostPlaces = new Map<string, string>();
    for (const [key, routes] of gone) {
      const [{ service } = {}] = routes;
      if (service === undefined) continue;
      // It keeps some of its routes: its Event lists those.
      if (this.#catalog.servedRoutes(service).length > 0) services.set(key, service);
      else if (this.#isClaimant(service)) lostPlaces.set(key, placesOf(routes));
      else this.#announceWithdrawn(service, routes);
    }
    for (const service of services.values()) this.#announceExposed(service);
    return lostPlaces;
  }

  #announceExposed(service: ServiceRef): void {
    const routes = this.#catalog.servedRoutes(service);
    const [first] = routes;
    // A pushed backend has no Service for an Event.
    if (first === undefined) return;
    this.#logger.debug({ service: serviceKey(service), where: placesOf(routes) }, 'exposed');
    if (this.#audience === 'recent' && !this.#isRecent(this.#catalog.serviceOf(service))) return;
    const message = `exposed at ${placesOf(routes)} (to ${first.backend.endpoints.map(endpointLabel).join(', ')})`;
    this.#tell({ service, reason: 'Exposed', message }, 'Normal');
  }

  #announceWithdrawn(service: ServiceRef, routes: readonly Route[]): void {
    this.#logger.debug({ service: serviceKey(service), where: placesOf(routes) }, 'withdrawn');
    const message = `no longer exposed at ${placesOf(routes)}: it no longer asks for it`;
    this.#tell({ service, reason: 'Withdrawn', message }, 'Normal');
  }

  /** @param what the message of the log @param news by owner @param lostPlaces by Service, where it was exposed until now */
  #announceNew(
    what: string,
    news: ReadonlyMap<string, readonly Notice[]>,
    known: Map<string, ReadonlySet<string>>,
    lostPlaces?: ReadonlyMap<string, string>,
  ): void {
    for (const [owner, notices] of news) {
      const before = known.get(owner);
      if (notices.length === 0) known.delete(owner);
      else known.set(owner, new Set(notices.map(identityOf)));
      for (const notice of notices) {
        if (before?.has(identityOf(notice)) === true) continue;
        this.#announceProblem(what, notice, lostPlaces?.get(serviceKey(notice.service)));
      }
    }
  }

  /** @param places where the Service was exposed until now */
  #announceProblem(what: string, notice: Notice, places?: string): void {
    const { service, reason, message } = notice;
    this.#log.line('warn', { service: serviceKey(service), reason, problem: message }, what);
    const told = places === undefined ? message : `${message}; it is no longer exposed at ${places}`;
    this.#tell({ ...notice, message: told }, 'Warning');
  }

  #tell({ service, ...rest }: Notice, type: 'Normal' | 'Warning'): void {
    if (this.#audience === 'none') return;
    const metadata = this.#catalog.serviceOf(service)?.metadata;
    // A pushed backend has no object in the cluster that an Event could be about.
    if (metadata !== undefined) this.messenger?.record({ service: metadata, type, ...rest });
  }

  /** The winner as it was when the conflict was first seen: later it may be gone. */
  #lostBy(conflict: Conflict): Lost {
    return { conflict, winner: this.#catalog.serviceOf(conflict.winner)?.metadata ?? conflict.winner };
  }

  /** Whether it still asks to be exposed: then a refusal or a conflict says why it is not. */
  #isClaimant(service: ServiceRef): boolean {
    return this.#catalog.serviceOf(service)?.metadata.annotations?.['kube-entry.io/path'] !== undefined;
  }

  #isRecent(service: ServiceObject | undefined): boolean {
    const createdAt = Date.parse(service?.metadata.creationTimestamp ?? '');
    // Also of one without a time, which no API server leaves out.
    return !(this.#now() - createdAt > RECENT_MS);
  }
}

function identityOf({ service, reason, message }: Notice): string {
  return `${serviceKey(service)} ${reason} ${message}`;
}

function conflictKey({ host, path, winner, loser }: Conflict): string {
  return `${host}${path} ${serviceKey(winner)} ${serviceKey(loser)}`;
}

function conflictNotice({ conflict, winner }: Lost): Notice {
  const { host, path, loser } = conflict;
  return {
    service: loser,
    related: winner,
    reason: 'Conflict',
    message: `${host}${path} belongs to the older Service ${serviceKey(winner)}; this Service takes over when that one gives it up`,
  };
}

function placesOf(routes: readonly Pick<Route, 'host' | 'path'>[]): string {
  return routes.map(({ host, path }) => host + path).join(', ');
}
