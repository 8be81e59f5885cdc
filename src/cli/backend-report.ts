/** One backend as people read it: how it is balanced, and each of its endpoints as it is now. */
import type { ClusterView, EndpointView } from '../admin/cluster-view.ts';
import { serviceKey } from '../model/route.ts';
import type { Style } from '../text/colour.ts';
import { endpointLabel, plural } from '../text/labels.ts';
import { type Fact, formatFacts, formatTable, type TableLayout } from './terminal/table.ts';

const REASONS: Readonly<Record<string, string>> = {
  failures_in_a_row: 'too many requests in a row failed',
  failure_percentage: 'most of its requests failed',
  failed_trial: 'the request that tried it failed',
};

/** @param now milliseconds since the epoch */
export function backendReport(cluster: ClusterView, now: number, layout: TableLayout): string {
  const { name, service, balance, affinityCookie, maxRequests, endpoints } = cluster;
  const { paint = (_style: Style, text: string) => text } = layout;
  const facts: Fact[] = [
    ['Service', serviceKey(service)],
    ['Balance', isBalanced(cluster) ? balance : 'service: kube-proxy chooses the pod behind the ClusterIP'],
    ...(affinityCookie === '' ? [] : [['Affinity', `cookie ${affinityCookie}`] as const]),
    ...(maxRequests === 0 ? [] : [['Limit', `${plural(maxRequests, 'request')} in flight for each endpoint`] as const]),
    endpointsFact(cluster),
  ];
  const head = `${paint('bold', name)}\n${formatFacts(facts, { ...layout, indent: '  ' })}`;
  if (endpoints.length === 0) return head;
  const rows = endpoints.map(endpoint => cellsOf(cluster, endpoint, now));
  const table = formatTable(['ADDRESS', 'POD', 'ZONE', 'STATE', 'IN FLIGHT', 'FIRST BYTE', 'WHY'], rows, {
    ...layout,
    indent: '  ',
    lastIsProse: true,
  });
  const more = cluster.more > 0 ? `\n  … and ${cluster.more} more` : '';
  return `${head}\n\n${table}${more}`;
}

/** The endpoints are known and judged: kube-proxy chooses none. */
function isBalanced({ balance }: ClusterView): boolean {
  return balance !== 'service';
}

function endpointsFact(cluster: ClusterView): Fact {
  const { endpoints, usesAll } = cluster;
  if (endpoints.length === 0) return ['Endpoints', 'none: requests are answered with 503', 'red'];
  if (!isBalanced(cluster)) return ['Endpoints', `${endpoints.length}`];
  const states = Object.entries(Object.groupBy(endpoints, ({ state }) => state));
  const text = states.map(([state, some = []]) => `${some.length} ${state}`).join(', ');
  if (usesAll) return ['Endpoints', `${text}; all of them are used, because too few are well`, 'red'];
  return endpoints.every(({ state }) => state === 'ready') ? ['Endpoints', text] : ['Endpoints', text, 'yellow'];
}

function cellsOf(cluster: ClusterView, endpoint: EndpointView, now: number): string[] {
  const { pod, zone, state, inFlight, firstByteMs } = endpoint;
  const isCounted = isBalanced(cluster);
  return [
    endpointLabel(endpoint),
    pod || '-',
    zone || '-',
    isCounted ? state : '-',
    isCounted ? `${inFlight}` : '-',
    firstByteMs === null ? '-' : milliseconds(firstByteMs),
    reasonOf(endpoint, now),
  ];
}

/** Why an endpoint gets no requests, and until when; empty for one that does. */
function reasonOf({ state, ejection, check }: EndpointView, now: number): string {
  if (state === 'draining') return 'terminating: only clients that a cookie binds to it are still served';
  if (state === 'unhealthy') return `its health check fails${check === null ? '' : `: ${check.detail}`}`;
  if (ejection === null) return '';
  const { reason, times, until } = ejection;
  const why = `${REASONS[reason] ?? reason}${times > 1 ? `, ${times} times in a row` : ''}`;
  if (state === 'trial') return `${why}; the next request tries it`;
  const seconds = Math.max(0, Math.ceil((Date.parse(until) - now) / 1000));
  return `${why}; tried again in ${seconds} s`;
}

function milliseconds(value: number): string {
  return value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`;
}
