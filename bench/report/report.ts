import type { Machine } from '../measure/machine.ts';
import type { Sample } from '../measure/sample.ts';
import { type Spread, spread } from '../measure/spread.ts';
import type { Comparison, Entry } from '../races.ts';
import type { Scenario } from '../scenarios/scenario.ts';

/** Everything that a run yields; what results.json holds. */
export interface Report {
  /** ISO 8601. */
  readonly date: string;
  readonly machine: Machine;
  readonly rounds: number;
  /** Of load in each round. */
  readonly seconds: number;
  readonly contenders: readonly ContenderFacts[];
  readonly scenarios: readonly ScenarioFacts[];
  readonly races: readonly RaceResult[];
}

export interface ContenderFacts {
  readonly name: string;
  readonly title: string;
  /** Or the reason why there is no result. */
  readonly version: string;
}

export type ScenarioFacts = Pick<Scenario, 'name' | 'title' | 'unit'>;

/** What was measured in the same rounds: samples of the same index belong together. */
export interface RaceResult {
  readonly name: string;
  readonly entries: readonly EntryResult[];
}

export interface EntryResult {
  readonly scenario: string;
  readonly contender: string;
  /** Empty when nothing was measured. */
  readonly median: Sample;
  readonly samples: readonly Sample[];
  /** Why nothing was measured, or not in all rounds. */
  readonly reason?: string;
}

/** The first race counts: where there is one with all contenders of a scenario, it is that one. */
export function resultOf({ races }: Report, scenario: string, contender: string): EntryResult | undefined {
  return races.flatMap(({ entries }) => entries).find(isOf(scenario, contender));
}

/** @returns empty for what was not measured */
export function medianOf(report: Report, scenario: string, contender: string): Sample {
  return resultOf(report, scenario, contender)?.median ?? {};
}

/** An entry by its names alone. */
type Named = { readonly [Part in keyof Entry]: { readonly name: string } };

/** What a comparison came to, in each round by itself. */
export interface ComparisonResult {
  /** undefined when no round has both. */
  readonly spread: Spread | undefined;
  /** Why there is none, or not one of all rounds. */
  readonly reason: string | undefined;
}

/** @returns undefined when no race has both */
export function compare(
  { races }: Report,
  { of, to, metric, by }: Pick<Comparison, 'metric' | 'by'> & { readonly of: Named; readonly to: Named },
): ComparisonResult | undefined {
  for (const { entries } of races) {
    const one = entries.find(isOf(of.scenario.name, of.contender.name));
    const other = entries.find(isOf(to.scenario.name, to.contender.name));
    if (one === undefined || other === undefined) continue;
    const values = one.samples.flatMap(({ [metric]: value }, round) => {
      const base = other.samples[round]?.[metric];
      if (value === undefined || base === undefined) return [];
      return by === 'ratio' ? value / base : value - base;
    });
    return { spread: values.length === 0 ? undefined : spread(values), reason: one.reason ?? other.reason };
  }
  return undefined;
}

function isOf(scenario: string, contender: string): (entry: EntryResult) => boolean {
  return entry => entry.scenario === scenario && entry.contender === contender;
}
