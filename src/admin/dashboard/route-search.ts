/** The routes table of the page: searched, sorted and cut here, so that ten thousand routes cost a browser nothing. */

import type { ControlPlane } from '../../control/control-plane.ts';
import type { ServedCluster } from '../../model/delta.ts';
import type { GatewayPort } from '../../model/gateway-port.ts';
import { type Route, serviceKey } from '../../model/route.ts';
import type { Traffic } from '../../observe/tally.ts';
import { gatewaysAt } from '../../routing/gateway/asked-port.ts';
import type { RouteTable } from '../../routing/table.ts';
import { endpointLabel, objectLabel } from '../../text/labels.ts';
import { MAX_OUT_OF_USE, type RouteFigures, type RoutePage, type RouteRow, type SortKey } from './messages.ts';

/** Rows that a person may look through; the rest is found by searching. */
export const MAX_ROWS = 200;

/** Longer than what a person types: each word is looked for in each route. */
export const MAX_SEARCH_LENGTH = 256;

export interface RouteQuery {
  /** Up to {@link MAX_SEARCH_LENGTH} characters. Words that must all occur, whatever their case, in a route's host and path, its Service, whose route it is, or its endpoints. */
  readonly search: string;
  readonly sort: SortKey;
  readonly descending: boolean;
}

/** The recent traffic of a counter block. */
export interface RecentTraffic {
  trafficOf(block: number): Traffic | undefined;
  /** Another number when figures have changed. */
  readonly samples: number;
}

/** Where the routes of the table lead. */
export type ServedClusters = Pick<ControlPlane, 'cluster' | 'gatewayPorts'> & {
  readonly reports: Pick<ControlPlane['reports'], 'outOfUse'>;
};

interface Entry {
  readonly route: Route;
  /** What is searched besides the endpoints, which change without the table; in lower case. */
  readonly text: string;
  /** Place in the order of hosts and paths, which also settles ties. */
  readonly order: number;
}

interface Order {
  readonly entries: readonly Entry[];
  /** The sample whose figures it is made of. */
  readonly sample: number;
}

export class RouteSearch {
  readonly #recent: RecentTraffic;
  readonly #clusters: ServedClusters;
  /** Of each set of endpoints, what is searched. */
  readonly #endpointTexts = new WeakMap<ServedCluster['endpoints'], string>();
  /** The table that was indexed last. */
  #table: RouteTable | undefined;
  #entries: readonly Entry[] = [];
  /** Routes of each Service, by its name. */
  readonly #routesOf = new Map<string, number>();
  /** Made once for all who ask, and once a sample: to sort ten thousand routes by a quantile takes its time. */
  readonly #orders = new Map<string, Order>();

  constructor(recent: RecentTraffic, clusters: ServedClusters) {
    this.#recent = recent;
    this.#clusters = clusters;
  }

