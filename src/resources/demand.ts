import { type ServiceRef, serviceKey } from '../model/route.ts';

/**
 * What is asked of a source, by namespace and name: whose EndpointSlices, which Secrets. Who translates Services says so here,
 * and the source reads nothing else.
 */
export class Demand {
  readonly #wanted = new Map<string, ServiceRef>();
  /** Called for each change, before anything else happens: what is costly waits for the changes of the same turn. */
  onChange: ((ref: ServiceRef, isWanted: boolean) => void) | undefined;

  get size(): number {
    return this.#wanted.size;
  }

  has(ref: ServiceRef): boolean {
    return this.#wanted.has(serviceKey(ref));
  }

  values(): Iterable<ServiceRef> {
    return this.#wanted.values();
  }

  set(ref: ServiceRef, isWanted: boolean): void {
    const key = serviceKey(ref);
    if (this.#wanted.has(key) === isWanted) return;
    if (isWanted) this.#wanted.set(key, ref);
    else this.#wanted.delete(key);
    this.onChange?.(ref, isWanted);
  }
}
