/** What a set of routes of one listener's port does with a request: the order that model/route.ts describes, looked up slowly. */
import type { Route, ValueCondition } from '../../../src/model/route.ts';

export interface Asked {
  readonly host: string;
  readonly path: string;
  readonly method?: string;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
}

/** The route that takes a request; undefined: none does. */
export function served(routes: readonly Route[], asked: Asked): Route | undefined {
  const listener = best(
    routes.map(({ listener }) => listener?.hostname ?? ''),
    asked.host,
  );
  const own = routes.filter(route => route.listener?.hostname === listener);
  return inModelOrder(own).find(route => takes(route, asked));
}

/** As the routes of a listener are asked. */
export function inModelOrder(routes: readonly Route[]): readonly Route[] {
  return routes.toSorted(
    (a, b) =>
      hostOrder(a.host, b.host) ||
      (b.listener?.hostRank ?? 0) - (a.listener?.hostRank ?? 0) ||
      kindOf(a) - kindOf(b) ||
      b.path.length - a.path.length ||
      (a.path < b.path ? -1 : a.path > b.path ? 1 : 0) ||
      ((a.listener?.rank ?? '') < (b.listener?.rank ?? '') ? -1 : 1),
  );
}

function takes(route: Route, asked: Asked): boolean {
  const { method, headers = [], query = [] } = route.listener?.conditions ?? {};
  return (
    isHostOf(route.host, asked.host) &&
    isPathOf(route, asked.path) &&
    (method === undefined || method === (asked.method ?? 'GET')) &&
    headers.every(one => isMet(one, asked.headers?.[one.name])) &&
    query.every(one => isMet(one, asked.query?.[one.name]))
  );
}

function isMet({ value, isPattern }: ValueCondition, actual: string | undefined): boolean {
  if (actual === undefined) return false;
  return isPattern === true ? new RegExp(`^(?:${value})$`).test(actual) : actual === value;
}

function isPathOf({ path, match }: Route, asked: string): boolean {
  if (match === 'exact') return asked === path;
  if (match === 'regex') return new RegExp(`^(?:${path})$`).test(asked);
  return path === '/' || asked === path || asked.startsWith(`${path}/`);
}

function isHostOf(host: string, asked: string): boolean {
  return host === '' || host === asked || (host.startsWith('*.') && asked.endsWith(host.slice(1)));
}

function best(hostnames: readonly string[], host: string): string | undefined {
  return hostnames.filter(one => isHostOf(one, host)).toSorted(hostOrder)[0];
}

/** Exact names first, then the longer wildcard, then all hosts. */
function hostOrder(a: string, b: string): number {
  const rank = (host: string): number => (host === '' || host.startsWith('*.') ? host.length : 1_000);
  return rank(b) - rank(a);
}

function kindOf({ match }: Route): number {
  return match === 'exact' ? 0 : match === 'regex' ? 1 : 2;
}
