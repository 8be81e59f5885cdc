import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { flushLast, flushSoon, type Sender } from '../../../src/dataplane/transport/flush-turn.ts';

function sender(flush: () => void): Sender {
  return { flush, crashed: error => assert.fail(String(error)) };
}

test('a sender may ask for a flush before it has written, however many others wait', async () => {
  const unsent = new Set<number>();
  for (let index = 0; index < 200; index += 1) {
    flushSoon(sender(() => unsent.delete(index)));
    unsent.add(index);
  }
  await turn();
  assert.deepEqual([...unsent], []);
});

test('a sender that calls for a flush while it is flushed is flushed again', async () => {
  let flushes = 0;
  const again = sender(() => {
    flushes += 1;
    if (flushes < 100) flushSoon(again);
  });
  flushSoon(again);
  for (let index = 0; index < 40; index += 1) flushSoon(sender(() => flushSoon(sender(() => undefined))));
  while (flushes < 100) await turn();
  assert.equal(flushes, 100);
});

test('a sender that gathers what others send is flushed once, behind all of them', async () => {
  const flushed: string[] = [];
  flushLast(sender(() => flushed.push('gatherer')));
  for (let index = 0; index < 100; index += 1) flushSoon(sender(() => flushed.push('other')));
  await turn();
  assert.equal(flushed.length, 101);
  assert.equal(flushed.indexOf('gatherer'), 100);
});
