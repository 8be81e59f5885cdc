import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CONTENDERS } from '../../bench/contenders/all.ts';
import { wire } from '../../bench/contenders/kube-entry.ts';
import { nginxTuned } from '../../bench/contenders/nginx.ts';
import { type Entry, type Race, racesOf } from '../../bench/races.ts';
import { COMPARISONS } from '../../bench/report/figures.ts';
import { SCENARIOS } from '../../bench/scenarios/all.ts';
import { manyRoutes } from '../../bench/scenarios/many-routes.ts';
import { smallGet } from '../../bench/scenarios/small-get.ts';

const ROUTES: Entry = { scenario: manyRoutes, contender: wire };
const ONE: Entry = { scenario: smallGet, contender: wire };
const COMPARED = [{ of: ROUTES, to: ONE, metric: 'cpu', by: 'ratio' }] as const;

describe('races of the benchmark', () => {
  test('both sides of every figure that compares two are in one race', () => {
    const races = racesOf({ scenarios: SCENARIOS, contenders: CONTENDERS }, COMPARISONS);
    for (const { of, to } of COMPARISONS) {
      const common = races.filter(race => holds(race, of) && holds(race, to));
      assert.equal(common.length, 1, `${of.scenario.name} to ${to.scenario.name}`);
    }
  });

  test('each chosen contender takes part in each chosen scenario', () => {
    const races = racesOf({ scenarios: SCENARIOS, contenders: [wire, nginxTuned] }, COMPARISONS);
    for (const scenario of SCENARIOS) {
      for (const contender of [wire, nginxTuned]) {
        assert.ok(
          races.some(race => holds(race, { scenario, contender })),
          `${contender.name} in ${scenario.name}`,
        );
      }
    }
  });

  test('two scenarios that are compared meet in a race of their own, without the contenders that are not compared', () => {
    const races = racesOf({ scenarios: [smallGet, manyRoutes], contenders: [wire, nginxTuned] }, COMPARED);
    assert.deepEqual(names(races), [
      'small-get: wire in small-get, nginx-tuned in small-get',
      'routes-10000: wire in routes-10000, nginx-tuned in routes-10000',
      'routes-10000-to-small-get: wire in routes-10000, wire in small-get',
    ]);
  });

  test('a scenario whose contenders are all measured in comparisons has no race of its own', () => {
    const races = racesOf({ scenarios: [smallGet, manyRoutes], contenders: [wire] }, COMPARED);
    assert.deepEqual(names(races), ['routes-10000-to-small-get: wire in routes-10000, wire in small-get']);
  });

  test('a comparison of which one side was not chosen is left out', () => {
    assert.deepEqual(names(racesOf({ scenarios: [manyRoutes], contenders: [wire] }, COMPARED)), [
      'routes-10000: wire in routes-10000',
    ]);
  });
});

function holds({ entries }: Race, { scenario, contender }: Entry): boolean {
  return entries.some(entry => entry.scenario === scenario && entry.contender === contender);
}

function names(races: readonly Race[]): string[] {
  return races.map(({ name, entries }) => {
    const among = entries.map(({ scenario, contender }) => `${contender.name} in ${scenario.name}`);
    return `${name}: ${among.join(', ')}`;
  });
}
