/** What kube-entry has set itself to reach, and where it stands. */
import { wire } from '../contenders/kube-entry.ts';
import { nginxKit, nginxTuned } from '../contenders/nginx.ts';
import type { Metric } from '../measure/sample.ts';
import type { Comparison } from '../races.ts';
import { download, post16k, upload } from '../scenarios/bodies.ts';
import { connectionPerRequest } from '../scenarios/connection-per-request.ts';
import { grpcAlone, grpcUnary } from '../scenarios/grpc.ts';
import { headerRules, httpRouteGet, methodRules, queryRules } from '../scenarios/http-routes.ts';
import {
  http2Alone,
  http2Download,
  http2OverTls,
  http2OverTlsAlone,
  http2Shared,
  http2Small,
} from '../scenarios/http2.ts';
import { idleConnections, idleHttp2, idleTls } from '../scenarios/idle-connections.ts';
import { ingressPaths, ingressPatterns, ingressRoutes } from '../scenarios/ingress-routes.ts';
import { manyRoutes } from '../scenarios/many-routes.ts';
import { addresses, authUrl, headerEdits, rateLimit } from '../scenarios/policies.ts';
import { routeChanges } from '../scenarios/route-changes.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { smallGet, smallGet512, smallGetLogged } from '../scenarios/small-get.ts';
import {
  ecdsaFullHandshake,
  ecdsaHandshake,
  rsaFullHandshake,
  rsaHandshake,
  tls12Handshake,
  tlsDownload,
  tlsSmall,
  tlsUpload,
} from '../scenarios/tls.ts';
import { webSocketEcho } from '../scenarios/websocket.ts';
import { compare, medianOf, type Report } from './report.ts';
import { table } from './table.ts';

interface Figure {
  readonly title: string;
  readonly bar: number;
  /** undefined: the bar is all that is asked for. */
  readonly aim?: number;
  /** The run measures both sides in the same rounds. A function yields undefined for what the run did not measure. */
  readonly measured: Comparison | ((report: Report) => number | undefined);
}

/** TLS, HTTP/2 and gRPC, with the bar and the aim of each. */
const PROTOCOLS: readonly (readonly [Scenario, number, number])[] = [
  [tlsSmall, 1.2, 1],
  [tlsDownload, 1, 0.85],
  [tlsUpload, 1.15, 1],
  [ecdsaFullHandshake, 1.25, 1.1],
  [rsaFullHandshake, 1.25, 1.1],
  [ecdsaHandshake, 1.15, 1],
  [rsaHandshake, 1.15, 1],
  [tls12Handshake, 1.5, 1.3],
  [http2Small, 0.75, 0.55],
  [http2OverTls, 0.95, 0.75],
  [http2Alone, 1, 0.85],
  [http2OverTlsAlone, 1.2, 1],
  [http2Shared, 0.8, 0.6],
  [http2Download, 1, 0.85],
  [grpcUnary, 0.3, 0.2],
  [grpcAlone, 0.7, 0.5],
];

