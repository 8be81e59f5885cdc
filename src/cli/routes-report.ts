/** The route table as `kube-entry routes` prints it. */

import { serviceKey } from '../model/route.ts';
import type { Conflict } from '../routing/ledger.ts';
import { hostLabel, objectLabel, pathLabel, serviceLabel } from '../text/labels.ts';
import { printable } from '../text/printable.ts';
import type { ShownDiagnostic, ShownRoute } from './admin-answers.ts';
import { gatewayTable, isOfGateway, listenerLabel } from './gateway-routes-report.ts';
import type { Io } from './io.ts';
import { formatTable, type TableLayout } from './terminal/table.ts';
import { upstreamLabel } from './upstream-label.ts';

/** What is served, and what is not and why. */
export interface RoutesView {
  readonly routes: readonly ShownRoute[];
  readonly refusals: readonly ShownDiagnostic[];
  readonly warnings: readonly ShownDiagnostic[];
  readonly conflicts: readonly Conflict[];
}

/** Any host first; by code unit, so that every machine prints the same. Those of Gateways come last, in the order of their listeners. */
export function byHostAndPath(a: ShownRoute, b: ShownRoute): number {
  return (
    byCodeUnit(listenerLabel(a.gateway), listenerLabel(b.gateway)) ||
    byCodeUnit(a.host, b.host) ||
    byCodeUnit(a.path, b.path) ||
    byCodeUnit(a.match ?? '', b.match ?? '')
  );
}

function byCodeUnit(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** @param none what to say if there are no routes */
export function describeRoutes(view: RoutesView, none: string, { terminal, paint }: Io): string {
  const { routes, refusals, warnings, conflicts } = view;
  const sections: string[] = [];
  const layout: TableLayout = { width: terminal?.columns, paint };
  const addSection = (heading: string, table: string): void => {
    sections.push(`${paint('yellow', heading)}\n${table}`);
  };
  const [ofGateways, others] = [routes.filter(isOfGateway), routes.filter(route => !isOfGateway(route))];
  if (routes.length === 0) sections.push(printable(none));
  if (others.length > 0) {
    const hasIngresses = others.some(({ ingress }) => ingress !== undefined);
    const rows = others.map(({ host, path, match, backend, service, ingress }) => [
      hostLabel(host),
      pathLabel({ path, match }),
      upstreamLabel(backend),
      serviceLabel(service),
      ...(hasIngresses ? [ingress === undefined ? '-' : serviceKey(ingress)] : []),
    ]);
    const columns = ['HOST', 'PATH', 'UPSTREAM', 'SERVICE', ...(hasIngresses ? ['INGRESS'] : [])];
    sections.push(formatTable(columns, rows, layout));
  }
  if (ofGateways.length > 0) sections.push(gatewayTable(ofGateways, layout));
  const prose: TableLayout = { ...layout, indent: '  ', lastIsProse: true };
  if (refusals.length > 0) {
    const rows = refusals.map(({ service, reason = '', message }) => [objectLabel(service), reason, message]);
    addSection('Refused', formatTable([headingOf(refusals), 'REASON', 'WHAT TO DO'], rows, prose));
  }
  if (conflicts.length > 0) {
    const rows = conflicts.map(({ host, path, winner, loser }) => [
      hostLabel(host),
      path,
      serviceKey(winner),
      serviceKey(loser),
    ]);
    addSection('Conflicts', formatTable(['HOST', 'PATH', 'SERVED BY', 'WAITING'], rows, { ...layout, indent: '  ' }));
  }
  if (warnings.length > 0) {
    const rows = warnings.map(({ service, message }) => [objectLabel(service), message]);
    addSection('Warnings', formatTable([headingOf(warnings), 'WARNING'], rows, prose));
  }
  return sections.join('\n\n');
}

/** Of a column with objects. */
export function headingOf(diagnostics: readonly ShownDiagnostic[]): string {
  return diagnostics.some(({ service }) => service.kind !== undefined) ? 'OBJECT' : 'SERVICE';
}
