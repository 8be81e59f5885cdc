import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientMemory } from '../../../src/dataplane/transport/client-memory.ts';
import { Stashes } from '../../../src/dataplane/transport/stash.ts';

const KIB = 1024;

test('memory for heads and for whole reads of bodies is used again, and counted while it is in use', () => {
  const memory = new ClientMemory(1 << 30, () => 0);
  const stashes = new Stashes(memory);
  for (const size of [1, 1 * KIB, 4 * KIB, 48 * KIB, 49 * KIB, 64 * KIB, 65 * KIB, 128 * KIB, 256 * KIB]) {
    const first = stashes.take(size);
    assert.ok(first.length >= size);
    assert.equal(memory.kept, first.length);
    stashes.giveBack(first);
    assert.equal(memory.kept, 0);
    assert.equal(stashes.take(size), first, `${size} bytes`);
    stashes.giveBack(first);
  }
});

test('little of what many have used at once is kept', () => {
  const stashes = new Stashes(new ClientMemory(1 << 30, () => 0));
  const many = Array.from({ length: 64 }, () => stashes.take(64 * KIB));
  for (const one of many) stashes.giveBack(one);
  const again = Array.from({ length: 64 }, () => stashes.take(64 * KIB));
  assert.equal(again.filter(one => many.includes(one)).length, 16);
});
