import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../support/fake-clock.ts';
import fc from '../../support/property.ts';
import { Contest } from './lease-harness.ts';

test('the first replica makes the Lease and leads, the others wait', async () => {
  await using contest = new Contest();
  contest.join('a');
  await contest.pass(500);
  contest.join('b');
  await contest.pass(60_000);
  assert.deepEqual(contest.leaders, ['a']);
  assert.deepEqual(contest.changes, ['a leads']);
  const { spec } = contest.server.stored ?? {};
  assert.equal(spec?.leaseDurationSeconds, 15);
  assert.equal(spec?.leaseTransitions, 0);
  assert.match(String(spec?.renewTime), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
});

test('a Lease that is released is taken at the next try', async () => {
  await using contest = new Contest();
  const first = contest.join('a');
  await contest.pass(500);
  contest.join('b');
  await contest.pass(4_000);
  await first.stop();
  assert.equal(contest.server.holder, '');
  await contest.pass(3_000);
  assert.deepEqual(contest.leaders, ['b']);
  assert.equal(contest.server.stored?.spec.leaseTransitions, 1);
});

test('a Lease is stolen from a holder that no longer renews it, not before it has been unchanged for its duration', async () => {
  await using contest = new Contest();
  contest.join('a');
  await contest.pass(500);
  contest.join('b');
  await contest.pass(4_000);
  contest.server.faults.set('a', 500);
  await contest.pass(9_000);
  assert.deepEqual(contest.leaders, ['a'], 'it has some time to renew it');
  await contest.pass(3_000);
  assert.deepEqual(contest.leaders, [], 'it stops by itself, before another one begins');
  await contest.pass(8_000);
  assert.deepEqual(contest.leaders, ['b']);
  contest.server.faults.clear();
  await contest.pass(20_000);
  assert.deepEqual(contest.leaders, ['b'], 'the one of before has no claim');
  assert.deepEqual(contest.changes, ['a leads', 'a yields', 'b leads']);
});

test('a holder whose requests hang stops in time, too', async () => {
  await using contest = new Contest();
  contest.join('a');
  await contest.pass(2_500);
  contest.server.faults.set('a', 'hang');
  await contest.pass(11_000);
  assert.deepEqual(contest.leaders, []);
});

test('a process that stood still for a while does not lead when it goes on', async () => {
  await using contest = new Contest();
  const frozen = new FakeClock();
  const sleeper = contest.join('a', frozen);
  await contest.pass(500);
  contest.join('b');
  await contest.pass(30_000);
  assert.deepEqual(contest.server.holder, 'b');
  // Its clock goes on, and nothing else of it has run yet.
  frozen.setTimer(29_999, () => assert.equal(sleeper.isLeader, false));
  frozen.advance(30_000);
  await contest.pass(10_000);
  assert.deepEqual(contest.leaders, ['b']);
});

test('clocks that differ by hours change nothing', async () => {
  await using contest = new Contest();
  const late = new FakeClock();
  late.jump(-5 * 3_600_000);
  contest.join('a');
  await contest.pass(500);
  const behind = contest.join('b', late);
  for (let step = 0; step < 60; step += 1) {
    await contest.pass(500);
    late.advance(500);
  }
  assert.equal(behind.isLeader, false);
  assert.deepEqual(contest.leaders, ['a']);
  late.jump(20 * 3_600_000);
  late.advance(500);
  await contest.pass(500);
  assert.deepEqual(contest.leaders, ['a']);
});

test('a Lease with nonsense in it is taken like one that expired', async () => {
  for (const spec of [{}, { holderIdentity: 7, renewTime: {} }, { holderIdentity: 'x', leaseDurationSeconds: 1e9 }]) {
    await using contest = new Contest();
    contest.server.write(spec);
    contest.join('a');
    await contest.pass(65_000);
    assert.deepEqual(contest.leaders, ['a'], JSON.stringify(spec));
  }
});

test('without the right it is said once, and tried again now and then', async () => {
  await using contest = new Contest();
  contest.server.faults.set('a', 403);
  const election = contest.join('a');
  await contest.pass(100_000);
  const warnings = contest.log.lines.filter(({ level }) => level === 40);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]?.msg ?? '', /statuses are not written.*may not get leases in namespace "kube-entry"/);
  assert.match(election.problem ?? '', /leases/);
  assert.ok(contest.server.requests.length <= 5, String(contest.server.requests.length));
  contest.server.faults.clear();
  await contest.pass(30_000);
  assert.deepEqual(contest.leaders, ['a']);
  assert.equal(election.problem, undefined);
});

test('never two lead, whatever fails', async () => {
  const names = ['a', 'b', 'c'];
  const step = fc.record({
    who: fc.constantFrom(...names),
    fault: fc.constantFrom(500, 409, 403, 'hang' as const, undefined),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async steps => {
      await using contest = new Contest();
      for (const name of names) contest.join(name);
      for (const { who, fault } of steps) {
        if (fault === undefined) contest.server.faults.delete(who);
        else contest.server.faults.set(who, fault);
        for (let passed = 0; passed < 6_000; passed += 500) {
          await contest.pass(500);
          assert.ok(contest.leaders.length <= 1, contest.leaders.join());
        }
      }
    }),
    { numRuns: 15 },
  );
});
