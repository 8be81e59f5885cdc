import type { Route } from '../model/route.ts';

/** A route as people and scripts get it, without the place of its counters in shared memory. */
export type RouteView = Omit<Route, 'counterBlock'>;

export function viewRoute(route: Route): RouteView {
  const { host, path, stripPrefix, rewriteRedirects, overrides, backend, service, createdAt } = route;
  return { host, path, stripPrefix, rewriteRedirects, overrides, backend, service, createdAt };
}
