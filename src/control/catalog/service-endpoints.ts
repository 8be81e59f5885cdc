import type { Diagnostic } from '../../model/diagnostic.ts';
import { type ServiceRef, serviceKey } from '../../model/route.ts';
import { Demand } from '../../resources/demand.ts';
import type { EndpointSlice } from '../../resources/endpoint-slice.ts';
import type { EndpointSliceStore } from '../../resources/endpoint-slice-store.ts';
import type { ServiceObject, ServicePort } from '../../resources/service-object.ts';
import { type EndpointsInForce, endpointsOf, type Location } from '../../translate/endpoints.ts';
import { Pace, type PaceOptions } from './pace.ts';

/** So many endpoints of one Service are used: what one Service costs has a bound. */
export const MAX_ENDPOINTS = 10_000;

/**
 * An endpoint takes the main thread 1 to 3 µs: by this pause one Service takes about a twentieth of its time. The time itself is not
 * measured, because a pause for garbage in it would hold up the changes of a Service that costs little.
 */
const PAUSE_PER_ENDPOINT_MS = 0.05;

/** What a source says of a Service's slices. */
type Said = { readonly slices: readonly EndpointSlice[] } | { readonly unreadable: string };

/** The EndpointSlices of the Services that ask for their endpoints. What comes of one Service comes at the pace of {@link Pace}. */
export class ServiceEndpoints implements EndpointSliceStore {
  readonly demand = new Demand();
  readonly #said = new Map<string, Said>();
  /** By Service; taken with the next commit. */
  readonly #due = new Set<string>();
  readonly #pace: Pace;
  /** Where this program runs, for topology hints. */
  #location: Location = { nodeName: '', zone: '', zoneMinimum: 2 };

  /** @param options `onDue`: what was held back for the sake of the pace may be taken */
  constructor({ clock, onDue }: PaceOptions) {
    this.#pace = new Pace({
      clock,
      onDue: (services, since) => {
        for (const key of services) this.#due.add(key);
        onDue(services, since);
      },
    });
  }

  setSlices(service: ServiceRef, slices: readonly EndpointSlice[]): void {
    this.#say(service, { slices });
  }

  slicesUnreadable(service: ServiceRef, why: string): void {
    this.#say(service, { unreadable: why });
  }

  /** Whether a Service asks for its endpoints. */
  want(service: ServiceRef, isWanted: boolean): void {
    if (!isWanted) this.#said.delete(serviceKey(service));
    this.demand.set(service, isWanted);
  }

  set location(location: Location) {
    this.#location = location;
    for (const key of this.#said.keys()) this.#due.add(key);
  }

  /** Services whose endpoints may have changed since this was asked last. */
  takeDue(): string[] {
    const due = [...this.#due];
    this.#due.clear();
    return due;
  }

  /** The endpoints of a Service, as its slices say. Undefined endpoints: the ClusterIP is used. */
  of(object: ServiceObject, port: ServicePort): EndpointsInForce {
    const { namespace, name } = object.metadata;
    const service = { namespace, name };
    const key = serviceKey(service);
    const said = this.#said.get(key);
    if (said === undefined) return { endpoints: undefined, warnings: [] };
    if ('unreadable' in said) {
      const message = `its endpoints cannot be read, and its ClusterIP is used: ${said.unreadable}`;
      return { endpoints: undefined, warnings: [warning(service, 'EndpointsNotReadable', message)] };
    }
    const { slices, count, left } = bounded(said.slices);
    this.#pace.lengthen(key, count * PAUSE_PER_ENDPOINT_MS);
    const found = endpointsOf(object, port, slices, this.#location);
    if (left === 0) return found;
    const message = `its EndpointSlices have more than ${MAX_ENDPOINTS} endpoints: ${left} slices are left out`;
    return { ...found, warnings: [...found.warnings, warning(service, 'TooManyEndpoints', message)] };
  }

  #say(service: ServiceRef, said: Said): void {
    const key = serviceKey(service);
    this.#said.set(key, said);
    if (this.#pace.admits(key)) this.#due.add(key);
  }
}

/** The first slices, by name. */
function bounded(all: readonly EndpointSlice[]): { slices: readonly EndpointSlice[]; count: number; left: number } {
  let total = 0;
  for (const { endpoints } of all) total += endpoints.length;
  if (total <= MAX_ENDPOINTS) return { slices: all, count: total, left: 0 };
  const slices: EndpointSlice[] = [];
  let count = 0;
  for (const slice of [...all].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))) {
    count += slice.endpoints.length;
    if (count > MAX_ENDPOINTS) break;
    slices.push(slice);
  }
  return { slices, count: Math.min(count, MAX_ENDPOINTS), left: all.length - slices.length };
}

function warning(object: ServiceRef, reason: string, message: string): Diagnostic {
  return { object, severity: 'warning', reason, message, paths: [] };
}
