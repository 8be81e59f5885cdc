import type { Endpoint } from '../model/cluster.ts';
import type { Delta } from '../model/delta.ts';
import type { Diagnostic, ObjectRef } from '../model/diagnostic.ts';
import { type Route, type ServiceRef, serviceKey } from '../model/route.ts';
import type { Logger } from '../observe/logger.ts';
import { QuietLog } from '../observe/quiet-log.ts';
import type { IngressObject } from '../resources/ingress-object.ts';
import type { ServiceObject } from '../resources/service-object.ts';
import type { Conflict } from '../routing/ledger.ts';
import type { EventSubject, ServiceEvent } from '../sources/kube/event-object.ts';
import { endpointLabel } from '../text/labels.ts';
import type { CatalogNews } from './catalog/catalog-news.ts';
import { lastRead } from './catalog/known-objects.ts';
import type { Catalog } from './catalog.ts';
import { ingressNews } from './ingress-news.ts';

/** The API server keeps an Event for an hour. A new Event about an older Service would repeat one that was posted before. */
const RECENT_MS = 3_600_000;
/** Endpoints that one Event names. */
const MOST_ENDPOINTS = 10;

/** Posts Events on Services, Ingresses and objects of the Gateway API, for their owners. */
export interface EventSink {
  record(event: ServiceEvent): void;
}

/**
 * Which Services get an `Exposed` Event. `all`: every changed one. `recent`, for the first table after a start: those younger
 * than an hour, which no earlier process may have announced. `none`, for a table of the state file.
 */
export type Audience = 'all' | 'recent' | 'none';

/** A Service that waits for a route, and the Service that has the route. */
interface Lost {
  readonly conflict: Conflict;
  readonly winner: EventSubject;
}

/** What an Event says, apart from the object that it is about. */
type Saying = Pick<ServiceEvent, 'type' | 'reason' | 'message' | 'related'>;

/** Says each change of a Service or an Ingress once, in the log and as an Event: exposed, withdrawn, refused, in conflict, with a warning. */
export class Announcer {
  readonly #catalog: Catalog;
  readonly #logger: Logger;
  readonly #log: QuietLog;
  readonly #now: () => number;
  /** Set when the source can post Events. */
  events: EventSink | undefined;
  /** The table that was announced last. */
  #table: Catalog['table'];
  /** The diagnostics of each Service or pushed backend that were announced and still hold, by {@link identityOf}. */
  readonly #refusals = new Map<string, ReadonlyMap<string, Diagnostic>>();
  readonly #warnings = new Map<string, ReadonlyMap<string, Diagnostic>>();
  /** By host and path, the conflicts that were announced and still hold, by {@link conflictKey}. */
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

