/** What kube-entry has set itself to reach with pods, and where it stands. */
import { table } from '../../report/table.ts';
import { haproxy } from '../contenders/haproxy.ts';
import { clusterIP, ewma, leastRequest } from '../contenders/kube-entry.ts';
import { nginx } from '../contenders/nginx.ts';
import { type FailingPod, TROUBLES } from '../measure/failing-pod.ts';
import { median, medianRatio, type PodsReport, total } from './pods-report.ts';

interface Figure {
  readonly title: string;
  readonly bar: number;
  readonly unit: string;
  /** NaN when the run did not measure it */
  readonly measured: (report: PodsReport) => number;
}

const MIB = 1024 ** 2;

const FIGURES: readonly Figure[] = [
  {
    title: 'small GET to 10 pods by least-request, CPU to our own with one ClusterIP',
    ...{ bar: 1.05, unit: '', measured: smallGetToOne },
  },
  ...[nginx, haproxy].flatMap(other =>
    [leastRequest, ewma].map(own => ({
      title: `one slow pod, p99 by ${own.name} to ${other.title}`,
      ...{ bar: 1, unit: '', measured: (report: PodsReport) => slowPodP99(report, own.name, other.name) },
    })),
  ),
  ...TROUBLES.map(trouble => ({
    title: `one pod ${trouble}, requests that fail after its ejection`,
    ...{ bar: 0, unit: '', measured: (report: PodsReport) => failures(report, trouble, ({ after }) => total(after)) },
  })),
  {
    title: 'one pod refusing, requests that fail before its ejection',
    ...{ bar: 0, unit: '', measured: report => failures(report, 'refusing', ({ before }) => total(before)) },
  },
  {
    title: 'first sync with all pods, from the start of the process',
    ...{ bar: 8, unit: 's', measured: ({ firstSync }) => median(firstSync?.times ?? [], time => time) / 1000 },
  },
  {
    title: 'RSS with all pods and two workers',
    ...{ bar: 450, unit: 'MiB', measured: ({ firstSync }) => (firstSync?.memory.rss ?? Number.NaN) / MIB },
  },
  {
    title: '1 000 endpoint changes a second, until the last worker serves one, p99',
    ...{ bar: 20, unit: 'ms', measured: ({ endpointChanges }) => endpointChanges?.lag.p99 ?? Number.NaN },
  },
  {
    title: '1 000 endpoint changes a second, failed requests',
    ...{ bar: 0, unit: '', measured: ({ endpointChanges }) => endpointChanges?.failures.length ?? Number.NaN },
  },
  {
    title: '1 000 endpoint changes a second, p99 to a quiet table',
    ...{ bar: 1.3, unit: '', measured: changesToQuiet },
  },
];

/** @returns undefined when the run measured none of them */
export function figuresTable(report: PodsReport): string | undefined {
  const rows = FIGURES.flatMap(({ title, bar, unit, measured }) => {
    const value = measured(report);
    if (Number.isNaN(value)) return [];
    return [
      [title, `≤ ${bar} ${unit}`, `${Number(value.toFixed(2))} ${unit}`, value <= bar ? 'reached' : 'not reached'],
    ];
  });
  return rows.length === 0 ? undefined : table(['', 'to reach', 'measured', ''], rows);
}

function smallGetToOne({ smallGet }: PodsReport): number {
  return medianRatio(smallGet, { of: leastRequest.name, to: clusterIP.name }, ({ cpu }) => cpu);
}

function slowPodP99({ slowPod }: PodsReport, own: string, other: string): number {
  return medianRatio(slowPod, { of: own, to: other }, ({ p99 }) => p99);
}

function failures(report: PodsReport, trouble: FailingPod['trouble'], count: (one: FailingPod) => number): number {
  const own = report.failingPod?.find(one => one.name === leastRequest.name && one.trouble === trouble);
  return own === undefined || own.reason !== undefined ? Number.NaN : count(own);
}

function changesToQuiet({ endpointChanges }: PodsReport): number {
  return endpointChanges === undefined ? Number.NaN : endpointChanges.changing.p99 / endpointChanges.quiet.p99;
}