const FIGURES: readonly Figure[] = [
  { title: 'small GET, CPU to tuned nginx', bar: 1.08, aim: 1, measured: toTuned(smallGet) },
  { title: 'small GET, CPU to nginx-kit', bar: 0.45, aim: 0.45, measured: toKit(smallGet) },
  { title: 'with access log, CPU to tuned nginx', bar: 1.12, aim: 1, measured: toTuned(smallGetLogged) },
  { title: '512 connections, CPU to tuned nginx', bar: 1.15, aim: 1, measured: toTuned(smallGet512) },
  { title: '10 000 routes, CPU to our own with one', bar: 1.05, aim: 1, measured: ours(manyRoutes, smallGet) },
  {
    title: '10 000 Ingress routes, CPU to our own with Services',
    ...{ bar: 1.05, measured: ours(ingressRoutes, manyRoutes) },
  },
  {
    title: 'a host of 50 regular expressions, CPU to our own with paths',
    ...{ bar: 1.2, measured: ours(ingressPatterns, ingressPaths) },
  },
  {
    title: "small GET by an HTTPRoute, CPU to our own by a Service's route",
    ...{ bar: 1.03, measured: ours(httpRouteGet, smallGet) },
  },
  ...[headerRules, queryRules, methodRules].map(scenario => ({
    title: `${scenario.name}: among 10 000 rules, CPU to our own with one`,
    ...{ bar: 1.2, measured: ours(scenario, httpRouteGet) },
  })),
  ...[addresses, rateLimit, headerEdits].map(scenario => ({
    title: `${scenario.name}: CPU µs above our small GET without`,
    ...{ bar: 1, measured: ours(scenario, smallGet, 'difference') },
  })),
  {
    title: 'policy-auth-url: CPU µs above our small GET without',
    ...{ bar: 3, measured: ours(authUrl, smallGet, 'difference') },
  },
  { title: 'POST of 16 KiB, CPU to tuned nginx', bar: 1.15, aim: 1, measured: toTuned(post16k) },
  { title: 'download, CPU per MiB to tuned nginx', bar: 1.05, aim: 0.95, measured: toTuned(download) },
  { title: 'upload, CPU per MiB to tuned nginx', bar: 1.1, aim: 0.95, measured: toTuned(upload) },
  {
    title: 'a connection for each GET, CPU to tuned nginx',
    ...{ bar: 1.25, aim: 1, measured: toTuned(connectionPerRequest) },
  },
  { title: 'WebSocket echo, CPU to tuned nginx', bar: 1.15, aim: 1, measured: toTuned(webSocketEcho) },
  { title: 'p99 at 64 connections to tuned nginx', bar: 1.3, aim: 1, measured: toTuned(smallGet, 'p99') },
  { title: 'idle connection, KiB RSS', bar: 3.5, aim: 2.5, measured: kibibytesOf(idleConnections) },
  { title: 'idle TLS connection, KiB RSS', bar: 42, aim: 34, measured: kibibytesOf(idleTls) },
  { title: 'idle HTTP/2 connection over TLS, KiB RSS', bar: 48, aim: 38, measured: kibibytesOf(idleHttp2) },
  ...PROTOCOLS.map(([scenario, bar, aim]) => ({
    title: `${scenario.name}: CPU to tuned nginx`,
    ...{ bar, aim, measured: toTuned(scenario) },
  })),
  { title: '100 route changes/s, failed requests', bar: 0, aim: 0, measured: failedInChanges },
  { title: '100 route changes/s, p99 to a quiet table', bar: 1.2, aim: 1, measured: changesToQuiet },
];

/** What a run has to measure in the same rounds. */
export const COMPARISONS: readonly Comparison[] = FIGURES.flatMap(({ measured }) =>
  typeof measured === 'function' ? [] : [measured],
);

/** @returns undefined when the run measured none of them */
export function figuresTable(report: Report): string | undefined {
  const rows = FIGURES.flatMap(figure => {
    const row = rowOf(figure, report);
    return row === undefined ? [] : [row];
  });
  return rows.length === 0 ? undefined : table(['', 'bar', 'aim', 'measured', 'middle half', ''], rows);
}

function rowOf({ title, bar, aim, measured }: Figure, report: Report): string[] | undefined {
  const isComparison = typeof measured !== 'function';
  const result = isComparison ? compare(report, measured) : { spread: undefined, reason: undefined };
  const { spread, reason } = result ?? {};
  const value = isComparison ? spread?.median : measured(report);
  if (value === undefined && reason === undefined) return undefined;
  return [
    title,
    `≤ ${bar}`,
    aim === undefined ? '' : `≤ ${aim}`,
    value === undefined ? '' : short(value),
    spread === undefined ? '' : `${short(spread.lower)} to ${short(spread.upper)}`,
    [value === undefined ? 'not measured' : standing(value, bar, aim), reason ?? []].flat().join(': '),
  ];
}

function standing(value: number, bar: number, aim: number | undefined): string {
  if (aim !== undefined && value <= aim) return 'aim reached';
  return value <= bar ? 'bar reached' : 'not reached';
}

function short(value: number): string {
  return String(Number(value.toFixed(2)));
}

function toTuned(scenario: Scenario, metric: Metric = 'cpu'): Comparison {
  return { of: { scenario, contender: wire }, to: { scenario, contender: nginxTuned }, metric, by: 'ratio' };
}

function toKit(scenario: Scenario): Comparison {
  return { ...toTuned(scenario), to: { scenario, contender: nginxKit } };
}

function ours(scenario: Scenario, base: Scenario, by: Comparison['by'] = 'ratio'): Comparison {
  return { of: { scenario, contender: wire }, to: { scenario: base, contender: wire }, metric: 'cpu', by };
}

function kibibytesOf({ name }: Scenario): (report: Report) => number | undefined {
  return report => quotient(medianOf(report, name, wire.name).connectionBytes, 1024);
}

function failedInChanges(report: Report): number | undefined {
  return medianOf(report, routeChanges.name, wire.name).failed;
}

function changesToQuiet(report: Report): number | undefined {
  const { p99, quietP99 } = medianOf(report, routeChanges.name, wire.name);
  return quotient(p99, quietP99);
}

function quotient(value: number | undefined, by: number | undefined): number | undefined {
  return value === undefined || by === undefined ? undefined : value / by;
}
