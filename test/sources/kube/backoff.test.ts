import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Backoff } from '../../../src/sources/kube/backoff.ts';

const series = (backoff: Backoff, length: number) => Array.from({ length }, () => backoff.next());

describe('the pauses between attempts', () => {
  it('double from 0.8 s up to 30 s', () => {
    const ceilings = series(new Backoff(() => 1), 7);
    assert.deepEqual(ceilings, [1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
    const floors = series(new Backoff(() => 0), 7);
    assert.deepEqual(floors, [800, 1600, 3200, 6400, 12_800, 15_000, 15_000]);
  });

  it('stay below a second while nobody answers, and lengthen no others', () => {
    const backoff = new Backoff(() => 1);
    const patient = new Backoff(() => 0);
    for (let attempt = 0; attempt < 10; attempt += 1) {
      assert.equal(backoff.soon(), 1_000);
      assert.equal(patient.soon(), 500);
    }
    assert.equal(backoff.next(), 1_600);
  });

  it('begin anew after two good minutes, not sooner', () => {
    const backoff = new Backoff(() => 0);
    series(backoff, 3);
    backoff.recovered(119_999);
    assert.equal(backoff.next(), 6400);
    backoff.recovered(120_000);
    assert.equal(backoff.next(), 800);
  });
});
