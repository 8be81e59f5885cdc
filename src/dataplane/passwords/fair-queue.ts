/** Why something is not put into a queue. */
export type QueueRefusal = 'client' | 'owner' | 'all';

export interface QueueBounds {
  readonly perClient: number;
  readonly perOwner: number;
  readonly all: number;
}

type Lanes<T> = Map<string, T[]>;

/**
 * Takes items out in turns: each owner has its turn, and of an owner each client. Who puts many in waits behind itself; the others
 * wait for one item of it at most.
 */
export class FairQueue<T> {
  readonly #bounds: QueueBounds;
  /** By owner, then by client. The first of each map has the next turn. */
  readonly #owners = new Map<string, Lanes<T>>();
  readonly #sizes = new Map<string, number>();
  #size = 0;

  constructor(bounds: QueueBounds) {
    this.#bounds = bounds;
  }

  /** @returns undefined where the item waits now */
  push(owner: string, client: string, item: T): QueueRefusal | undefined {
    const lanes: Lanes<T> = this.#owners.get(owner) ?? new Map();
    const lane = lanes.get(client) ?? [];
    const size = this.#sizes.get(owner) ?? 0;
    if (lane.length >= this.#bounds.perClient) return 'client';
    if (size >= this.#bounds.perOwner) return 'owner';
    if (this.#size >= this.#bounds.all) return 'all';
    lane.push(item);
    this.#owners.set(owner, lanes.set(client, lane));
    this.#sizes.set(owner, size + 1);
    this.#size += 1;
    return undefined;
  }

  /** Whose turn it is; undefined while nothing waits. */
  shift(): T | undefined {
    for (const [owner, lanes] of this.#owners) {
      this.#owners.delete(owner);
      for (const [client, lane] of lanes) {
        const item = lane.shift();
        lanes.delete(client);
        // Behind the others.
        if (lane.length > 0) lanes.set(client, lane);
        if (lanes.size > 0) this.#owners.set(owner, lanes);
        this.#left(owner);
        return item;
      }
    }
    return undefined;
  }

  #left(owner: string): void {
    const size = (this.#sizes.get(owner) ?? 0) - 1;
    if (size > 0) this.#sizes.set(owner, size);
    else this.#sizes.delete(owner);
    this.#size -= 1;
  }
}
