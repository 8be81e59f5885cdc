import { type ServiceRef, serviceKey } from '../../model/route.ts';
import type { ServiceObject } from '../../resources/service-object.ts';
import type { WatchedServices } from './watched-services.ts';

/** Looks Services up for one translation, and remembers which it was asked for. */
export interface ReferenceSearch {
  readonly find: (service: ServiceRef) => ServiceObject | undefined;
  /** Keys of Services. */
  readonly asked: ReadonlySet<string>;
}

/** Which Services name which others in their policies: when one comes, changes or goes, those that name it are translated again. */
export class ServiceReferences {
  readonly #watched: Pick<WatchedServices, 'objectOf'>;
  /** By Service, the keys of those that name it. Of Services that nothing names, nothing is kept. */
  readonly #askers = new Map<string, Set<string>>();
  /** By Service, the keys of those that it names. */
  readonly #asked = new Map<string, ReadonlySet<string>>();
  readonly #affected = new Set<string>();

  constructor(watched: Pick<WatchedServices, 'objectOf'>) {
    this.#watched = watched;
  }

  /** @param object the Service whose translation it is: it may name itself; undefined for that of an Ingress */
  search(object?: ServiceObject): ReferenceSearch {
    const own = object && serviceKey(object.metadata);
    const asked = new Set<string>();
    const find = (service: ServiceRef): ServiceObject | undefined => {
      const key = serviceKey(service);
      asked.add(key);
      return key === own ? object : this.#watched.objectOf(service);
    };
    return { find, asked };
  }

  /** Says all that a Service names now. @param asker its key */
  set(asker: string, asked: ReadonlySet<string>): void {
    const before = this.#asked.get(asker);
    if (asked.size > 0) this.#asked.set(asker, asked);
    else if (!this.#asked.delete(asker)) return;
    for (const key of asked) this.#askers.set(key, (this.#askers.get(key) ?? new Set()).add(asker));
    for (const key of before ?? []) {
      const askers = this.#askers.get(key);
      if (asked.has(key)) continue;
      askers?.delete(asker);
      if (askers?.size === 0) this.#askers.delete(key);
    }
  }

  /** A Service has come, changed or gone. */
  touched(key: string): void {
    for (const asker of this.#askers.get(key) ?? []) if (asker !== key) this.#affected.add(asker);
  }

  /** Services that name one that was touched since this was asked last. */
  takeAffected(): string[] {
    const affected = [...this.#affected];
    this.#affected.clear();
    return affected;
  }

  /** The keys of the Services that others name, whether they are there or not. */
  named(): Iterable<string> {
    return this.#askers.keys();
  }
}
