import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Sampler } from '../../../src/admin/dashboard/sampler.ts';
import { CounterBoard } from '../../../src/observe/counter-board.ts';
import fc from '../../support/property.ts';

const WEB = { namespace: 'default', name: 'web' };

function parts() {
  let now = 0;
  const board = new CounterBoard();
  const [one, two] = [board.addRegion(), board.addRegion()];
  const sampler = new Sampler(board, () => now);
  /** A sample, a second after the last. */
  const second = async () => {
    now += 1000;
    return sampler.sample(now);
  };
  return { board, one, two, sampler, second };
}

test('a point is what all workers counted in its second', async () => {
  const { board, one, two, second } = parts();
  const block = board.blockOf(WEB);
  one.countRequest(block, 200, 0.1, 0.1);
  assert.equal(await second(), undefined, 'there is nothing to compare with');
  one.countRequest(block, 200, 0.1, 0.1);
  two.countRequest(0, 500, 0.1, Number.NaN);
  two.add('waiting', 3);
  const point = await second();
  assert.deepEqual([point?.requests, point?.errors, point?.waiting], [2, 1, 3]);
  const idle = await second();
  assert.deepEqual([idle?.requests, idle?.errors, idle?.p50], [0, 0, null]);
});

test('fifteen minutes are kept', async () => {
  const { sampler, second } = parts();
  for (let count = 0; count < 920; count += 1) await second();
  assert.deepEqual([sampler.history.length, sampler.history.at(-1)?.at], [900, 920_000]);
});

test('whichever Services are asked when, a second and a half minute hold what was counted in them', async () => {
  const perSecond = fc.array(fc.oneof(fc.constant(0), fc.nat(3)), { minLength: 4, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(fc.array(perSecond, { maxLength: 70 }), async seconds => {
      const { board, one, sampler, second } = parts();
      const blocks = seconds.flatMap((counts, at) =>
        at === 0 ? counts.map((_, index) => board.blockOf({ namespace: 'default', name: `s${index}` })) : [],
      );
      await second();
      for (const [at, counts] of seconds.entries()) {
        for (const [index, count] of counts.entries()) {
          for (let n = 0; n < count; n += 1) one.countRequest(blocks[index] as number, 200, 0.1, 0.1);
        }
        assert.equal((await second())?.requests, sum(counts));
        for (const [index, block] of blocks.entries()) {
          const traffic = sampler.trafficOf(block);
          const latest = seconds.slice(0, at + 1).slice(-(traffic?.seconds ?? 0));
          const requests = Math.round((traffic?.rate ?? 0) * (traffic?.seconds ?? 0));
          assert.equal(requests, sum(latest.map(all => all[index] as number)));
        }
      }
    }),
    { numRuns: 30 },
  );
});

test('those who ask for the status are no clients', async () => {
  const { board, one, second } = parts();
  one.add('writing', 2);
  const admin = board.addAdminRegion();
  for (const state of ['reading', 'writing', 'waiting'] as const) admin.add(state, 5);
  await second();
  const point = await second();
  assert.deepEqual([point?.reading, point?.writing, point?.waiting], [0, 2, 0]);
});

test('the figures of a Service are those of the last half minute', async () => {
  const { board, one, sampler, second } = parts();
  const block = board.blockOf(WEB);
  await second();
  assert.equal(sampler.trafficOf(block), undefined);
  for (let count = 0; count < 60; count += 1) {
    one.countRequest(block, count < 30 ? 500 : 200, 0.1, 0.1);
    await second();
  }
  const traffic = sampler.trafficOf(block);
  assert.ok(traffic && traffic.seconds >= 20 && traffic.seconds <= 30);
  assert.equal(traffic.rate, 1);
  assert.equal(traffic.errorShare, 0);
});

test('a Service that goes, or whose counters begin anew, makes no negative rate', async () => {
  const { board, one, second } = parts();
  const block = board.blockOf(WEB);
  for (let count = 0; count < 9; count += 1) one.countRequest(block, 200, 0.1, 0.1);
  await second();
  one.clearBlock(block);
  one.countRequest(block, 200, 0.1, 0.1);
  assert.equal((await second())?.requests, 1);
  board.release(WEB);
  assert.equal((await second())?.requests, 0);
});

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
