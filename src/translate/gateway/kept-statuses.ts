import { isDeepStrictEqual } from 'node:util';
import type { ObjectStatus } from './gateway-status.ts';

/** The statuses of all objects, by key, and which of them have changed. */
export class KeptStatuses {
  readonly #statuses = new Map<string, ObjectStatus>();
  readonly #changed = new Set<string>();

  all(): Iterable<ObjectStatus> {
    return this.#statuses.values();
  }

  /** @param status undefined: the object has none of ours */
  set(key: string, status: ObjectStatus | undefined): void {
    if (isDeepStrictEqual(status, this.#statuses.get(key))) return;
    if (status === undefined) this.#statuses.delete(key);
    else this.#statuses.set(key, status);
    this.#changed.add(key);
  }

  /** Those that have changed since this was asked last; undefined: it is gone. */
  takeChanged(): Map<string, ObjectStatus | undefined> {
    const changed = new Map([...this.#changed].map(key => [key, this.#statuses.get(key)]));
    this.#changed.clear();
    return changed;
  }
}
