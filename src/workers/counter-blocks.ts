import { type ServiceRef, serviceKey } from '../model/route.ts';
import type { CounterBoard } from '../observe/counter-board.ts';

/** Gives each Service with clusters its block of counters, and takes it back with the last cluster. */
export class CounterBlocks {
  readonly #board: CounterBoard;
  readonly #clusters = new Map<string, number>();

  constructor(board: CounterBoard) {
    this.#board = board;
  }

  /** The block of a Service, the same for as long as it has clusters. */
  assign(service: ServiceRef): number {
    return this.#board.blockOf(service);
  }

  /** A cluster of the Service has come or gone. */
  count(service: ServiceRef, change: 1 | -1): void {
    const key = serviceKey(service);
    const count = (this.#clusters.get(key) ?? 0) + change;
    if (count > 0) {
      this.#clusters.set(key, count);
    } else {
      this.#clusters.delete(key);
      this.#board.release(service);
    }
  }
}
