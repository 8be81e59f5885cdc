import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changedPart } from '../../src/model/changed-part.ts';
import fc from '../support/property.ts';

const isSame = (one: number, other: number): boolean => one === other;

test('what has gone and what has come stands in the changed part, and nothing else does where one alone changes', () => {
  assert.deepEqual(changedPart([1, 2, 3], [1, 2, 3], isSame), { start: 3, endBefore: 3, endAfter: 3 });
  assert.deepEqual(changedPart([1, 2, 3], [1, 3], isSame), { start: 1, endBefore: 2, endAfter: 1 });
  assert.deepEqual(changedPart([1, 3], [1, 2, 3], isSame), { start: 1, endBefore: 1, endAfter: 2 });
  assert.deepEqual(changedPart([1, 1], [1], isSame), { start: 1, endBefore: 2, endAfter: 1 });
  assert.deepEqual(changedPart([], [1], isSame), { start: 0, endBefore: 0, endAfter: 1 });
});

test('any list becomes any other by its changed part alone', () => {
  const numbers = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 8 });
  fc.assert(
    fc.property(numbers, numbers, (before, after) => {
      const { start, endBefore, endAfter } = changedPart(before, after, isSame);
      const made = [...before.slice(0, start), ...after.slice(start, endAfter), ...before.slice(endBefore)];
      assert.deepEqual(made, after);
      assert.ok(start <= endBefore && start <= endAfter);
    }),
    { numRuns: 1_000 },
  );
});
