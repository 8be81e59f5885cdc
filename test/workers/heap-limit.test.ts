import assert from 'node:assert/strict';
import { test } from 'node:test';
import { workerHeapLimit } from '../../src/workers/heap-limit.ts';

const MIB = 1024 * 1024;

test('the heaps of all workers together leave room for the rest of a limited memory', () => {
  for (const memory of [512, 1_024, 4_096]) {
    for (const workers of [1, 2, 4]) {
      const limit = workerHeapLimit(workers, memory * MIB) ?? Number.NaN;
      assert.ok(limit >= 96);
      // Below 96 MiB for each, a worker could not do its work: then the number of workers is too large for the memory.
      if (limit > 96) assert.ok(limit * workers <= memory * 0.6, `${limit} × ${workers} of ${memory}`);
    }
  }
  assert.equal(workerHeapLimit(2, 512 * MIB), 140);
  assert.equal(workerHeapLimit(64, 512 * MIB), 96);
});

test('a memory without a limit leaves the heaps as V8 has them', () => {
  assert.equal(workerHeapLimit(2, undefined), undefined);
});
