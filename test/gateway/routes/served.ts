/** What the routes of one port do with a request: the table of the data plane is asked. */
import { listenerKey, type Route } from '../../../src/model/route.ts';
import { AskedRequest } from '../../../src/routing/gateway/asked-request.ts';
import { Hostnames } from '../../../src/routing/gateway/hostnames.ts';
import { RouteTable } from '../../../src/routing/table.ts';
import { headOf } from '../../support/gateway-routes.ts';

export interface Asked {
  readonly host: string;
  readonly path: string;
  readonly method?: string;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
}

/** The routes of one port. */
export class ServedPort {
  readonly #table: RouteTable<Route>;
  /** Keys of listeners. */
  readonly #listeners: Hostnames<string>;

  constructor(routes: readonly Route[]) {
    this.#table = RouteTable.of(routes);
    const places = routes.map(({ listener }) => listener).filter(place => place !== undefined);
    this.#listeners = new Hostnames(places.map(({ port, hostname }) => [hostname, listenerKey(port, hostname)]));
  }

  /** The route that takes a request; undefined: none does. */
  match({ host, path, method = 'GET', headers = {}, query = {} }: Asked): Route | undefined {
    const request = new AskedRequest();
    const text = new URLSearchParams(query).toString();
    request.begin(headOf(method, Object.entries(headers)), text === '' ? '' : `?${text}`);
    const listener = this.#listeners.closest(host);
    return listener === undefined ? undefined : this.#table.matchListener(listener, host, path, request);
  }
}
