/** What kube-entry has set itself to reach, and where it stands. */
import { REFERENCE } from '../contenders/all.ts';
import { wire } from '../contenders/kube-entry.ts';
import { nginxKit } from '../contenders/nginx.ts';
import type { Metric } from '../measure/sample.ts';
import { medianOf, type Report } from './report.ts';
import { table } from './table.ts';

interface Figure {
  readonly title: string;
  readonly bar: number;
  readonly aim: number;
  /** undefined when the run did not measure it */
  readonly measured: (report: Report) => number | undefined;
}

const FIGURES: readonly Figure[] = [
  { title: 'small GET, CPU to tuned nginx', bar: 1.08, aim: 1, measured: toTuned('small-get', 'cpu') },
  { title: 'small GET, CPU to nginx-kit', bar: 0.45, aim: 0.45, measured: toKit('small-get') },
  { title: 'with access log, CPU to tuned nginx', bar: 1.12, aim: 1, measured: toTuned('small-get-log', 'cpu') },
  { title: '512 connections, CPU to tuned nginx', bar: 1.15, aim: 1, measured: toTuned('small-get-512', 'cpu') },
  { title: '10 000 routes, CPU to our own with one', bar: 1.05, aim: 1, measured: manyRoutesToOne },
  { title: 'POST of 16 KiB, CPU to tuned nginx', bar: 1.15, aim: 1, measured: toTuned('post-16k', 'cpu') },
  { title: 'download, CPU per MiB to tuned nginx', bar: 1.05, aim: 0.95, measured: toTuned('download-1m', 'cpu') },
  { title: 'upload, CPU per MiB to tuned nginx', bar: 1.1, aim: 0.95, measured: toTuned('upload-1m', 'cpu') },
  {
    title: 'a connection for each GET, CPU to tuned nginx',
    bar: 1.25,
    aim: 1,
    measured: toTuned('connection-per-request', 'cpu'),
  },
  { title: 'WebSocket echo, CPU to tuned nginx', bar: 1.15, aim: 1, measured: toTuned('websocket', 'cpu') },
  { title: 'p99 at 64 connections to tuned nginx', bar: 1.3, aim: 1, measured: toTuned('small-get', 'p99') },
  { title: 'idle connection, KiB RSS', bar: 3.5, aim: 2.5, measured: idleKibibytes },
  { title: '100 route changes/s, failed requests', bar: 0, aim: 0, measured: failedInChanges },
  { title: '100 route changes/s, p99 to a quiet table', bar: 1.2, aim: 1, measured: changesToQuiet },
];

/** @returns undefined when the run measured none of them */
export function figuresTable(report: Report): string | undefined {
  const rows = FIGURES.flatMap(({ title, bar, aim, measured }) => {
    const value = measured(report);
    if (value === undefined) return [];
    const standing = value <= aim ? 'aim reached' : value <= bar ? 'bar reached' : 'not reached';
    return [[title, `≤ ${bar}`, `≤ ${aim}`, String(Number(value.toFixed(2))), standing]];
  });
  return rows.length === 0 ? undefined : table(['', 'bar', 'aim', 'measured', ''], rows);
}

function toTuned(scenario: string, metric: Metric): Figure['measured'] {
  return report =>
    quotient(medianOf(report, scenario, wire.name)[metric], medianOf(report, scenario, REFERENCE)[metric]);
}

function toKit(scenario: string): Figure['measured'] {
  return report => quotient(medianOf(report, scenario, wire.name).cpu, medianOf(report, scenario, nginxKit.name).cpu);
}

function manyRoutesToOne(report: Report): number | undefined {
  return quotient(medianOf(report, 'routes-10000', wire.name).cpu, medianOf(report, 'small-get', wire.name).cpu);
}

function idleKibibytes(report: Report): number | undefined {
  return quotient(medianOf(report, 'idle-10000', wire.name).connectionBytes, 1024);
}

function failedInChanges(report: Report): number | undefined {
  return medianOf(report, 'route-changes', wire.name).failed;
}

function changesToQuiet(report: Report): number | undefined {
  const { p99, quietP99 } = medianOf(report, 'route-changes', wire.name);
  return quotient(p99, quietP99);
}

function quotient(value: number | undefined, by: number | undefined): number | undefined {
  return value === undefined || by === undefined ? undefined : value / by;
}
