import assert from 'node:assert/strict';
import { test } from 'node:test';
import { turns } from '../../bench/support/turns.ts';

test('each entrant has a turn in each round, and another one begins the next round', () => {
  const order = [...turns(['a', 'b', 'c'], 4)].map(([round, entrant]) => `${round}${entrant}`);
  assert.deepEqual(order.join(' '), '0a 0b 0c 1b 1c 1a 2c 2a 2b 3a 3b 3c');
  assert.deepEqual([...turns([], 2)], []);
});
