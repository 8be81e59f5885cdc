import type { ServiceRef } from '../../model/route.ts';
import type { KubeObject } from './list.ts';
import { compareVersions } from './resource-version.ts';

/** What the watch says of one object. */
export interface ObjectChange<T> {
  readonly name: string;
  readonly version: string;
  /** Undefined: it is gone, or belongs to another owner. */
  readonly object: T | undefined;
}

/** The objects of one owner that asks for them, as far as they have been read: a Service and its EndpointSlices. */
export class WantedObjects<T extends KubeObject> {
  readonly owner: ServiceRef;
  /** The list of all objects that is under way began after this owner asked: its objects are in it. */
  isInList = false;
  /** By name; undefined until they have been read. */
  #objects: Map<string, T> | undefined;
  /** Of the list of this owner's objects: the watch of all may be behind it, and says nothing new until then. */
  #listedAt: string | undefined;
  /** While that list is under way: what the watch says meanwhile. */
  #meanwhile: ObjectChange<T>[] | undefined;

  constructor(owner: ServiceRef) {
    this.owner = owner;
  }

  get objects(): readonly T[] | undefined {
    return this.#objects && [...this.#objects.values()];
  }

  /** One of them, as it was read last. */
  get(name: string): T | undefined {
    return this.#objects?.get(name);
  }

  get isKnown(): boolean {
    return this.#objects !== undefined;
  }

  /** Its objects are listed for it alone. */
  get isListed(): boolean {
    return this.#meanwhile !== undefined;
  }

  /**
   * A list of this owner's objects begins.
   * @returns takes the outcome, unless a list of all objects has overtaken it; undefined when it failed
   */
  list(): (outcome: { items: readonly T[]; resourceVersion: string } | undefined) => boolean {
    const meanwhile: ObjectChange<T>[] = [];
    this.#meanwhile = meanwhile;
    return outcome => {
      if (this.#meanwhile !== meanwhile) return false;
      this.#meanwhile = undefined;
      if (outcome === undefined) return false;
      this.replace(outcome.items);
      this.#listedAt = outcome.resourceVersion;
      for (const change of meanwhile) this.change(change);
      return true;
    };
  }

  /** These are all. @returns whether anything is otherwise than it was */
  replace(objects: readonly T[]): boolean {
    const before = this.#objects;
    this.#objects = new Map(objects.map(object => [object.metadata.name, object]));
    this.#listedAt = undefined;
    this.#meanwhile = undefined;
    return before?.size !== objects.length || objects.some(object => !isSame(object, before.get(object.metadata.name)));
  }

  /** @returns whether anything is otherwise than it was */
  change(change: ObjectChange<T>): boolean {
    if (this.#meanwhile !== undefined) {
      this.#meanwhile.push(change);
      return false;
    }
    const { name, version, object } = change;
    if (this.#objects === undefined) return false;
    if (version === this.#listedAt || isOlder(version, this.#listedAt)) return false;
    if (object === undefined) return this.#objects.delete(name);
    this.#objects.set(name, object);
    return true;
  }
}

function isOlder(version: string, listedAt: string | undefined): boolean {
  return listedAt !== undefined && compareVersions(version, listedAt) < 0;
}

function isSame(object: KubeObject, other: KubeObject | undefined): boolean {
  return object.metadata.resourceVersion === other?.metadata.resourceVersion;
}
