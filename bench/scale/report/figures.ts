/** What kube-entry has set itself to reach with so many Services, and where it stands. */
import { table } from '../../report/table.ts';
import { middle, type ScaleReport } from './scale-report.ts';

interface Figure {
  readonly title: string;
  readonly bar: number;
  readonly aim: number;
  readonly unit: string;
  readonly measured: (report: ScaleReport) => number;
}

const MIB = 1024 ** 2;

const FIGURES: readonly Figure[] = [
  {
    title: 'a change served by every worker, few routes, p99',
    ...{ bar: 50, aim: 15, unit: 'ms', measured: ({ changes }) => changes.few.fromSent.p99 },
  },
  {
    title: 'the same with all routes',
    ...{ bar: 80, aim: 20, unit: 'ms', measured: ({ changes }) => changes.many.fromSent.p99 },
  },
  {
    title: 'first sync, from the start of the process',
    ...{ bar: 5, aim: 2, unit: 's', measured: ({ firstSyncs }) => seconds(firstSyncs) },
  },
  {
    title: 'RSS with all routes and two workers',
    ...{ bar: 300, aim: 200, unit: 'MiB', measured: ({ memory }) => memory.settled.rss / MIB },
  },
  {
    title: '100 changes a second, routes that differ in the end',
    ...{ bar: 0, aim: 0, unit: '', measured: ({ steady }) => steady.wrongRoutes },
  },
  {
    title: '100 changes a second, failed requests',
    ...{ bar: 0, aim: 0, unit: '', measured: ({ steady }) => sum(Object.values(steady.clients.failures)) },
  },
  {
    title: 'a list with one real difference, versions beside the one',
    ...{ bar: 0, aim: 0, unit: '', measured: ({ relist }) => Math.abs(relist.versions - 1) },
  },
];

export function figuresTable(report: ScaleReport): string {
  const rows = FIGURES.map(({ title, bar, aim, unit, measured }) => {
    const value = measured(report);
    const standing = value <= aim ? 'aim reached' : value <= bar ? 'bar reached' : 'not reached';
    return [title, `≤ ${bar} ${unit}`, `≤ ${aim} ${unit}`, `${Number(value.toFixed(1))} ${unit}`, standing];
  });
  return table(['', 'bar', 'aim', 'measured', ''], rows);
}

function seconds(firstSyncs: ScaleReport['firstSyncs']): number {
  return middle(firstSyncs.map(({ fromStartMs }) => fromStartMs)) / 1000;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