  find(table: RouteTable, { search, sort, descending }: RouteQuery): RoutePage {
    this.#index(table);
    const words = [...new Set(search.toLowerCase().split(/\s+/))].filter(word => word !== '');
    const found = this.#sorted(sort, descending).filter(({ route, text }) =>
      words.every(word => text.includes(word) || this.#endpointText(route).includes(word)),
    );
    const shown = new Set<string>();
    const ports = new Map([...this.#clusters.gatewayPorts()].map(port => [port.id, port]));
    const rows = found.slice(0, MAX_ROWS).map(({ route }) => {
      const at = placeAt(route.listener && ports.get(route.listener.port));
      return { ...this.#rowOf(route, shown), ...(at && { at }) };
    });
    return { version: table.version, total: this.#entries.length, matched: found.length, rows };
  }

  #index(table: RouteTable): void {
    if (table === this.#table) return;
    this.#table = table;
    this.#orders.clear();
    this.#routesOf.clear();
    const routes = [...table.routes()].sort((a, b) => compare(a.host, b.host) || compare(a.path, b.path));
    this.#entries = routes.map((route, order) => ({ route, order, text: textOf(route).toLowerCase() }));
    for (const { service } of routes) {
      const key = serviceKey(service);
      this.#routesOf.set(key, (this.#routesOf.get(key) ?? 0) + 1);
    }
  }

  #sorted(sort: SortKey, descending: boolean): readonly Entry[] {
    const name = `${sort} ${descending}`;
    const { samples } = this.#recent;
    const known = this.#orders.get(name);
    if (known !== undefined && (known.sample === samples || !isFigure(sort))) return known.entries;
    const keyed = this.#entries.map(entry => ({ entry, key: this.#keyOf(entry, sort) }));
    const sign = descending ? -1 : 1;
    keyed.sort((a, b) => compareKeys(a.key, b.key, sign) || a.entry.order - b.entry.order);
    const entries = keyed.map(({ entry }) => entry);
    this.#orders.set(name, { entries, sample: samples });
    return entries;
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
        return this.#trafficOf(route)?.rate || undefined;
      case 'errors':
        return this.#trafficOf(route)?.errorShare;
      case 'p50':
        return this.#trafficOf(route)?.quantile(0.5);
      case 'p99':
        return this.#trafficOf(route)?.quantile(0.99);
    }
  }

  /** @param shown Services whose figures stand in a row above; this one is added */
  #rowOf(route: Route, shown: Set<string>): RouteRow {
    const { host, path, match, service, createdAt } = route;
    const object = objectOf(route);
    const key = serviceKey(service);
    const figures = shown.has(key) ? null : this.#figuresOf(route);
    shown.add(key);
    return {
      host,
      path,
      ...(match && { match }),
      ...(object !== undefined && { object }),
      service: { namespace: service.namespace, name: service.name },
      endpoints: (this.#clusters.cluster(route.cluster)?.endpoints ?? []).map(endpointLabel),
      outOfUse: this.#outOfUse(route),
      createdAt,
      figures,
      siblings: (this.#routesOf.get(key) ?? 1) - 1,
    };
  }

  #outOfUse({ cluster }: Route): string[] {
    const some = [...this.#clusters.reports.outOfUse(cluster, MAX_OUT_OF_USE)];
    return some.map(endpoint => `${endpointLabel(endpoint)} ${endpoint.health}`);
  }

  #figuresOf(route: Route): RouteFigures {
    const traffic = this.#trafficOf(route);
    return {
      rate: traffic?.rate ?? 0,
      p50: traffic?.quantile(0.5) ?? null,
      p99: traffic?.quantile(0.99) ?? null,
      errors: traffic?.errorShare ?? null,
    };
  }

  #trafficOf({ cluster }: Route): Traffic | undefined {
    const block = this.#clusters.cluster(cluster)?.counterBlock;
    return block === undefined ? undefined : this.#recent.trafficOf(block);
  }

  #endpointText({ cluster }: Route): string {
    const endpoints = this.#clusters.cluster(cluster)?.endpoints ?? [];
    let text = this.#endpointTexts.get(endpoints);
    if (text === undefined) {
      text = endpoints.map(endpointLabel).join(' ').toLowerCase();
      this.#endpointTexts.set(endpoints, text);
    }
    return text;
  }
}

/** How a question names a port of a Gateway. */
function placeAt(port: GatewayPort | undefined): RouteRow['at'] {
  if (port === undefined) return undefined;
  const [gateway] = gatewaysAt(port);
  return gateway === undefined ? undefined : { gateway, port: port.publicPort };
}

function isFigure(sort: SortKey): boolean {
  return sort === 'rate' || sort === 'errors' || sort === 'p50' || sort === 'p99';
}

function textOf(route: Route): string {
  return `${route.host}${route.path} ${serviceKey(route.service)} ${objectOf(route) ?? ''}`;
}

/** Undefined for a route of an annotated Service. */
function objectOf({ gateway, ingress }: Route): string | undefined {
  if (gateway !== undefined) return objectLabel(gateway.object);
  return ingress && objectLabel({ kind: 'Ingress', ...ingress.ingress });
}

function compareKeys(a: string | number | undefined, b: string | number | undefined, sign: number): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  return typeof a === 'string' ? sign * compare(a, String(b)) : sign * (a - Number(b));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
