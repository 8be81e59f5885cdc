/** Shows what the live view knows at a moment: as a screen, as a line and as JSON. Pure. */

import { BUCKETS } from '../../observe/counters.ts';
import type { Paint } from '../../text/colour.ts';
import { plural } from '../../text/labels.ts';
import { printable } from '../../text/printable.ts';
import {
  certificatesFact,
  connectionsFact,
  endpointsFact,
  gatewaysFact,
  headline,
  isReady,
  lateWorkersFact,
  moodOf,
  routesFact,
  sourceFact,
} from '../status-report.ts';
import { type Fact, formatFacts, formatTable } from '../terminal/table.ts';
import { cutToWidth, wrapToLines } from '../terminal/width.ts';
import type { InstanceSample } from './sample.ts';
import type { Rate, TrafficRates } from './traffic.ts';

export interface Frame {
  readonly socket: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** The newest answer; undefined before the first. */
  readonly sample: InstanceSample | undefined;
  /** Since the answer before; undefined after the first one. */
  readonly traffic: TrafficRates | undefined;
  /** Why there is no answer now; undefined when there is one. */
  readonly outage: { readonly since: number; readonly reason: string } | undefined;
}

export interface FrameSize {
  readonly columns: number;
  readonly rows: number;
  readonly paint: Paint;
}

/** Lines for one sentence. A problem must be seen, and must leave room for the rest. */
const MOST_LINES = 4;

/** Not more lines, and none longer, than the terminal has. */
export function renderScreen(frame: Frame, { columns, rows, paint }: FrameSize): string[] {
  const { sample, outage, time, socket } = frame;
  const line = (text: string): string => cutToWidth(printable(text), columns);
  const wrapped = (text: string): string[] => wrapToLines(printable(text), columns, MOST_LINES);
  const lines: string[] = [];
  if (outage !== undefined) {
    const since = ago(time - outage.since);
    lines.push(paint('red', line(`No answer on ${socket} for ${since}; asking on`)), ...wrapped(outage.reason), '');
  }
  if (sample !== undefined) {
    const { status } = sample;
    if (outage === undefined) {
      const up = sample.startedAt === undefined ? '' : `, up ${ago(time - sample.startedAt * 1000)}`;
      const mood = moodOf(status.table, time);
      const head = headline(status, socket, time) + up;
      const shown = mood === 'green' ? [line(head)] : wrapped(head);
      lines.push(...shown.map(part => paint(mood, part)), '');
    } else {
      lines.push(paint('dim', line('Last seen:')));
    }
    lines.push(...formatFacts(factsOf(frame, sample), { indent: '  ', width: columns, paint }).split('\n'));
    const left = rows - lines.length - 3;
    if (left > 0) lines.push('', ...busiest(frame, sample, left, columns, paint));
  }
  lines.push('', paint('dim', line('Ctrl-C ends this.')));
  return lines.slice(0, rows);
}

/** For pipes and dumb terminals. */
export function renderLine({ time, sample, traffic, outage, socket }: Frame): string {
  const clock = new Date(time).toISOString();
  if (outage !== undefined) return printable(`${clock} no answer on ${socket}: ${outage.reason}`);
  if (sample === undefined) return clock;
  const { table, connections } = sample.status;
  return printable(
    [
      `${clock} ${isReady(table) ? (moodOf(table, time) === 'yellow' ? 'stale' : 'ready') : table.draining ? 'draining' : 'not ready'}`,
      describeRate(traffic?.total),
      connectionsFact(connections)[1],
      routesFact(table)[1],
      sourceFact(table)[1],
    ].join('; '),
  );
}

/** For scripts: `--output json` and `yaml`. */
export function viewFrame({ time, sample, traffic, outage }: Frame): object {
  const clock = new Date(time).toISOString();
  if (outage !== undefined) return { time: clock, problem: outage.reason };
  if (sample === undefined) return { time: clock };
  const { status, upstreams, workers, workerRestarts } = sample;
  return { time: clock, ...status, upstreams, workers, workerRestarts, traffic };
}

function factsOf({ traffic, time }: Frame, sample: InstanceSample): Fact[] {
  const { status, upstreams, workers, workerRestarts, changedAt } = sample;
  const parts = [gatewaysFact(status), endpointsFact(status), certificatesFact(status)].filter(
    fact => fact !== undefined,
  );
  const changed = changedAt === undefined ? '' : `, changed ${ago(time - changedAt * 1000)} ago`;
  return [
    failing(['Requests', describeRate(traffic?.total)], traffic?.total),
    connectionsFact(status.connections),
    ['Upstreams', `${upstreams.busy} busy, ${upstreams.idle} idle`],
    lateWorkersFact(status) ??
      (workerRestarts === 0
        ? ['Workers', `${workers ?? '?'}`]
        : ['Workers', `${workers ?? '?'}, ${workerRestarts} replaced since the start`, 'yellow']),
    routesFact(status.table, changed),
    sourceFact(status.table),
    ...parts,
  ];
}

function failing([name, value]: Fact, rate: Rate | undefined): Fact {
  return rate === undefined || rate.failures === 0 ? [name, value] : [name, value, 'red'];
}

/** @param rows at most, the heading included */
function busiest(
  { traffic }: Frame,
  { places }: InstanceSample,
  rows: number,
  columns: number,
  paint: Paint,
): string[] {
  if (traffic === undefined) return [];
  if (traffic.services.length === 0) return [paint('dim', cutToWidth('No requests at the moment.', columns))];
  const cells = traffic.services
    .slice(0, rows - 1)
    .map(({ service, ...rate }) => [
      service === '' ? '(no route)' : service,
      (places.get(service) ?? []).join(', ') || '-',
      perSecond(rate.requestsPerSecond),
      percent(rate.failures),
      seconds(rate.median),
      seconds(rate.p99),
    ]);
  return formatTable(['SERVICE', 'ROUTES', 'REQUESTS', '5XX', 'P50', 'P99'], cells, { width: columns, paint }).split(
    '\n',
  );
}

function describeRate(rate: Rate | undefined): string {
  if (rate === undefined) return 'counting';
  const { requestsPerSecond, failures, median, p99 } = rate;
  if (requestsPerSecond === 0) return '0/s';
  return `${perSecond(requestsPerSecond)}, ${percent(failures)} 5xx, p50 ${seconds(median)}, p99 ${seconds(p99)}`;
}

function perSecond(rate: number): string {
  return `${rate < 10 ? Number(rate.toFixed(1)) : Math.round(rate)}/s`;
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(2))} %`;
}

function seconds(value: number | undefined): string {
  if (value === undefined) return '-';
  if (value === Number.POSITIVE_INFINITY) return `> ${BUCKETS.at(-1)} s`;
  return value < 1 ? `${Number((value * 1000).toPrecision(2))} ms` : `${Number(value.toPrecision(2))} s`;
}

/** `45 s`, `12 min`, `3 h 20 min`, `5 days` */
function ago(milliseconds: number): string {
  const whole = Math.max(0, Math.floor(milliseconds / 1000));
  if (whole < 120) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : plural(Math.floor(hours / 24), 'day');
}
