/** The route table as `kube-entry routes` prints it. */

import { serviceKey } from '../model/route.ts';
import type { Conflict } from '../routing/ledger.ts';
import { endpointLabel, hostLabel, objectLabel, pathLabel, serviceLabel } from '../text/labels.ts';
import { printable } from '../text/printable.ts';
import type { ShownDiagnostic, ShownRoute } from './admin-answers.ts';
import type { Io } from './io.ts';
import { formatTable, type TableLayout } from './terminal/table.ts';

/** What is served, and what is not and why. */
export interface RoutesView {
  readonly routes: readonly ShownRoute[];
  readonly refusals: readonly ShownDiagnostic[];
  readonly warnings: readonly ShownDiagnostic[];
  readonly conflicts: readonly Conflict[];
}

/** Any host first; by code unit, so that every machine prints the same. */
export function byHostAndPath(a: ShownRoute, b: ShownRoute): number {
  if (a.host !== b.host) return a.host < b.host ? -1 : 1;
  if (a.path !== b.path) return a.path < b.path ? -1 : 1;
  return (a.match ?? '') < (b.match ?? '') ? -1 : 1;
}

/** Endpoints that a line names; `kube-entry backends NAME` shows all. */
const MOST_ENDPOINTS = 3;

/** The addresses behind a route, and how requests are spread over them, unless kube-proxy does that or an older version answers. */
export function upstreamLabel({ balance = 'service', endpoints }: ShownRoute['backend']): string {
  const named = endpoints.slice(0, MOST_ENDPOINTS).map(endpointLabel).join(', ');
  const more = endpoints.length > MOST_ENDPOINTS ? ` and ${endpoints.length - MOST_ENDPOINTS} more` : '';
  const places = endpoints.length === 0 ? 'no endpoint' : named + more;
  return balance === 'service' || balance === '' ? named + more : `${balance}: ${places}`;
}

/** @param none what to say if there are no routes */
export function describeRoutes(view: RoutesView, none: string, { terminal, paint }: Io): string {
  const { routes, refusals, warnings, conflicts } = view;
  const sections: string[] = [];
  const layout: TableLayout = { width: terminal?.columns, paint };
  const addSection = (heading: string, table: string): void => {
    sections.push(`${paint('yellow', heading)}\n${table}`);
  };
  if (routes.length === 0) {
    sections.push(printable(none));
  } else {
    const hasIngresses = routes.some(({ ingress }) => ingress !== undefined);
    const rows = routes.map(({ host, path, match, backend, service, ingress }) => [
      hostLabel(host),
      pathLabel({ path, match }),
      upstreamLabel(backend),
      serviceLabel(service),
      ...(hasIngresses ? [ingress === undefined ? '-' : serviceKey(ingress)] : []),
    ]);
    const columns = ['HOST', 'PATH', 'UPSTREAM', 'SERVICE', ...(hasIngresses ? ['INGRESS'] : [])];
    sections.push(formatTable(columns, rows, layout));
  }
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

function headingOf(diagnostics: readonly ShownDiagnostic[]): string {
  return diagnostics.some(({ service }) => service.kind !== undefined) ? 'OBJECT' : 'SERVICE';
}
