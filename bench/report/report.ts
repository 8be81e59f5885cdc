import type { Machine } from '../measure/machine.ts';
import type { Sample } from '../measure/sample.ts';
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
  readonly scenarios: readonly ScenarioResult[];
}

export interface ContenderFacts {
  readonly name: string;
  readonly title: string;
  /** Or the reason why there is no result. */
  readonly version: string;
}

export interface ScenarioResult extends Pick<Scenario, 'name' | 'title' | 'unit'> {
  readonly contenders: readonly ContenderResult[];
}

export interface ContenderResult {
  readonly name: string;
  /** Empty when nothing was measured. */
  readonly median: Sample;
  readonly samples: readonly Sample[];
  /** Why nothing was measured, or not in all rounds. */
  readonly reason?: string;
}

/** @returns empty for what was not measured */
export function medianOf({ scenarios }: Report, scenario: string, contender: string): Sample {
  const result = scenarios.find(({ name }) => name === scenario);
  return result?.contenders.find(({ name }) => name === contender)?.median ?? {};
}
