import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KeyedHash } from '../../src/limits/keyed-hash.ts';
import { type BudgetKey, type Rate, RateTable, rateOf } from '../../src/limits/rate-table.ts';
import fc from '../support/property.ts';

const TEN_A_SECOND = rateOf(10, 1_000, 50);
/** Slots that a key may be in. */
const WAYS = 32;

/** A leaky bucket, as nginx has it, with whole numbers: the same algorithm, told in another way. */
class Bucket {
  /** In parts of an interval. */
  #level = 0n;
  #at = 0n;

  take(now: bigint, interval: bigint, burst: bigint): boolean {
    const leaked = now - this.#at;
    this.#at = now;
    this.#level = this.#level > leaked ? this.#level - leaked : 0n;
    if (this.#level + interval > interval * burst) return false;
    this.#level += interval;
    return true;
  }
}

function granted(table: RateTable, key: BudgetKey, now: number, rate: Rate, times: number): number {
  let count = 0;
  for (let turn = 0; turn < times; turn += 1) if (table.take(key, now, rate) === 0) count += 1;
  return count;
}

/** Keys that share a window, each with its own first slot. */
function neighbours(count: number): BudgetKey[] {
  return Array.from({ length: count }, (_, index) => ({ low: index + 1, high: 0 }));
}

describe('the table of rates', () => {
  it('grants the burst at once, and then the rate', () => {
    const table = new RateTable();
    const [key] = neighbours(1) as [BudgetKey];
    assert.equal(granted(table, key, 5_000, TEN_A_SECOND, 200), 50);
    assert.equal(granted(table, key, 5_099, TEN_A_SECOND, 200), 0);
    assert.equal(granted(table, key, 5_100, TEN_A_SECOND, 200), 1);
    assert.equal(granted(table, key, 6_100, TEN_A_SECOND, 200), 10);
    assert.equal(granted(table, key, 1_000_000, TEN_A_SECOND, 200), 50);
  });

  it('says after how long a request will be granted: then it is, and not before', () => {
    const table = new RateTable();
    const [key] = neighbours(1) as [BudgetKey];
    granted(table, key, 0, TEN_A_SECOND, 50);
    const wait = table.take(key, 30, TEN_A_SECOND);
    assert.equal(wait, 70);
    assert.notEqual(table.take(key, 30 + wait - 0.01, TEN_A_SECOND), 0);
    assert.equal(table.take(key, 30 + wait, TEN_A_SECOND), 0);
  });

  it('grants what a leaky bucket grants, request by request, for any rates and times', () => {
    const rates = fc.record({
      requests: fc.integer({ min: 1, max: 1_000_000 }),
      periodMs: fc.constantFrom(1_000, 60_000, 3_600_000),
      burst: fc.integer({ min: 1, max: 40 }),
    });
    const requests = fc.array(
      fc.record({ client: fc.nat({ max: 70 }), steps: fc.double({ min: 0, max: 3, noNaN: true }) }),
      { maxLength: 300 },
    );
    fc.assert(
      fc.property(
        rates,
        requests,
        fc.integer({ min: 0, max: 2 ** 33 }),
        ({ requests: count, periodMs, burst }, asked, start) => {
          const table = new RateTable(new SharedArrayBuffer(new RateTable().buffer.byteLength));
          const hash = new KeyedHash(1, 2);
          const rate = rateOf(count, periodMs, burst);
          const buckets = new Map<number, Bucket>();
          let now = start;
          for (const { client, steps } of asked) {
            now += steps * rate.interval;
            hash.hash(String(client));
            const bucket = buckets.getOrInsertComputed(client, () => new Bucket());
            const expected = bucket.take(
              BigInt(Math.floor(now * 262_144)),
              BigInt(rate.interval * 262_144),
              BigInt(burst),
            );
            assert.equal(table.take(hash, now, rate) === 0, expected);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('keeps the budgets of 100 000 clients at once, in 4 MiB', () => {
    const table = new RateTable();
    assert.equal(table.buffer.byteLength, 4 << 20);
    const hash = new KeyedHash(1, 2);
    const rate = rateOf(1, 3_600_000, 2);
    const all = Array.from({ length: 100_000 }, (_, index) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`);
    for (const expected of [0, 0, 3_600_000]) {
      for (const client of all) {
        hash.hash(client);
        assert.equal(table.take(hash, 1_000, rate), expected, client);
      }
    }
  });

  it('gives the place of a client whose time has passed to another, which takes nothing from anyone', () => {
    const table = new RateTable();
    const [first, ...others] = neighbours(WAYS + 1) as [BudgetKey, ...BudgetKey[]];
    for (const key of others) assert.equal(granted(table, key, 0, TEN_A_SECOND, 50), 50);
    // 5 seconds later all of them have their whole budgets again.
    assert.equal(granted(table, first, 5_000, TEN_A_SECOND, 60), 50);
    for (const key of others) assert.equal(granted(table, key, 5_000, TEN_A_SECOND, 60), 50);
  });

  it('that is full takes the place of the client that is nearest to its rate, and of no other', () => {
    const table = new RateTable();
    const keys = neighbours(WAYS);
    for (const [index, key] of keys.entries()) granted(table, key, 0, TEN_A_SECOND, 10 + index);
    const [newest] = neighbours(WAYS + 1).slice(-1) as [BudgetKey];
    assert.equal(granted(table, newest, 0, TEN_A_SECOND, 60), 50);
    for (const [index, key] of keys.entries()) {
      if (index > 0) assert.equal(granted(table, key, 0, TEN_A_SECOND, 60), 40 - index, String(index));
    }
  });

  it('is not filled at one place by clients who know the hash of another process', () => {
    const theirs = new KeyedHash(1, 2);
    const ours = new KeyedHash(3, 4);
    const windowOf = (hash: KeyedHash, client: string): number => {
      hash.hash(client);
      return hash.high & (262_144 - WAYS);
    };
    const chosen = Array.from({ length: 200_000 }, (_, index) => `2001:db8:${index.toString(16)}::`).filter(
      client => windowOf(theirs, client) === 0,
    );
    assert.ok(chosen.length > 10);
    assert.ok(new Set(chosen.map(client => windowOf(ours, client))).size > chosen.length - 3);
  });

  it('grants nothing more where the clock of one thread is read a little late', () => {
    const table = new RateTable();
    const [key] = neighbours(1) as [BudgetKey];
    assert.equal(granted(table, key, 1_000, TEN_A_SECOND, 50), 50);
    assert.equal(granted(table, key, 999, TEN_A_SECOND, 50), 0);
    assert.equal(granted(table, key, 1_000, TEN_A_SECOND, 50), 0);
  });
});
