/** The report for people: a summary of ratios, the figures to reach, and each scenario in full. */
import { REFERENCE } from '../contenders/all.ts';
import type { Metric, Sample } from '../measure/sample.ts';
import { figuresTable } from './figures.ts';
import { decimals, duration, kibibytes, mebibytes } from './format.ts';
import { compare, type EntryResult, medianOf, type Report, resultOf, type ScenarioFacts } from './report.ts';
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
    `${rounds === 1 ? 'One round' : `Medians of ${rounds} rounds`} of ${seconds} s, taken in turns; a ratio is the median of the ratios within each round. The proxy has one CPU to itself, load and backend have the rest.`,
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
      const ratios = others.map(contender => toReference(report, name, contender.name));
      return [title, `${decimals(reference, 1)} µs/${unit}`, ...ratios];
    });
  return rows.length === 0 ? undefined : table(['', 'tuned nginx', ...others.map(({ title }) => title)], rows);
}

function toReference(report: Report, name: string, contender: string): string {
  const of = { scenario: { name }, contender: { name: contender } };
  const to = { scenario: { name }, contender: { name: REFERENCE } };
  return decimals(compare(report, { of, to, metric: 'cpu', by: 'ratio' })?.spread?.median, 2);
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

function details(report: Report, { name: scenario, unit }: ScenarioFacts): string {
  const contenders = report.contenders.flatMap(({ name }) => resultOf(report, scenario, name) ?? []);
  const measured = contenders.filter(({ samples }) => samples.length > 0);
  const columns = COLUMNS.filter(([metric]) => measured.some(({ median }) => median[metric] !== undefined));
  const showsRatio = medianOf(report, scenario, REFERENCE).cpu !== undefined && measured.length > 1;
  const title = (name: string): string => report.contenders.find(contender => contender.name === name)?.title ?? name;
  const rows = measured.map(({ contender, median }) => [
    title(contender),
    ...(showsRatio ? [toReference(report, scenario, contender)] : []),
    ...columns.map(([metric, , format]) => cell(median, metric, format)),
  ]);
  const headings = ['', ...(showsRatio ? ['ratio'] : []), ...columns.map(([, heading]) => heading(unit))];
  const absent = contenders.filter(({ reason }) => reason !== undefined);
  const notes = absent.map(
    ({ contender, samples, reason }) => `- ${title(contender)}, ${notMeasured(samples)}: ${reason}`,
  );
  return [rows.length > 0 ? table(headings, rows) : [], notes.join('\n')].flat().filter(Boolean).join('\n\n');
}

function cell(median: Sample, metric: Metric, format: (value: number) => string): string {
  const value = median[metric];
  return value === undefined ? '' : format(value);
}

function notMeasured(samples: EntryResult['samples']): string {
  return samples.length === 0 ? 'not measured' : `out after ${samples.length} rounds`;
}
