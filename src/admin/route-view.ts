import type { Route } from '../model/route.ts';

/** A route as people and scripts get it: where its counters are is nobody's business. */
export type RouteView = Omit<Route, 'counterBlock'>;

export function viewRoute(route: Route): RouteView {
  const { host, path, stripPrefix, rewriteRedirects, overrides, backend, service, createdAt } = route;
  return { host, path, stripPrefix, rewriteRedirects, overrides, backend, service, createdAt };
}
