/** The report for people: the figures to reach, and what they are made of. */
import type { Memory } from '../../measure/memory.ts';
import { decimals, duration, mebibytes } from '../../report/format.ts';
import { table } from '../../report/table.ts';
import { clusterIP, leastRequest, leastRequestOfOne } from '../contenders/kube-entry.ts';
import { nginx, nginxToOne } from '../contenders/nginx.ts';
import type { Measured } from '../measure/turns.ts';
import { figuresTable } from './figures.ts';
import { median, medianRatio, type PodsReport } from './pods-report.ts';

export function markdown(report: PodsReport): string {
  const figures = figuresTable(report);
  const sections = [
    `# Balancing over pods\n\n${conditions(report)}`,
    figures === undefined ? [] : `## Figures to reach\n\n${figures}`,
    section('Small GET to 10 pods, 64 connections', smallGet(report)),
    section('One of 10 pods ten times slower, half of what they can do', slowPod(report)),
    section('One of 10 pods fails', failingPod(report)),
    section('A thousand endpoint changes a second', endpointChanges(report)),
    section('First sync', firstSync(report)),
  ];
  return `${sections.flat().join('\n\n')}\n`;
}

function section(title: string, text: string | undefined): string[] {
  return text === undefined ? [] : [`## ${title}\n\n${text}`];
}

function conditions({ date, machine, versions }: PodsReport): string {
  const { cpu, cpus, memoryBytes, system, kernel, loadBefore } = machine;
  return [
    `${date.slice(0, 10)}, ${cpu}, ${cpus} CPUs, ${mebibytes(memoryBytes)}, ${system}, Linux ${kernel}; load average before: ${decimals(loadBefore, 2)}.`,
    'Where proxies are compared, the proxy has one CPU to itself, load and pods have the rest; they are measured in turns.',
    '',
    ...Object.entries(versions).map(([name, version]) => `- ${name}: ${version}`),
  ].join('\n');
}

function smallGet({ smallGet: measured, extent }: PodsReport): string | undefined {
  if (measured === undefined) return undefined;
  const rows = rowsOf(measured, samples => [
    decimals(
      median(samples, ({ cpu }) => cpu),
      1,
    ),
    decimals(
      median(samples, ({ perSecond }) => perSecond),
      0,
    ),
    duration(median(samples, ({ p99 }) => p99)),
    decimals(
      median(samples, ({ failed }) => failed),
      0,
    ),
  ]);
  const ratio = (of: string, to: string): string =>
    decimals(
      medianRatio(measured, { of, to }, ({ cpu }) => cpu),
      2,
    );
  return `Medians of ${extent.rounds} rounds of ${extent.seconds} s; a ratio is the median of the ratios within each round.

${table(['', 'CPU µs/request', 'requests/s', 'p99', 'failed'], rows)}

Ten pods cost nginx ${ratio(nginx.name, nginxToOne.name)} of what one costs it, and kube-entry ${ratio(leastRequest.name, leastRequestOfOne.name)}. The choice alone, of one pod by
least-request, costs ${ratio(leastRequestOfOne.name, clusterIP.name)} of a request to a ClusterIP.`;
}

function slowPod({ slowPod: measured, extent }: PodsReport): string | undefined {
  if (measured === undefined) return undefined;
  const rows = rowsOf(measured, samples => [
    duration(median(samples, ({ p50 }) => p50)),
    duration(median(samples, ({ p99 }) => p99)),
    samples.map(({ p99 }) => duration(p99)).join(', '),
    decimals(
      median(samples, ({ failed }) => failed),
      0,
    ),
  ]);
  return `Medians of ${extent.slowRounds} rounds of ${extent.slowSeconds} s. Each pod works on two requests at a time, for 10 ms each, the slow one for
100 ms. Requests arrive at random (Poisson), the same in every round; a latency counts from when the request was to be sent.

${table(['', 'p50', 'p99', 'p99 of each round', 'failed'], rows)}`;
}

function failingPod({ failingPod: measured }: PodsReport): string | undefined {
  if (measured === undefined) return undefined;
  const rows = measured.map(({ title, trouble, requests, before, after, reason }) => [
    `${title}, ${trouble}`,
    reason ?? String(requests),
    counts(before),
    counts(after),
  ]);
  return `500 requests a second; after two seconds one pod refuses connections, or answers 503 after 1 ms. HAProxy checks every pod every
2 s; the others only see what clients' requests meet. nginx tries another pod after a 502, 503 or 504 as well, which kube-entry does not
do unless it is asked to.

${table(['', 'requests', 'failed in the first second', 'failed later'], rows)}`;
}

function counts(failures: Readonly<Record<string, number>>): string {
  const texts = Object.entries(failures).map(([how, count]) => `${count} × ${how}`);
  return texts.length === 0 ? '0' : texts.join(', ');
}

function endpointChanges({ endpointChanges: measured }: PodsReport): string | undefined {
  if (measured === undefined) return undefined;
  const { services, seconds, perSecond, lag, quiet, changing, failures, mainThreadShare, memory } = measured;
  const row = (what: string, { requests, p50, p99, max }: typeof quiet): string[] => [
    ...[what, String(requests)],
    ...[p50, p99, max].map(duration),
  ];
  return [
    `${services} Services of 10 pods, two workers; ${decimals(perSecond, 0)} changes a second for ${seconds} s, each of which replaces a pod.`,
    '',
    table(
      ['Requests to all Services', 'requests', 'p50', 'p99', 'longest'],
      [row('before', quiet), row('while endpoints change', changing)],
    ),
    '',
    `- From when the API server sends a change until the last worker was seen to serve it: p50 ${decimals(lag.p50, 1)} ms, p99 ${decimals(lag.p99, 1)} ms, longest ${decimals(lag.max, 1)} ms, of ${lag.count}.`,
    `- Failed requests: ${failures.length}.`,
    `- The main thread used ${decimals(mainThreadShare * 100, 0)} % of a CPU. ${memoryText(memory)}`,
  ].join('\n');
}

function firstSync({ firstSync: measured }: PodsReport): string | undefined {
  if (measured === undefined) return undefined;
  const { services, endpoints, times, memory, kubernetes } = measured;
  return [
    `${services} Services with ${endpoints} pods of a real API server (${kubernetes}), two workers.`,
    '',
    `- From the start of the process until the last Service was served by its pods: ${times.map(time => `${decimals(time / 1000, 1)} s`).join(', ')}.`,
    `- ${memoryText(memory)}`,
  ].join('\n');
}

function memoryText({ rss, peakRss }: Memory): string {
  return `RSS ${mebibytes(rss)}, at most ${mebibytes(peakRss)}.`;
}

function rowsOf<Sample>(
  measured: readonly Measured<Sample>[],
  cells: (samples: readonly Sample[]) => readonly string[],
): string[][] {
  return measured.map(({ title, samples, reason }) => [
    reason === undefined ? title : `${title} (${reason})`,
    ...(samples.length === 0 ? [] : cells(samples)),
  ]);
}
