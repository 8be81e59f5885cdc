/** Which measurements a run makes. What is to be compared is measured in the same rounds, seconds apart. */
import type { Contender } from './contenders/contender.ts';
import type { Metric } from './measure/sample.ts';
import type { Scenario } from './scenarios/scenario.ts';

/** One proxy in one scenario. */
export interface Entry {
  readonly scenario: Scenario;
  readonly contender: Contender;
}

/** What one entry has of a metric, beside what the other has, round by round. */
export interface Comparison {
  readonly of: Entry;
  readonly to: Entry;
  readonly metric: Metric;
  readonly by: 'ratio' | 'difference';
}

/** Entries that are measured in the same rounds. */
export interface Race {
  readonly name: string;
  readonly entries: readonly Entry[];
}

interface Chosen {
  readonly scenarios: readonly Scenario[];
  readonly contenders: readonly Contender[];
}

/** One for each scenario, with all contenders, then one for each comparison of two scenarios, with these two entries. */
export function racesOf({ scenarios, contenders }: Chosen, comparisons: readonly Comparison[]): Race[] {
  const isChosen = (entry: Entry) => scenarios.includes(entry.scenario) && contenders.includes(entry.contender);
  const ofTwo = comparisons
    .filter(({ of, to }) => of.scenario !== to.scenario && isChosen(of) && isChosen(to))
    .map(({ of, to }) => ({ name: `${of.scenario.name}-to-${to.scenario.name}`, entries: [of, to] }));
  const isCompared = (entry: Entry) => ofTwo.some(({ entries }) => entries.some(other => isSameEntry(other, entry)));
  const ofOne = scenarios
    .map(scenario => ({ name: scenario.name, entries: contenders.map(contender => ({ scenario, contender })) }))
    // What its comparisons have measured need not be measured once more.
    .filter(({ entries }) => !entries.every(isCompared));
  return [...ofOne, ...ofTwo];
}

function isSameEntry(one: Entry, other: Entry): boolean {
  return one.scenario === other.scenario && one.contender === other.contender;
}