  /** The cost depends on what changed, not on how many Services there are. */
  announce(delta: Delta | undefined, audience: Audience): void {
    this.#audience = audience;
    const { refusals, warnings, conflicts } = this.#catalog.takeNews();
    const fresh: Lost[] = [];
    // A take-over is announced before the Service is announced as exposed there.
    for (const [place, found] of conflicts) fresh.push(...this.#announceWon(place, found));
    const lostPlaces =
      delta === undefined ? new Map<string, string>() : this.#announceRoutes(delta, this.#recovered(warnings));
    this.#announceNew(kind => `${withArticle(kind)} is refused`, refusals, this.#refusals, lostPlaces);
    for (const lost of fresh)
      this.#announceDiagnostic(kind => `${withArticle(kind)} is in conflict`, conflictDiagnostic(lost.conflict), {
        related: lost.winner,
      });
    this.#announceNew(kind => `a warning about ${withArticle(kind)}`, warnings, this.#warnings);
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
      const holder = this.#catalog.table.get({ host, path })?.service;
      if (now.has(key) || holder === undefined || serviceKey(holder) !== serviceKey(loser)) continue;
      const message = `took over ${host}${path} from ${serviceKey(winner)}`;
      this.#log.line('info', { service: serviceKey(loser), was: serviceKey(winner), where: host + path }, 'took over');
      this.#post(loser, { type: 'Normal', reason: 'TookOver', message, related: winner });
    }
    if (now.size === 0) this.#lost.delete(place);
    else this.#lost.set(place, now);
    return [...now].filter(([key]) => before?.has(key) !== true).map(([, lost]) => lost);
  }

  /** The routes of Ingresses that have a Service now which was missing. They are as before, so that the delta has none of them. */
  #recovered(warnings: CatalogNews['warnings']): Route[] {
    const { ingresses, table } = this.#catalog;
    return [...warnings].flatMap(([owner, found]) => {
      const [missed, ...others] = [...(this.#warnings.get(owner)?.values() ?? [])].filter(isMissingService);
      if (missed === undefined || others.length < found.filter(isMissingService).length) return [];
      const served = ingresses.routesOf(missed.object).map(place => table.get(place));
      return served.filter(route => route !== undefined).filter(({ ingress }) => isOf(ingress, missed.object));
    });
  }

  /** @returns by Service that lost all its routes and still asks for one: where it was exposed */
  #announceRoutes(delta: Delta, recovered: readonly Route[]): Map<string, string> {
    const {
      version,
      routes: { upserts, removals },
      endpoints,
    } = delta;
    const own = upserts.filter(isOfService);
    const services = new Map(own.map(({ service }) => [serviceKey(service), service]));
    for (const set of endpoints) {
      const cluster = this.#catalog.cluster(set.cluster)?.cluster;
      // Pods come and go all the time. Another address of the Service itself is news.
      if (cluster?.balance.policy === 'service') services.set(serviceKey(cluster.service), cluster.service);
    }
    const removed = removals.map(place => this.#table.get(place));
    const replaced = own.map(({ host, path, service }) => {
      const before = this.#table.get({ host, path });
      return before && serviceKey(before.service) !== serviceKey(service) ? before : undefined;
    });
    const gone = Map.groupBy(
      [...removed, ...replaced].filter(route => route !== undefined).filter(isOfService),
      ({ service }) => serviceKey(service),
    );
    const named = [...new Set([...services.keys(), ...gone.keys()])];
    if (named.length > 0 || upserts.length + removals.length > 0) {
      this.#log.table({ version, changed: upserts.length, removed: removals.length, services: named });
    }
    const lostPlaces = new Map<string, string>();
    for (const [key, routes] of gone) {
      const [{ service } = {}] = routes;
      if (service === undefined) continue;
      // Its Event lists the routes that it keeps.
      if (this.#catalog.servedRoutes(service).length > 0) services.set(key, service);
      else if (this.#isClaimant(service)) lostPlaces.set(key, placesOf(routes));
      else this.#announceWithdrawn(service, routes);
    }
    for (const service of services.values()) this.#announceExposed(service);
    for (const { ingress, reason, message } of ingressNews(delta, recovered, this.#table, id =>
      this.#catalog.cluster(id),
    )) {
      if (this.#audience === 'recent' && !this.#isRecent(this.#catalog.ingresses.objectOf(ingress))) continue;
      this.#post({ kind: 'Ingress', ...ingress }, { type: 'Normal', reason, message });
    }
    return lostPlaces;
  }

  #announceExposed(service: ServiceRef): void {
    const routes = this.#catalog.servedRoutes(service);
    const [first] = routes;
    // A pushed backend has no Service for an Event.
    if (first === undefined) return;
    this.#logger.debug({ service: serviceKey(service), where: placesOf(routes) }, 'exposed');
    if (this.#audience === 'recent' && !this.#isRecent(this.#catalog.serviceOf(service))) return;
    const endpoints = this.#catalog.cluster(first.cluster)?.endpoints ?? [];
    const message = `exposed at ${placesOf(routes)} (to ${namesOf(endpoints)})`;
    this.#post(service, { type: 'Normal', reason: 'Exposed', message });
  }

  #announceWithdrawn(service: ServiceRef, routes: readonly Route[]): void {
    this.#logger.debug({ service: serviceKey(service), where: placesOf(routes) }, 'withdrawn');
    const message = `no longer exposed at ${placesOf(routes)}: it no longer asks for it`;
    this.#post(service, { type: 'Normal', reason: 'Withdrawn', message });
  }

  /** @param what the message of the log @param news all diagnostics of each owner @param lostPlaces by Service, where it was exposed until now */
  #announceNew(
    what: (kind: string) => string,
    news: ReadonlyMap<string, readonly Diagnostic[]>,
    known: Map<string, ReadonlyMap<string, Diagnostic>>,
    lostPlaces?: ReadonlyMap<string, string>,
  ): void {
    for (const [owner, diagnostics] of news) {
      const before = known.get(owner);
      if (diagnostics.length === 0) known.delete(owner);
      else known.set(owner, new Map(diagnostics.map(diagnostic => [identityOf(diagnostic), diagnostic])));
      for (const diagnostic of diagnostics) {
        if (before?.has(identityOf(diagnostic)) === true) continue;
        this.#announceDiagnostic(what, diagnostic, { places: lostPlaces?.get(serviceKey(diagnostic.object)) });
      }
    }
  }

  /** @param places where the Service was exposed until now */
  #announceDiagnostic(
    what: (kind: string) => string,
    { object, reason, message }: Diagnostic,
    { places, related }: { readonly places?: string | undefined; readonly related?: EventSubject },
  ): void {
    const { kind = 'Service' } = object;
    this.#log.line('warn', { [kind.toLowerCase()]: serviceKey(object), reason, problem: message }, what(kind));
    const text = places === undefined ? message : `${message}; it is no longer exposed at ${places}`;
    this.#post(object, { type: 'Warning', reason, message: text, related });
  }

  #post(object: ObjectRef, saying: Saying): void {
    if (this.#audience === 'none') return;
    const service = this.#subjectOf(object);
    if (service !== undefined) this.events?.record({ service, ...saying });
  }

  /** Undefined where no object in the cluster is one that an Event could be about, as for a pushed backend. */
  #subjectOf(object: ObjectRef): EventSubject | undefined {
    if (object.kind === undefined) return this.#catalog.serviceOf(object)?.metadata;
    const { kind } = object;
    const { ingresses, gateways } = this.#catalog;
    if (kind === 'ConfigMap') {
      const known = lastRead(ingresses.configMaps.of(object));
      return known && { kind, ...known.metadata };
    }
    const metadata = (kind === 'Ingress' ? ingresses.objectOf(object) : gateways.objectOf(kind, object))?.metadata;
    return metadata && { kind, ...metadata };
  }

  /** Keeps the winner's metadata of the time when the conflict was first seen: later its object may be gone. */
  #lostBy(conflict: Conflict): Lost {
    return { conflict, winner: this.#catalog.serviceOf(conflict.winner)?.metadata ?? conflict.winner };
  }

  /** Whether the Service still asks to be exposed. Then a refusal or a conflict says why it is not. */
  #isClaimant(service: ServiceRef): boolean {
    return this.#catalog.serviceOf(service)?.metadata.annotations?.['kube-entry.io/path'] !== undefined;
  }

  #isRecent(object: Pick<ServiceObject, 'metadata'> | IngressObject | undefined): boolean {
    const createdAt = Date.parse(object?.metadata.creationTimestamp ?? '');
    // An object without a timestamp counts as recent; an API server always sets one.
    return !(this.#now() - createdAt > RECENT_MS);
  }
}

