/** The routes table of the page: searched, sorted and cut here, so that ten thousand routes cost a browser nothing. */
import { formatHostPort } from '../../formats/host-port.ts';
import type { Traffic } from '../../observe/tally.ts';
import { type Route, serviceKey } from '../../routing/route.ts';
import type { RouteTable } from '../../routing/table.ts';
import type { RoutePage, RouteRow, SortKey } from './messages.ts';

/** Rows that a person may look through; the rest is found by searching. */
export const MAX_ROWS = 200;

/** Longer than what a person types: each word is looked for in each route. */
export const MAX_SEARCH_LENGTH = 256;

export interface RouteQuery {
  /** Up to {@link MAX_SEARCH_LENGTH} characters. Words that must all occur, whatever their case, in a route's host and path, its Service or its endpoints. */
  readonly search: string;
  readonly sort: SortKey;
  readonly descending: boolean;
}

interface Entry {
  readonly route: Route;
  /** What is searched, in lower case. */
  readonly text: string;
  /** Place in the order of hosts and paths, which also settles ties. */
  readonly order: number;
}

export class RouteSearch {
  readonly #trafficOf: (block: number) => Traffic | undefined;
  /** The table that was indexed last. */
  #table: RouteTable | undefined;
  #entries: readonly Entry[] = [];

  /** @param trafficOf what a counter block had of late */
  constructor(trafficOf: (block: number) => Traffic | undefined) {
    this.#trafficOf = trafficOf;
  }

  find(table: RouteTable, { search, sort, descending }: RouteQuery): RoutePage {
    this.#index(table);
    const words = [...new Set(search.toLowerCase().split(/\s+/))].filter(word => word !== '');
    const found = this.#entries.filter(({ text }) => words.every(word => text.includes(word)));
    const keyed = found.map(entry => ({ entry, key: this.#keyOf(entry, sort) }));
    const sign = descending ? -1 : 1;
    keyed.sort((a, b) => compareKeys(a.key, b.key, sign) || a.entry.order - b.entry.order);
    const rows = keyed.slice(0, MAX_ROWS).map(({ entry }) => this.#rowOf(entry.route));
    return { version: table.version, total: this.#entries.length, matched: found.length, rows };
  }

  #index(table: RouteTable): void {
    if (table === this.#table) return;
    this.#table = table;
    const routes = [...table.routes()].sort((a, b) => compare(a.host, b.host) || compare(a.path, b.path));
    this.#entries = routes.map((route, order) => ({ route, order, text: textOf(route).toLowerCase() }));
  }

  /** Undefined sorts last, whichever way. */
  #keyOf({ route, order }: Entry, sort: SortKey): string | number | undefined {
    switch (sort) {
      case 'route':
        return order;
      case 'service':
        return serviceKey(route.service);
      case 'age': {
        const created = Date.parse(route.createdAt);
        return Number.isNaN(created) ? undefined : -created;
      }
      case 'rate':
        return this.#trafficOf(route.counterBlock)?.rate || undefined;
      case 'errors':
        return this.#trafficOf(route.counterBlock)?.errorShare;
      case 'p50':
        return this.#trafficOf(route.counterBlock)?.quantile(0.5);
      case 'p99':
        return this.#trafficOf(route.counterBlock)?.quantile(0.99);
    }
  }

  #rowOf(route: Route): RouteRow {
    const { host, path, service, createdAt } = route;
    const traffic = this.#trafficOf(route.counterBlock);
    return {
      host,
      path,
      service: { namespace: service.namespace, name: service.name },
      endpoints: endpointsOf(route),
      createdAt,
      rate: traffic?.rate ?? 0,
      p50: traffic?.quantile(0.5) ?? null,
      p99: traffic?.quantile(0.99) ?? null,
      errors: traffic?.errorShare ?? null,
    };
  }
}

function textOf(route: Route): string {
  return `${route.host}${route.path} ${serviceKey(route.service)} ${endpointsOf(route).join(' ')}`;
}

function endpointsOf({ backend }: Route): string[] {
  return backend.endpoints.map(({ address, port }) => formatHostPort(address, port));
}

function compareKeys(a: string | number | undefined, b: string | number | undefined, sign: number): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  return typeof a === 'string' ? sign * compare(a, String(b)) : sign * (a - Number(b));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
