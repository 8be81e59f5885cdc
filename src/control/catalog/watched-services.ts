import { type ServiceRef, serviceKey } from '../../model/route.ts';
import type { ServiceObject } from '../../resources/service-object.ts';
import type { Translation } from '../../translate/service.ts';

export interface WatchedService {
  readonly object: ServiceObject;
  readonly translation: Translation;
}

/** The Services that a source watches, by key, and what became of each. */
export class WatchedServices {
  readonly #services = new Map<string, WatchedService>();
  /** How many of them have routes to a backend of this name. */
  readonly #named = new Map<string, number>();
  /** Names that came or went since {@link takeRenamed}. */
  readonly #renamed = new Set<string>();

  get(key: string): WatchedService | undefined {
    return this.#services.get(key);
  }

  keys(): Iterable<string> {
    return this.#services.keys();
  }

  values(): Iterable<WatchedService> {
    return this.#services.values();
  }

  set(key: string, service: WatchedService): void {
    this.#count(this.#services.get(key), -1);
    this.#count(service, 1);
    this.#services.set(key, service);
  }

  delete(key: string): void {
    this.#count(this.#services.get(key), -1);
    this.#services.delete(key);
  }

  /** The object behind a Service. */
  objectOf(service: ServiceRef): ServiceObject | undefined {
    return this.#services.get(serviceKey(service))?.object;
  }

  hasBackend(name: string): boolean {
    return this.#named.has(name);
  }

  /** Names of backends that Services have, or have no longer, since this was asked last. */
  takeRenamed(): string[] {
    const names = [...this.#renamed];
    this.#renamed.clear();
    return names;
  }

  #count(service: WatchedService | undefined, change: 1 | -1): void {
    const name = service?.translation.cluster?.name;
    if (name === undefined) return;
    const count = (this.#named.get(name) ?? 0) + change;
    if (count === 0) this.#named.delete(name);
    else this.#named.set(name, count);
    this.#renamed.add(name);
  }
}
