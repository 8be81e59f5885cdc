/** Where a request would go among the endpoints of its Service, as `kube-entry explain` prints it. */
import type { ChanceView, EndpointChoiceView } from '../admin/endpoint-choice-view.ts';
import { endpointLabel } from '../text/labels.ts';
import { formatTable, type TableLayout } from './terminal/table.ts';

const OUTCOMES: Readonly<Record<string, string>> = {
  picks: 'Where it would go',
  binds: 'Where it would go: its cookie decides',
  waits: 'It would wait: every endpoint has as many requests in flight as max-requests allows',
  none: 'It would be answered with 503: no endpoint takes requests',
};

const EXCLUSIONS: Readonly<Record<string, string>> = {
  draining: 'terminating: serves only the clients that a cookie binds to it',
  ejected: 'ejected, because requests to it failed',
  trial: 'ejected; one request will try it next',
  unhealthy: 'its health check fails',
  full: 'has as many requests in flight as max-requests allows',
};

export function choiceReport({ outcome, endpoints }: EndpointChoiceView, layout: TableLayout): string {
  const rows = endpoints.map(endpoint => [
    endpointLabel(endpoint),
    endpoint.pod || '-',
    shareOf(endpoint),
    `${endpoint.inFlight}`,
    whyNot(endpoint, outcome),
  ]);
  const table = formatTable(['ADDRESS', 'POD', 'SHARE', 'IN FLIGHT', 'WHY NOT'], rows, layout);
  const heading = OUTCOMES[outcome] ?? outcome;
  const { paint } = layout;
  return `${paint === undefined ? heading : paint(outcome === 'none' ? 'red' : 'yellow', heading)}\n${table}`;
}

/** A part that is too small to be seen is not nothing. */
function shareOf({ share, exclusion }: ChanceView): string {
  if (exclusion !== null) return '-';
  const percent = Math.round(share * 100);
  return `${percent} %`;
}

function whyNot({ share, exclusion, inFlight }: ChanceView, outcome: EndpointChoiceView['outcome']): string {
  if (exclusion !== null) return EXCLUSIONS[exclusion] ?? exclusion;
  if (share > 0) return '';
  return outcome === 'binds' ? 'the cookie names another one' : `others are preferred now (${inFlight} in flight here)`;
}