function identityOf({ object, reason, message }: Diagnostic): string {
  return `${object.kind ?? ''} ${serviceKey(object)} ${reason} ${message}`;
}

/** Requests to a backend of an Ingress get 503. */
function isMissingService({ object, reason }: Diagnostic): boolean {
  return object.kind === 'Ingress' && reason === 'ServiceNotUsable';
}

function isOf(route: Route['ingress'], ingress: ServiceRef): boolean {
  return route !== undefined && serviceKey(route.ingress) === serviceKey(ingress);
}

/** What becomes of routes of Gateways is said in their statuses. */
function isOfService({ ingress, gateway }: Route): boolean {
  return ingress === undefined && gateway === undefined;
}

function withArticle(kind: string): string {
  return `${/^[AEIOU]/.test(kind) ? 'an' : 'a'} ${kind}`;
}

function conflictKey({ host, path, winner, loser }: Conflict): string {
  return `${host}${path} ${serviceKey(winner)} ${serviceKey(loser)}`;
}

function conflictDiagnostic({ host, path, winner, loser }: Conflict): Diagnostic {
  return {
    object: loser,
    severity: 'conflict',
    reason: 'Conflict',
    paths: [path],
    message: `${host}${path} belongs to the older Service ${serviceKey(winner)}; this Service takes over when that one gives it up`,
  };
}

function namesOf(endpoints: readonly Endpoint[]): string {
  const named = endpoints.slice(0, MOST_ENDPOINTS).map(endpointLabel);
  const others = endpoints.length - named.length;
  return others === 0 ? named.join(', ') || 'no endpoint yet' : `${named.join(', ')} and ${others} more`;
}

function placesOf(routes: readonly Pick<Route, 'host' | 'path'>[]): string {
  return routes.map(({ host, path }) => host + path).join(', ');
}
