import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { spread } from '../../bench/measure/spread.ts';
import { figuresTable } from '../../bench/report/figures.ts';
import { markdown } from '../../bench/report/markdown.ts';
import type { EntryResult, Report } from '../../bench/report/report.ts';

const FIGURE = '10 000 Ingress routes, CPU to our own with Services';

describe('figures of the benchmark', () => {
  test('a ratio is the median of the ratios of each round, whatever the host did to a round', () => {
    const report = reportOf([
      entry('ingress-routes-10000', 'wire', [22, 44, 110]),
      entry('routes-10000', 'wire', [20, 40, 100]),
    ]);
    assert.deepEqual(rowOf(report), [FIGURE, '≤ 1.05', '', '1.1', '1.1 to 1.1', 'not reached']);
  });

  test('the middle half of the rounds stands beside the median', () => {
    const report = reportOf([
      entry('ingress-routes-10000', 'wire', [9, 10, 11, 12, 13]),
      entry('routes-10000', 'wire', [10, 10, 10, 10, 10]),
    ]);
    assert.deepEqual(rowOf(report), [FIGURE, '≤ 1.05', '', '1.1', '1 to 1.2', 'not reached']);
  });

  test('samples of different races are not compared', () => {
    const report = reportOf([entry('ingress-routes-10000', 'wire', [22])], [entry('routes-10000', 'wire', [20])]);
    assert.equal(rowOf(report), undefined);
  });

  test('a figure with a side that failed says why', () => {
    const report = reportOf([
      entry('ingress-routes-10000', 'wire', [22], 'it has ended'),
      entry('routes-10000', 'wire', [20, 20]),
    ]);
    assert.equal(rowOf(report)?.at(-1), 'not reached: it has ended');
    const nothing = reportOf([
      entry('ingress-routes-10000', 'wire', [], 'nobody listens'),
      entry('routes-10000', 'wire', [20]),
    ]);
    assert.equal(rowOf(nothing)?.at(-1), 'not measured: nobody listens');
  });

  test('a difference is that of each round', () => {
    const report = reportOf([entry('policy-rate-limit', 'wire', [20.5, 50.5]), entry('small-get', 'wire', [20, 50])]);
    const row = rowOf(report, 'policy-rate-limit: CPU µs above our small GET without');
    assert.deepEqual(row?.slice(3), ['0.5', '0.5 to 0.5', 'bar reached']);
  });

  test('the report shows a scenario by its race with all contenders', () => {
    const report = reportOf(
      [entry('small-get', 'wire', [20]), entry('small-get', 'nginx-tuned', [10])],
      [entry('routes-10000', 'wire', [60]), entry('small-get', 'wire', [50])],
    );
    const text = markdown({ ...report, scenarios: [{ name: 'small-get', title: 'Small GET', unit: 'request' }] });
    assert.match(text, /\| Small GET +\| 10\.0 µs\/request \| +2\.00 \|/);
    assert.doesNotMatch(text, /50\.0/);
  });
});

test('quartiles and the median lie on the line between two measurements', () => {
  assert.deepEqual(spread([4, 1, 3, 2]), { lower: 1.75, median: 2.5, upper: 3.25 });
  assert.deepEqual(spread([7]), { lower: 7, median: 7, upper: 7 });
});

function entry(scenario: string, contender: string, cpus: readonly number[], reason?: string): EntryResult {
  const samples = cpus.map(cpu => ({ cpu }));
  return { scenario, contender, median: samples[0] ?? {}, samples, ...(reason !== undefined && { reason }) };
}

function reportOf(...races: EntryResult[][]): Report {
  const machine = { cpu: '', cpus: 2, memoryBytes: 0, system: '', kernel: '', wrk: '', loadBefore: 0 };
  return {
    ...{ date: '2026-01-01T00:00:00.000Z', machine, rounds: 3, seconds: 1 },
    contenders: ['wire', 'nginx-tuned'].map(name => ({ name, title: name, version: '1' })),
    scenarios: [],
    races: races.map(entries => ({ name: 'race', entries })),
  };
}

function rowOf(report: Report, title = FIGURE): string[] | undefined {
  const line = figuresTable(report)
    ?.split('\n')
    .find(row => row.includes(title));
  return line
    ?.split('|')
    .slice(1, -1)
    .map(cell => cell.trim());
}
