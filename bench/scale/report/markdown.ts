/** The report for people: the figures to reach, what they are made of, and nginx beside them. */
import type { Distribution } from '../../measure/distribution.ts';
import type { Memory } from '../../measure/memory.ts';
import { decimals, mebibytes, ratio } from '../../report/format.ts';
import { table } from '../../report/table.ts';
import type { NginxReload } from '../measure/nginx-reload.ts';
import type { ChangeTimes } from '../measure/single-changes.ts';
import { figuresTable } from './figures.ts';
import { middle, type ScaleReport } from './scale-report.ts';

export function markdown(report: ScaleReport): string {
  const sections = [
    `# ${report.scale.services} Services\n\n${conditions(report)}`,
    `## Figures to reach\n\n${figuresTable(report)}`,
    `## A Service changes\n\n${changes(report)}`,
    `## A hundred changes a second\n\n${steady(report)}`,
    `## First sync, memory, and a list from the beginning\n\n${others(report)}`,
    `## nginx in its place\n\n${nginx(report)}`,
  ];
  return `${sections.join('\n\n')}\n`;
}

function conditions({ date, machine, versions, workers }: ScaleReport): string {
  const { cpu, cpus, memoryBytes, system, kernel, loadBefore } = machine;
  return [
    `${date.slice(0, 10)}, ${cpu}, ${cpus} CPUs, ${mebibytes(memoryBytes)}, ${system}, Linux ${kernel}; load average before: ${decimals(loadBefore, 2)}.`,
    `kube-entry ${versions.kubeEntry} on Node ${versions.node}, as in its image, ${workers} workers; Kubernetes ${versions.kubernetes} with etcd in memory. All of it shares these CPUs.`,
  ].join('\n');
}

function changes({ changes: { few, many }, scale }: ScaleReport): string {
  const rows = [...rowsOf(`${scale.fewServices} routes`, few), ...rowsOf(`${scale.services} routes`, many)];
  const heading = ['Until every worker answers by the change, ms', 'changes', 'p50', 'p99', 'longest'];
  return `${table(heading, rows)}

Each worker is asked on a connection of its own, a millisecond after its last answer. A negative time is of a change that
every worker served before its author had the API server's answer.`;
}

function rowsOf(what: string, { fromSent, fromAnswered, fromEvent }: ChangeTimes): string[][] {
  return [
    [`${what}, from when it is sent to the API server`, ...cells(fromSent)],
    [`${what}, from the API server's answer`, ...cells(fromAnswered)],
    [`${what}, from when another watch is told of it`, ...cells(fromEvent)],
  ];
}

function cells({ count, p50, p99, max }: Distribution): string[] {
  return [String(count), ...[p50, p99, max].map(value => decimals(value, 1))];
}

function steady({ steady: measured }: ScaleReport): string {
  const { seconds, changes: made, perSecond, versions, lag, convergedMs, wrongRoutes, clients } = measured;
  const share = (value: number): string => `${decimals(value * 100, 0)} %`;
  return [
    table(['While they come, ms', 'changes', 'p50', 'p99', 'longest'], rowsOf('100 a second', lag)),
    '',
    `- ${made} changes in ${seconds} s (${decimals(perSecond, 1)} a second) made ${versions} versions of the table.`,
    `- The table was the cluster's ${decimals(convergedMs, 0)} ms after the last answer, the time to read both included; routes that differ: ${wrongRoutes}.`,
    `- The main thread used ${share(measured.mainThreadShare)} of a CPU, the whole process, with its clients' requests, ${share(measured.processShare)}.`,
    `- ${clients.requests} requests for a Service that did not change, failed: ${failures(clients.failures)}; longest gap between two answers ${decimals(clients.longestGapMs, 0)} ms.`,
  ].join('\n');
}

function others({ firstSyncs, memory, relist }: ScaleReport): string {
  const row = (what: string, { rss, pss, peakRss }: Memory): string[] => [what, ...[rss, pss, peakRss].map(mebibytes)];
  return [
    table(
      ['First sync until every worker serves, ms', 'median', 'each'],
      [
        ['from the start of the process', ...syncs(firstSyncs.map(({ fromStartMs }) => fromStartMs))],
        ['from when it listens', ...syncs(firstSyncs.map(({ fromListeningMs }) => fromListeningMs))],
      ],
    ),
    '',
    table(
      ['Memory of the process', 'RSS', 'PSS', 'highest RSS'],
      [row('after the first sync', memory.settled), row('after all changes', memory.afterChanges)],
    ),
    '',
    `Stopped while the API server lost its history: ${relist.services} Services were listed again (lists: ${relist.lists}), one of them different; versions of the table made: ${relist.versions}; served ${decimals(relist.convergedMs, 0)} ms after the program went on.`,
  ].join('\n');
}

function syncs(values: readonly number[]): string[] {
  return [decimals(middle(values), 0), values.map(value => decimals(value, 0)).join(', ')];
}

function nginx(report: ScaleReport): string {
  const { nginx: measured } = report;
  if (typeof measured === 'string') return `Not measured: ${measured}`;
  return `${comparison(report, measured)}

nginx ${measured.version} with ${measured.locations} locations and one worker; a change is a reload. kube-entry's memory is that of the
whole process with ${report.workers} workers.`;
}

function comparison({ changes: { many }, memory, steady: { clients } }: ScaleReport, measured: NginxReload): string {
  const { reload, formerGone, worker } = measured;
  const { fromSent } = many;
  return table(
    ['', 'nginx', 'kube-entry', 'ratio'],
    [
      [
        'a change is served, p50 ms',
        decimals(reload.p50, 0),
        decimals(fromSent.p50, 0),
        ratio(fromSent.p50, reload.p50),
      ],
      ['the longest, ms', decimals(reload.max, 0), decimals(fromSent.max, 0), ratio(fromSent.max, reload.max)],
      ['the former worker is gone, p50 ms', decimals(formerGone.p50, 0), '', ''],
      ['RSS', `${mebibytes(worker.rss)} a worker`, mebibytes(memory.settled.rss), ''],
      ['changes meanwhile', String(reload.count), '100 a second', ''],
      ['requests meanwhile', String(measured.clients.requests), String(clients.requests), ''],
      ['failed', failures(measured.clients.failures), failures(clients.failures), ''],
    ],
  );
}

function failures(kinds: Readonly<Record<string, number>>): string {
  const all = Object.entries(kinds).map(([kind, count]) => `${count} × ${kind}`);
  return all.length === 0 ? '0' : all.join(', ');
}
