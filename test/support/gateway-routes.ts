/** Routes of Gateways, and requests to them, for tests that care about what takes a request. */
import { type ListenerPlace, listenerKey, type Route } from '../../src/model/route.ts';
import { type AskedHead, AskedRequest } from '../../src/routing/gateway/asked-request.ts';
import type { RouteTable } from '../../src/routing/table.ts';
import { route } from './routes.ts';

export const PORT = '127.0.0.1:80';

/** A route at a listener for all hosts. @param match its name: another one for each route of a host */
export function gatewayRoute(
  match: string,
  path: string,
  { listener, ...fields }: Partial<Omit<Route, 'listener'>> & { readonly listener?: Partial<ListenerPlace> } = {},
): Route {
  return route(path, {
    profile: 'gateway',
    stripPrefix: false,
    listener: { port: PORT, hostname: '', match, hostRank: 0, rank: match, ...listener },
    gateway: { object: { kind: 'HTTPRoute', namespace: 'default', name: match }, rule: '0' },
    ...fields,
  });
}

export interface GatewayRequest {
  readonly method?: string;
  readonly host?: string;
  /** Path and query. */
  readonly target?: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  /** Hostname of the listener. */
  readonly listener?: string;
}

/** What a table answers to a request at {@link PORT}. */
export function matchAt(table: RouteTable, request: GatewayRequest): Route | undefined {
  const { method = 'GET', host = '', target = '/', headers = [], listener = '' } = request;
  const question = target.indexOf('?');
  const [path, query] = question < 0 ? [target, ''] : [target.slice(0, question), target.slice(question)];
  const facts = new AskedRequest();
  facts.begin(headOf(method, headers), query);
  return table.matchListener(listenerKey(PORT, listener), host, path, facts);
}

export function headOf(method: string, headers: readonly (readonly [name: string, value: string])[]): AskedHead {
  return {
    method,
    field: (name, separator) =>
      headers
        .filter(([other]) => other.toLowerCase() === name)
        .map(([, value]) => value)
        .join(separator),
    fields: () => headers,
  };
}
