/** The route table as `kube-entry routes` prints it. */

import { serviceKey } from '../model/route.ts';
import type { Conflict } from '../routing/ledger.ts';
import { endpointLabel, hostLabel } from '../text/labels.ts';
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
  return a.path < b.path ? -1 : 1;
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
    const rows = routes.map(({ host, path, backend, service }) => [
      hostLabel(host),
      path,
      backend.endpoints.map(endpointLabel).join(', '),
      serviceKey(service),
    ]);
    sections.push(formatTable(['HOST', 'PATH', 'UPSTREAM', 'SERVICE'], rows, layout));
  }
  const prose: TableLayout = { ...layout, indent: '  ', lastIsProse: true };
  if (refusals.length > 0) {
    const rows = refusals.map(({ service, reason = '', message }) => [serviceKey(service), reason, message]);
    addSection('Refused', formatTable(['SERVICE', 'REASON', 'WHAT TO DO'], rows, prose));
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
    const rows = warnings.map(({ service, message }) => [serviceKey(service), message]);
    addSection('Warnings', formatTable(['SERVICE', 'WARNING'], rows, prose));
  }
  return sections.join('\n\n');
}
