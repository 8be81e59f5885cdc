import type { TableDelta } from '../model/delta.ts';
import { type ServiceRef, serviceKey } from '../model/route.ts';
import type { CounterBoard } from '../observe/counter-board.ts';
import type { RouteTable } from '../routing/table.ts';

/** Gives each Service with routes its block of counters, and takes it back with the last route. */
export class CounterBlocks {
  readonly #board: CounterBoard;
  readonly #routes = new Map<string, number>();

  constructor(board: CounterBoard) {
    this.#board = board;
  }

  /** The same delta with the block of each route's Service. */
  assign(delta: TableDelta): TableDelta {
    const upserts = delta.upserts.map(route => ({ ...route, counterBlock: this.#board.blockOf(route.service) }));
    return { ...delta, upserts };
  }

  /** The delta is in force: blocks of Services that have no routes any more are free. @param before the table it changed */
  settle(delta: TableDelta, before: RouteTable): void {
    const replaced = [
      ...delta.upserts.map(route => before.get(route)),
      ...delta.removals.map(place => before.get(place)),
    ];
    for (const { service } of delta.upserts) this.#count(service, 1);
    for (const route of replaced) {
      if (route !== undefined) this.#count(route.service, -1);
    }
  }

  #count(service: ServiceRef, change: 1 | -1): void {
    const key = serviceKey(service);
    const count = (this.#routes.get(key) ?? 0) + change;
    if (count > 0) {
      this.#routes.set(key, count);
    } else {
      this.#routes.delete(key);
      this.#board.release(service);
    }
  }
}
