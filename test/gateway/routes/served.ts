/** What the routes of one port of a Gateway do with a request. */
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

/** The route that takes a request; undefined: none does. The listeners are those that have routes. */
export function served(
  routes: readonly Route[],
  { host, path, method = 'GET', headers = {}, query = {} }: Asked,
): Route | undefined {
  const keys = routes.map(({ listener }): [string, string] => [
    listener?.hostname ?? '',
    listenerKey(listener?.port ?? '', listener?.hostname ?? ''),
  ]);
  const listener = new Hostnames(keys).closest(host);
  if (listener === undefined) return undefined;
  const request = new AskedRequest();
  request.begin(headOf(method, Object.entries(headers)), `?${new URLSearchParams(query)}`);
  return RouteTable.of(routes).matchListener(listener, host, path, request);
}
