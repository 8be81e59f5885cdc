import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InFlightRow, InFlightTable, REFUSED, UNCOUNTED } from '../../src/limits/in-flight-table.ts';
import type { BudgetKey } from '../../src/limits/rate-table.ts';
import fc from '../support/property.ts';

/** Slots that a key may be in. */
const WAYS = 32;
const WORKERS = 2;

/** A table, with the rows of two workers. */
function tableWithRows(): [InFlightTable, InFlightRow, InFlightRow] {
  const table = new InFlightTable(WORKERS);
  return [table, new InFlightRow(table.buffer, 0), new InFlightRow(table.buffer, 1)];
}

/** Keys that share a window, each with its own first slot. */
function neighbours(count: number): BudgetKey[] {
  return Array.from({ length: count }, (_, index) => ({ low: index + 1, high: 0 }));
}

describe('the table of requests in flight', () => {
  it('counts over workers, and refuses beyond the most', () => {
    const [, one, other] = tableWithRows();
    const [key] = neighbours(1) as [BudgetKey];
    const first = one.begin(key, 2);
    const second = other.begin(key, 2);
    assert.ok(first >= 0 && second >= 0);
    assert.deepEqual([one.begin(key, 2), other.begin(key, 2)], [REFUSED, REFUSED]);
    one.end(first);
    assert.ok(other.begin(key, 2) >= 0);
    assert.equal(one.begin(key, 2), REFUSED);
  });

  it('counts a request whose slot another worker takes between two looks at it', t => {
    const [, one, other] = tableWithRows();
    const [key] = neighbours(1) as [BudgetKey];
    const { load } = Atomics;
    let taken = -1;
    const looks = t.mock.method(Atomics, 'load', (array: Int32Array | BigInt64Array, index: number) => {
      const found: unknown = array instanceof BigInt64Array ? load(array, index) : load(array, index);
      if (found === 0n && taken < 0) {
        looks.mock.restore();
        taken = other.begin(key, 2);
      }
      return found;
    });
    const slot = one.begin(key, 2);
    assert.ok(taken >= 0);
    assert.equal(slot, taken);
    assert.equal(one.begin(key, 2), REFUSED);
  });

  it('forgets what a worker that has died counted, and nothing else', () => {
    const [table, one, other] = tableWithRows();
    const [key] = neighbours(1) as [BudgetKey];
    for (const row of [one, one, other]) assert.ok(row.begin(key, 3) >= 0);
    assert.equal(other.begin(key, 3), REFUSED);
    table.clearRow(0);
    assert.ok(other.begin(key, 3) >= 0);
    assert.ok(other.begin(key, 3) >= 0);
    assert.equal(other.begin(key, 3), REFUSED);
  });

  it('does what a map of counts does, for any order of requests and ends', () => {
    const steps = fc.array(
      fc.record({ worker: fc.nat({ max: WORKERS - 1 }), client: fc.nat({ max: 60 }), ends: fc.boolean() }),
      { maxLength: 400 },
    );
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 4 }), (asked, most) => {
        const [, ...rows] = tableWithRows();
        const counts = new Map<number, number>();
        const underWay: { readonly client: number; readonly place: number; readonly row: InFlightRow }[] = [];
        // No more clients at once than a window holds.
        const keys = neighbours(WAYS - 1);
        for (const { worker, client: any, ends } of asked) {
          const client = any % keys.length;
          const row = rows[worker] as InFlightRow;
          if (ends) {
            const over = underWay.shift();
            if (over === undefined) continue;
            over.row.end(over.place);
            counts.set(over.client, (counts.get(over.client) ?? 0) - 1);
            continue;
          }
          const place = row.begin(keys[client] as BudgetKey, most);
          const before = counts.get(client) ?? 0;
          assert.equal(place >= 0, before < most);
          if (place < 0) continue;
          counts.set(client, before + 1);
          underWay.push({ client, place, row });
        }
      }),
      { numRuns: 60 },
    );
  });

  it('gives the places of clients without requests to others', () => {
    const [, one, other] = tableWithRows();
    for (const key of neighbours(10 * WAYS)) {
      const place = one.begin(key, 1);
      assert.ok(place >= 0);
      assert.equal(other.begin(key, 1), REFUSED);
      one.end(place);
    }
  });

  it('that is full lets further clients pass without counting them', () => {
    const [, one, other] = tableWithRows();
    const [first, ...others] = neighbours(WAYS + 1) as [BudgetKey, ...BudgetKey[]];
    const places = others.map(key => one.begin(key, 1));
    assert.ok(places.every(place => place >= 0));
    assert.equal(other.begin(first, 1), UNCOUNTED);
    other.end(UNCOUNTED);
    for (const key of others) assert.equal(other.begin(key, 1), REFUSED);
    one.end(places[0] as number);
    assert.ok(other.begin(first, 1) >= 0);
  });
});
