import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NameSets } from '../../src/control/catalog/name-sets.ts';
import fc from '../support/property.ts';

test('sets of names hold what sets would hold, however names come and go', () => {
  const change = fc.record({
    key: fc.constantFrom('a', 'b'),
    name: fc.constantFrom('x', 'y', 'z'),
    comes: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(change), changes => {
      const sets = new NameSets();
      const expected = new Map([
        ['a', new Set<string>()],
        ['b', new Set<string>()],
      ]);
      for (const { key, name, comes } of changes) {
        const set = expected.get(key) ?? new Set();
        const had = set.has(name);
        if (comes) set.add(name);
        else set.delete(name);
        assert.equal(comes ? sets.add(key, name) : sets.delete(key, name), comes ? !had : had);
        assert.equal(sets.has(key), set.size > 0);
        assert.deepEqual(sets.of(key), [...set]);
      }
    }),
  );
});
