import type { TableDelta } from '../model/delta.ts';
import { type Place, type Route, routeKey } from '../model/route.ts';
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

type PlaceState = Route | Place;

/** What a worker does not have yet: of everything the newest, so that a busy worker has little to catch up with. */
export class PendingChange {
  /** While there is one alone, it is packed with the others who need it. */
  #only: SharedDelta | undefined;
  /** Several: by route key the newest state of each place, which is a route or a place without one. */
  #states: Map<string, PlaceState> | undefined;
  #version = 0;
  #rest: Omit<NewlyInForce, 'table'> = {};

  add({ table, ...rest }: NewlyInForce): void {
    this.#rest = { ...this.#rest, ...rest };
    if (table === undefined) return;
    if (this.#only === undefined && this.#states === undefined) {
      this.#only = table;
      return;
    }
    this.#states ??= new Map();
    if (this.#only !== undefined) merge(this.#only.delta, this.#states);
    this.#only = undefined;
    merge(table.delta, this.#states);
    this.#version = table.delta.version;
  }

  toMessage(): Change {
    if (this.#only !== undefined) return { ...this.#rest, table: this.#only.packed };
    if (this.#states === undefined) return this.#rest;
    const states = [...this.#states.values()];
    const upserts = states.filter(state => isRoute(state));
    const removals = states.filter(state => !isRoute(state));
    return { ...this.#rest, table: pack({ version: this.#version, upserts, removals }) };
  }
}

function isRoute(state: PlaceState): state is Route {
  return 'backend' in state;
}

function merge({ upserts, removals }: TableDelta, into: Map<string, PlaceState>): void {
  for (const { host, path } of removals) into.set(routeKey({ host, path }), { host, path });
  for (const route of upserts) into.set(routeKey(route), route);
}
