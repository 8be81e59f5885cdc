import type { ServiceRef } from '../../model/route.ts';
import type { EndpointSlice } from '../../resources/endpoint-slice.ts';
import { compareVersions } from './resource-version.ts';

/** What the watch says of one slice. */
export interface SliceChange {
  readonly name: string;
  readonly version: string;
  /** Undefined: it is gone, or belongs to another Service. */
  readonly slice: EndpointSlice | undefined;
}

/** A Service that asks for its endpoints, and its slices as far as they have been read. */
export class AskingService {
  readonly service: ServiceRef;
  /** The list of all slices that is under way began after this Service asked: its slices are in it. */
  isInList = false;
  /** By name; undefined until they have been read. */
  #slices: Map<string, EndpointSlice> | undefined;
  /** Of the list of this Service's slices: the watch of all may be behind it, and says nothing new until then. */
  #listedAt: string | undefined;
  /** While that list is under way: what the watch says meanwhile. */
  #meanwhile: SliceChange[] | undefined;

  constructor(service: ServiceRef) {
    this.service = service;
  }

  get slices(): readonly EndpointSlice[] | undefined {
    return this.#slices && [...this.#slices.values()];
  }

  get isKnown(): boolean {
    return this.#slices !== undefined;
  }

  /** Its slices are listed for it alone. */
  get isListed(): boolean {
    return this.#meanwhile !== undefined;
  }

  /**
   * A list of this Service's slices begins.
   * @returns takes the outcome, unless a list of all slices has overtaken it; undefined when it failed
   */
  list(): (outcome: { items: readonly EndpointSlice[]; resourceVersion: string } | undefined) => boolean {
    const meanwhile: SliceChange[] = [];
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
  replace(slices: readonly EndpointSlice[]): boolean {
    const before = this.#slices;
    this.#slices = new Map(slices.map(slice => [slice.metadata.name, slice]));
    this.#listedAt = undefined;
    this.#meanwhile = undefined;
    return before?.size !== slices.length || slices.some(slice => !isSame(slice, before.get(slice.metadata.name)));
  }

  /** @returns whether anything is otherwise than it was */
  change(change: SliceChange): boolean {
    if (this.#meanwhile !== undefined) {
      this.#meanwhile.push(change);
      return false;
    }
    const { name, version, slice } = change;
    if (this.#slices === undefined) return false;
    if (version === this.#listedAt || isOlder(version, this.#listedAt)) return false;
    if (slice === undefined) return this.#slices.delete(name);
    this.#slices.set(name, slice);
    return true;
  }
}

function isOlder(version: string, listedAt: string | undefined): boolean {
  return listedAt !== undefined && compareVersions(version, listedAt) < 0;
}

function isSame(slice: EndpointSlice, other: EndpointSlice | undefined): boolean {
  return slice.metadata.resourceVersion === other?.metadata.resourceVersion;
}
