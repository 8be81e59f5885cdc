import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FairQueue } from '../../../src/dataplane/passwords/fair-queue.ts';

const BOUNDS = { perClient: 3, perOwner: 5, all: 8 };

function drain(queue: FairQueue<string>): string[] {
  const items: string[] = [];
  for (let item = queue.shift(); item !== undefined; item = queue.shift()) items.push(item);
  return items;
}

test('owners take turns, and so do the clients of each', () => {
  const queue = new FairQueue<string>(BOUNDS);
  for (const item of ['a1', 'a2', 'a3']) queue.push('shop', 'a', item);
  queue.push('shop', 'b', 'b1');
  queue.push('blog', 'c', 'c1');
  queue.push('blog', 'c', 'c2');
  assert.deepEqual(drain(queue), ['a1', 'c1', 'b1', 'c2', 'a2', 'a3']);
});

test('one client, one owner and all together have so many places, which are free again afterwards', () => {
  const queue = new FairQueue<string>(BOUNDS);
  for (let round = 0; round < 3; round += 1) {
    for (const item of ['1', '2', '3']) assert.equal(queue.push('shop', 'a', item), undefined);
    assert.equal(queue.push('shop', 'a', '4'), 'client');
    for (const item of ['4', '5']) assert.equal(queue.push('shop', 'b', item), undefined);
    assert.equal(queue.push('shop', 'b', '6'), 'owner');
    for (const item of ['6', '7', '8']) assert.equal(queue.push('blog', 'a', item), undefined);
    assert.equal(queue.push('wiki', 'a', '9'), 'all');
    assert.equal(drain(queue).length, 8);
    assert.equal(queue.shift(), undefined);
  }
});
