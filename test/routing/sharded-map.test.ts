import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ShardedMap } from '../../src/routing/sharded-map.ts';
import fc from '../support/property.ts';

/** Up to 4000 keys that come, change and go in steps of any size: the map is sharded several times over, both ways. */
const steps = fc.array(
  fc.record({
    from: fc.nat(3_999),
    count: fc.constantFrom(1, 5, 300, 4_000),
    value: fc.option(fc.nat(), { nil: undefined }),
  }),
  { maxLength: 8 },
);

function changesOf({ from, count, value }: { from: number; count: number; value: number | undefined }) {
  return new Map(Array.from({ length: count }, (_, index) => [`/key-${(from + index) % 4_000}/api`, value] as const));
}

test('a map changed in steps is the map of what is left, and no step changes the maps before it', () => {
  fc.assert(
    fc.property(steps, all => {
      let map = ShardedMap.empty<number>();
      const expected = new Map<string, number>();
      for (const step of all) {
        const before = map;
        const frozen = new Map(before.entries());
        const changes = changesOf(step);
        map = map.with(changes);
        for (const [key, value] of changes) {
          if (value === undefined) expected.delete(key);
          else expected.set(key, value);
        }
        assert.deepEqual(new Map(before.entries()), frozen);
        assert.deepEqual(new Map(map.entries()), expected);
        assert.deepEqual([...map.values()].sort(), [...expected.values()].sort());
        assert.equal(map.size, expected.size);
      }
      for (const [key, value] of expected) assert.equal(map.get(key), value);
      assert.equal(map.get('/key'), undefined);
    }),
    { numRuns: 60 },
  );
});

test('keys that differ in a few characters of many are told apart', () => {
  const keys = Array.from({ length: 1_000 }, (_, index) => `/${'x'.repeat(500)}${index}${'y'.repeat(500)}`);
  const map = ShardedMap.empty<number>().with(new Map(keys.map((key, index) => [key, index])));
  assert.deepEqual(
    keys.map(key => map.get(key)),
    keys.map((_, index) => index),
  );
});

test('one change of a hundred thousand entries copies hardly any of them', () => {
  const entries = Array.from({ length: 100_000 }, (_, index) => [`/service-${index}`, index] as const);
  const map = ShardedMap.empty<number>().with(new Map(entries));
  const { set } = Map.prototype;
  let copied = 0;
  const changes = new Map([['/service-7', -1]]);
  Map.prototype.set = function count(key, value) {
    copied += 1;
    return set.call(this, key, value);
  };
  try {
    assert.equal(map.with(changes).get('/service-7'), -1);
  } finally {
    Map.prototype.set = set;
  }
  assert.ok(copied < 2_000, `${copied} entries`);
});
