/** The report for people: a summary of ratios, the figures to reach, and each scenario in full. */
import { REFERENCE } from '../contenders/all.ts';
import type { Metric, Sample } from '../measure/sample.ts';
import { figuresTable } from './figures.ts';
import { decimals, duration, kibibytes, mebibytes, ratio } from './format.ts';
import { type ContenderResult, medianOf, type Report, type ScenarioResult } from './report.ts';
import { table } from './table.ts';

export function markdown(report: Report): string {
  const figures = figuresTable(report);
  const ratios = summary(report);
  const sections = [
    `# Side by side\n\n${conditions(report)}`,
    ratios === undefined ? [] : `## CPU, as a ratio to tuned nginx\n\n${ratios}`,
    figures === undefined ? [] : `## Figures to reach\n\n${figures}`,
    report.scenarios.map(scenario => `## ${scenario.title}\n\n${details(report, scenario)}`),
  ];
  return `${sections.flat(2).join('\n\n')}\n`;
}

function conditions({ date, machine, rounds, seconds, contenders }: Report): string {
  const { cpu, cpus, memoryBytes, system, kernel, wrk, loadBefore } = machine;
  return [
    `${date.slice(0, 10)}, ${cpu}, ${cpus} CPUs, ${mebibytes(memoryBytes)}, ${system}, Linux ${kernel}, wrk ${wrk}; load average before: ${decimals(loadBefore, 2)}.`,
    `${rounds === 1 ? 'One round' : `Medians of ${rounds} rounds`} of ${seconds} s, taken in turns. The proxy has one CPU to itself, load and backend have the rest.`,
    '',
    ...contenders.map(({ title, version }) => `- ${title}: ${version}`),
  ].join('\n');
}

/** @returns undefined unless there is something to compare with */
function summary(report: Report): string | undefined {
  const others = report.contenders.filter(({ name }) => name !== REFERENCE);
  const rows = report.scenarios
    .filter(({ name }) => medianOf(report, name, REFERENCE).cpu !== undefined)
    .map(({ name, title, unit }) => {
      const reference = medianOf(report, name, REFERENCE).cpu;
      const ratios = others.map(contender => ratio(medianOf(report, name, contender.name).cpu, reference));
      return [title, `${decimals(reference, 1)} µs/${unit}`, ...ratios];
    });
  return rows.length === 0 ? undefined : table(['', 'tuned nginx', ...others.map(({ title }) => title)], rows);
}

type Column = readonly [Metric, heading: (unit: string) => string, format: (value: number) => string];

const COLUMNS: readonly Column[] = [
  ['cpu', unit => `CPU µs/${unit}`, value => decimals(value, 1)],
  ['rate', unit => (unit === 'MiB' ? 'MiB/s' : `${unit}s/s`), value => decimals(value, 0)],
  ['p50', () => 'p50', duration],
  ['p99', () => 'p99', duration],
  ['quietP99', () => 'p99 without changes', duration],
  ['changes', () => 'changes asked/s', value => decimals(value, 0)],
  ['failed', () => 'failed', value => decimals(value, 0)],
  ['connectionBytes', () => 'RSS/connection', kibibytes],
  ['rss', () => 'RSS', mebibytes],
];

function details(report: Report, { contenders, unit }: ScenarioResult): string {
  const measured = contenders.filter(({ samples }) => samples.length > 0);
  const columns = COLUMNS.filter(([metric]) => measured.some(({ median }) => median[metric] !== undefined));
  const reference = contenders.find(({ name }) => name === REFERENCE)?.median.cpu;
  const showsRatio = reference !== undefined && measured.length > 1;
  const title = (name: string): string => report.contenders.find(contender => contender.name === name)?.title ?? name;
  const rows = measured.map(({ name, median }) => [
    title(name),
    ...(showsRatio ? [ratio(median.cpu, reference)] : []),
    ...columns.map(([metric, , format]) => cell(median, metric, format)),
  ]);
  const headings = ['', ...(showsRatio ? ['ratio'] : []), ...columns.map(([, heading]) => heading(unit))];
  const absent = contenders.filter(({ reason }) => reason !== undefined);
  const notes = absent.map(({ name, samples, reason }) => `- ${title(name)}, ${notMeasured(samples)}: ${reason}`);
  return [rows.length > 0 ? table(headings, rows) : [], notes.join('\n')].flat().filter(Boolean).join('\n\n');
}

function cell(median: Sample, metric: Metric, format: (value: number) => string): string {
  const value = median[metric];
  return value === undefined ? '' : format(value);
}

function notMeasured(samples: ContenderResult['samples']): string {
  return samples.length === 0 ? 'not measured' : `out after ${samples.length} rounds`;
}
