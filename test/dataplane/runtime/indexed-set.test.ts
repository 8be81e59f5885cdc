import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Indexed, IndexedSet } from '../../../src/dataplane/runtime/indexed-set.ts';

interface Named extends Indexed {
  readonly name: string;
}

const named = (name: string): Named => ({ name, index: 0 });

const namesIn = (set: IndexedSet<Named>): string[] => [...set].map(({ name }) => name).sort();

describe('IndexedSet', () => {
  it('has what was added, until it is deleted', () => {
    const set = new IndexedSet<Named>();
    const members = ['a', 'b', 'c', 'd'].map(named);
    for (const member of members) set.add(member);
    assert.deepEqual(namesIn(set), ['a', 'b', 'c', 'd']);
    assert.equal(set.delete(members[1] as Named), true);
    assert.deepEqual(namesIn(set), ['a', 'c', 'd']);
    // The last one has moved.
    set.delete(members[3] as Named);
    assert.deepEqual(namesIn(set), ['a', 'c']);
    set.add(members[1] as Named);
    set.delete(members[0] as Named);
    assert.deepEqual(namesIn(set), ['b', 'c']);
    assert.equal(set.size, 2);
  });

  it('deletes nothing for an object that is not in it', () => {
    const set = new IndexedSet<Named>();
    const first = named('first');
    assert.equal(set.delete(first), false);
    set.add(first);
    set.delete(named('never added'));
    assert.deepEqual(namesIn(set), ['first']);
    set.delete(first);
    set.delete(first);
    assert.equal(set.size, 0);
    set.add(named('second'));
    set.delete(first);
    assert.deepEqual(namesIn(set), ['second']);
  });
});
