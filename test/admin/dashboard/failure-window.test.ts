import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FailureWindow } from '../../../src/admin/dashboard/failure-window.ts';
import type { FailureExample } from '../../../src/failures/failure-example.ts';
import type { FailureReport } from '../../../src/observe/failure-log.ts';

function report(reason: FailureReport['reason'], count: number, ...examples: FailureExample[]): FailureReport {
  return { reason, count, examples };
}

const EXAMPLE: FailureExample = {
  reason: 'internal',
  at: 5,
  service: 'shop/cart',
  status: 500,
  requestId: 'r1',
  path: '/cart',
  upstream: '10.0.0.1:80',
  detail: 'TypeError: x\n    at secret (/srv/app.ts:1:1)',
};

test('each reason comes with what it means, what to do, and how often it came in the last fifteen minutes', () => {
  const window = new FailureWindow();
  const seconds = (count: number): number => count * 1000;
  window.groups([], 0);
  window.groups([report('no_route', 7)], seconds(60));
  const counts = (reports: FailureReport[], now: number) =>
    window.groups(reports, now).map(({ reason, recent, count }) => [reason, recent, count]);
  assert.deepEqual(counts([report('no_route', 9)], seconds(899)), [['no_route', 9, 9]]);
  assert.deepEqual(counts([report('no_route', 9), report('internal', 1)], seconds(965)), [
    ['no_route', 2, 9],
    ['internal', 1, 1],
  ]);
  assert.deepEqual(counts([report('no_route', 9), report('internal', 4)], seconds(2_000)), [
    ['internal', 3, 4],
    ['no_route', 0, 9],
  ]);
  const [group] = window.groups([report('no_route', 9)], seconds(2_001));
  assert.equal(group?.source, 'entry');
  assert.match(`${group?.meaning} ${group?.remedy}`, /route/);
});

test('what failed before the first look counts as recent', () => {
  assert.equal(new FailureWindow().groups([report('no_route', 3)], 5)[0]?.recent, 3);
});

test('an example has no stack and no request id', () => {
  const [group] = new FailureWindow().groups([report('internal', 1, EXAMPLE)], 0);
  const { requestId: _, reason: __, ...rest } = EXAMPLE;
  assert.deepEqual(group?.examples, [{ ...rest, detail: 'TypeError: x' }]);
});

test('looks are few, however often it is asked', () => {
  const window = new FailureWindow();
  for (let now = 0; now < 4_000_000; now += 1_000) window.groups([report('no_route', now)], now);
  // The oldest look that is kept is fifteen minutes old, give or take the time between two of them.
  const [group] = window.groups([report('no_route', 4_000_000)], 4_000_000);
  assert.ok(group && group.recent >= 900_000 && group.recent <= 930_000, `${group?.recent}`);
});
