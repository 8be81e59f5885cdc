import type { TableDelta } from '../model/delta.ts';
import { type Route, routeKey } from '../model/route.ts';
import type { Settings } from '../settings/schema.ts';
import type { Change } from './messages.ts';
import { pack } from './packed-delta.ts';

/** A delta of the table, packed when the first worker needs it and not again for the others. */
export class SharedDelta {
  readonly delta: TableDelta;
  #packed: string | undefined;

  constructor(delta: TableDelta) {
    this.delta = delta;
  }

  get packed(): string {
    this.#packed ??= pack(this.delta);
    return this.#packed;
  }
}

export interface NewlyInForce {
  readonly table?: SharedDelta;
  readonly settings?: Settings;
  readonly errorPage?: { readonly html: string | undefined };
}

/** What a worker does not have yet: of everything the newest, so that a busy worker has little to catch up with. */
export class PendingChange {
  /** While there is one alone, it is packed with the others who need it. */
  #only: SharedDelta | undefined;
  /** Several: the newest state of each route by its key, undefined for one that is gone. */
  #routes: Map<string, Route | undefined> | undefined;
  #version = 0;
  #rest: Omit<NewlyInForce, 'table'> = {};

  add({ table, ...rest }: NewlyInForce): void {
    this.#rest = { ...this.#rest, ...rest };
    if (table === undefined) return;
    if (this.#only === undefined && this.#routes === undefined) {
      this.#only = table;
      return;
    }
    this.#routes ??= new Map();
    if (this.#only !== undefined) merge(this.#only.delta, this.#routes);
    this.#only = undefined;
    merge(table.delta, this.#routes);
    this.#version = table.delta.version;
  }

  toMessage(): Change {
    if (this.#only !== undefined) return { ...this.#rest, table: this.#only.packed };
    if (this.#routes === undefined) return this.#rest;
    const upserts = [...this.#routes.values()].filter(route => route !== undefined);
    const removals = [...this.#routes].filter(([, route]) => route === undefined).map(([key]) => key);
    return { ...this.#rest, table: pack({ version: this.#version, upserts, removals }) };
  }
}

function merge({ upserts, removals }: TableDelta, into: Map<string, Route | undefined>): void {
  for (const key of removals) into.set(key, undefined);
  for (const route of upserts) into.set(routeKey(route), route);
}
