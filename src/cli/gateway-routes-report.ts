/** The rules of Gateways as `kube-entry routes` prints them. */
import { conditionsLabel } from '../routing/gateway/conditions.ts';
import { gatewayPathLabel, hostLabel, objectLabel } from '../text/labels.ts';
import type { ShownRoute } from './admin-answers.ts';
import { formatTable, type TableLayout } from './terminal/table.ts';
import { upstreamLabel } from './upstream-label.ts';

type GatewayRoute = ShownRoute & Required<Pick<ShownRoute, 'gateway'>>;

export function isOfGateway(route: ShownRoute): route is GatewayRoute {
  return route.gateway !== undefined;
}

/** `127.0.0.2:80 *.example.com`; empty for routes that no Gateway has. */
export function listenerLabel(gateway: ShownRoute['gateway']): string {
  return gateway === undefined ? '' : `${gateway.port} ${hostLabel(gateway.hostname)}`;
}

/** `HTTPRoute shop/web, rule 0` */
export function ruleLabel({ object, rule }: GatewayRoute['gateway']): string {
  return `${objectLabel(object)}, rule ${rule}`;
}

export function gatewayTable(routes: readonly GatewayRoute[], layout: TableLayout): string {
  const rows = routes.map(route => [
    listenerLabel(route.gateway),
    hostLabel(route.host),
    gatewayPathLabel(route),
    conditionsLabel(route.gateway.conditions) || '-',
    backendsLabel(route),
    ruleLabel(route.gateway),
  ]);
  return formatTable(['LISTENER', 'HOST', 'PATH', 'ONLY WITH', 'UPSTREAM', 'ROUTE'], rows, layout);
}

/** `web 90, canary 10`: the names of the backends with their weights, where there are several; else the endpoints. */
export function backendsLabel({ backend, backends = [] }: ShownRoute): string {
  const [only] = backends;
  if (backends.length > 1) return backends.map(({ name, weight }) => `${name} ${weight}`).join(', ');
  return upstreamLabel(only ?? backend) || 'no endpoint';
}
