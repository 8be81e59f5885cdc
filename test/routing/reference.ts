/**
 * Routing as the contract's section 3 tells it, one sentence a line and every route tried, to hold the real one against.
 * Shares nothing with it but the Route type.
 */
import type { Route } from '../../src/model/route.ts';

/** Exact host, then the longest `*.` suffix, then any host; of the best that has a matching path, the longest path. */
export function chooseRoute(routes: readonly Route[], host: string, path: string): Route | undefined {
  return routes
    .filter(route => takesHost(route, host) && takesPath(route, path))
    .sort((a, b) => hostRank(b, host) - hostRank(a, host) || b.path.length - a.path.length)[0];
}

function takesHost(route: Route, host: string): boolean {
  if (route.host === '' || route.host === host) return true;
  const suffix = route.host.slice(1);
  return route.host.startsWith('*.') && host.endsWith(suffix) && host.length > suffix.length;
}

function hostRank(route: Route, host: string): number {
  if (route.host === '') return 0;
  return route.host === host ? Number.POSITIVE_INFINITY : route.host.length;
}

/** At a segment boundary; `%c3` and `%C3` are one byte. */
function takesPath(route: Route, path: string): boolean {
  if (route.path === '/') return true;
  const given = segmentsOf(path);
  return segmentsOf(route.path).every((segment, index) => segment === given[index]);
}

function segmentsOf(path: string): string[] {
  return path.split('/').map(segment => segment.replace(/%../g, triplet => triplet.toUpperCase()));
}
