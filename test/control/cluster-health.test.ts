import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClusterHealth, type JudgedEndpoint } from '../../src/control/health/cluster-health.ts';
import type { OutlierLimits } from '../../src/control/health/ejection.ts';
import { FailureWindows } from '../../src/control/health/failure-windows.ts';
import { EJECTED, EndpointBoard, NO_SLOT, TRIAL, USABLE } from '../../src/observe/endpoint-board.ts';
import fc from '../support/property.ts';

const LIMITS: OutlierLimits = { failures: 5, ejectionMs: 30_000, maxEjectedPercent: 33 };
const WORKERS = 2;

/** A cluster of as many endpoints as a test wants, whose name is their slot, and what was said about them. */
class Scene {
  readonly board = new EndpointBoard(WORKERS);
  readonly rows = [this.board.row(0), this.board.row(1)] as const;
  readonly said: string[] = [];
  readonly health: ClusterHealth<JudgedEndpoint>;
  limits = LIMITS;
  now = 0;
  readonly #windows = new FailureWindows(this.board);

  constructor(count: number) {
    this.health = new ClusterHealth<JudgedEndpoint>(
      { board: this.board, windows: this.#windows, limits: () => this.limits, now: () => this.now },
      {
        ejected: ({ id }, { reason, times, until, since }) =>
          this.said.push(`${id} ${reason} ${times} ${(until - since) / 1000}s`),
        returned: ({ id }) => this.said.push(`${id} returned`),
      },
    );
    this.health.update(endpointsFrom(count));
  }

  /** Attempts at an endpoint, in turns by the two workers. */
  ok(slot: number, times = 1): void {
    for (let count = 0; count < times; count += 1) this.rows[count % WORKERS === 0 ? 0 : 1].succeeded(slot, 1);
  }

  failed(slot: number, times = 1): void {
    for (let count = 0; count < times; count += 1) {
      const inARow = this.rows[count % WORKERS === 0 ? 0 : 1].failed(slot);
      if (inARow === this.limits.failures) this.health.suspect(this.endpoint(slot));
    }
  }

  pass(seconds: number): void {
    for (let second = 0; second < seconds; second += 1) {
      this.now += 1000;
      this.health.sweep();
    }
  }

  endpoint(slot: number): JudgedEndpoint {
    const found = this.health.endpoints.find(endpoint => endpoint.slot === slot);
    assert.ok(found);
    return found;
  }

  verdicts(): number[] {
    return this.health.endpoints.map(({ slot }) => this.board.verdict(slot));
  }
}

function endpointsFrom(count: number, first = 0): JudgedEndpoint[] {
  return Array.from({ length: count }, (_, index) => ({ id: String(first + index), slot: first + index }));
}

test('five failures in a row of all workers together eject an endpoint at once; four do not', () => {
  const scene = new Scene(3);
  scene.failed(1, 4);
  assert.deepEqual(scene.verdicts(), [USABLE, USABLE, USABLE]);
  scene.failed(1);
  assert.deepEqual(scene.verdicts(), [USABLE, EJECTED, USABLE]);
  assert.deepEqual(scene.said, ['1 failures_in_a_row 1 30s']);
});

test('a success of any worker begins the count again', () => {
  const scene = new Scene(3);
  scene.failed(1, 4);
  scene.ok(1);
  scene.failed(1, 4);
  scene.pass(1);
  assert.deepEqual(scene.said, []);
});

test('a sweep ejects what no message has told', () => {
  const scene = new Scene(3);
  for (let count = 0; count < 5; count += 1) scene.rows[0].failed(2);
  scene.pass(1);
  assert.deepEqual(scene.said, ['2 failures_in_a_row 1 30s']);
});

test('a message about an endpoint that has answered since ejects nothing', () => {
  const scene = new Scene(3);
  scene.health.suspect(scene.endpoint(1));
  assert.deepEqual(scene.verdicts(), [USABLE, USABLE, USABLE]);
});

/** One failure has been seen, from which on requests count for the rate. The count of failures in a row is of no interest. */
function suspected(): Scene {
  const scene = new Scene(3);
  scene.limits = { ...LIMITS, failures: 1000 };
  scene.failed(1);
  scene.pass(1);
  return scene;
}

test('85 % of at least 50 in ten seconds eject an endpoint; one failure less does not, one request less does not', () => {
  for (const [failures, successes, isEjected] of [
    [85, 15, true],
    [84, 16, false],
    [43, 7, true],
    [42, 7, false],
  ] as const) {
    const scene = suspected();
    scene.failed(1, failures);
    scene.ok(1, successes);
    scene.pass(1);
    assert.equal(scene.said.length === 1, isEjected, `${failures} of ${failures + successes}`);
    if (isEjected) assert.deepEqual(scene.said, ['1 failure_percentage 1 30s']);
  }
});

test('requests count for the rate for ten seconds', () => {
  for (const [seconds, isEjected] of [
    [9, true],
    [10, false],
  ] as const) {
    const scene = suspected();
    scene.failed(1, 30);
    scene.pass(seconds);
    scene.failed(1, 20);
    scene.pass(1);
    assert.equal(scene.said.length === 1, isEjected, `${seconds} s apart`);
  }
});

test('successes that are older than ten seconds protect an endpoint no longer', () => {
  const scene = suspected();
  scene.ok(1, 1000);
  scene.failed(1);
  scene.pass(5);
  scene.failed(1, 60);
  scene.pass(5);
  assert.deepEqual(scene.said, []);
  scene.pass(1);
  assert.deepEqual(scene.said, ['1 failure_percentage 1 30s']);
});

test('what an endpoint did before its first failure counts neither for nor against it', () => {
  const scene = new Scene(3);
  scene.limits = { ...LIMITS, failures: 1000 };
  scene.ok(1, 1000);
  scene.failed(1, 60);
  scene.pass(1);
  assert.deepEqual(scene.said, []);
  scene.failed(1, 50);
  scene.pass(1);
  assert.deepEqual(scene.said, ['1 failure_percentage 1 30s']);
});

test('after its time one trial is offered, and its success lets the endpoint in', () => {
  const scene = new Scene(3);
  scene.failed(1, 5);
  scene.pass(29);
  assert.equal(scene.board.verdict(1), EJECTED);
  scene.pass(1);
  assert.equal(scene.board.verdict(1), TRIAL);
  assert.equal(scene.rows[1].takeTrial(1), true);
  assert.equal(scene.rows[0].takeTrial(1), false);
  scene.rows[1].begin(1);
  scene.pass(3);
  assert.equal(scene.board.verdict(1), EJECTED);
  scene.rows[1].succeeded(1, 5);
  scene.rows[1].end(1);
  scene.pass(1);
  assert.equal(scene.board.verdict(1), USABLE);
  assert.deepEqual(scene.said, ['1 failures_in_a_row 1 30s', '1 returned']);
});

test('a trial that fails sends the endpoint away for longer each time, for 300 s at most', () => {
  const scene = new Scene(3);
  scene.failed(1, 5);
  for (let times = 1; times <= 11; times += 1) {
    scene.pass(Math.min(300, 30 * times));
    assert.equal(scene.rows[0].takeTrial(1), true, `trial ${times}`);
    scene.rows[0].failed(1);
    scene.pass(1);
    assert.equal(scene.rows[0].takeTrial(1), false);
  }
  assert.deepEqual(scene.said.slice(0, 3), [
    '1 failures_in_a_row 1 30s',
    '1 failed_trial 2 60s',
    '1 failed_trial 3 90s',
  ]);
  assert.deepEqual(scene.said.slice(9), ['1 failed_trial 10 300s', '1 failed_trial 11 300s', '1 failed_trial 12 300s']);
});

test('every ten seconds in use take one from the times in a row', () => {
  for (const [seconds, expected] of [
    [9, '1 failures_in_a_row 3 90s'],
    [11, '1 failures_in_a_row 2 60s'],
    [21, '1 failures_in_a_row 1 30s'],
  ] as const) {
    const scene = new Scene(3);
    scene.failed(1, 5);
    scene.pass(30);
    scene.failed(1);
    scene.pass(61);
    scene.ok(1);
    scene.pass(seconds);
    scene.failed(1, 5);
    assert.equal(scene.said.at(-1), expected);
  }
});

test('a trial whose request ends without an answer, as when its worker dies, is offered again', () => {
  const scene = new Scene(3);
  scene.failed(1, 5);
  scene.pass(30);
  assert.ok(scene.rows[0].takeTrial(1));
  scene.rows[0].begin(1);
  scene.pass(5);
  assert.equal(scene.board.verdict(1), EJECTED);
  scene.board.clearRow(0);
  scene.pass(1);
  assert.equal(scene.board.verdict(1), TRIAL);
});

test('a trial whose request never ends does not keep the endpoint away for ever', () => {
  const scene = new Scene(3);
  scene.failed(1, 5);
  scene.pass(30);
  assert.ok(scene.rows[0].takeTrial(1));
  scene.rows[0].begin(1);
  scene.pass(30);
  assert.equal(scene.board.verdict(1), EJECTED);
  scene.pass(1);
  assert.equal(scene.board.verdict(1), TRIAL);
});

test('of 3, 6 and 9 endpoints that all fail, 1, 1 and 2 are ejected; of one, none; of two, one', () => {
  for (const [count, most] of [
    [1, 0],
    [2, 1],
    [3, 1],
    [6, 1],
    [9, 2],
    [100, 33],
  ] as const) {
    const scene = new Scene(count);
    for (let slot = 0; slot < count; slot += 1) scene.failed(slot, 5);
    scene.pass(3);
    assert.equal(scene.verdicts().filter(verdict => verdict === EJECTED).length, most, `of ${count}`);
    assert.equal(scene.said.length, most, `of ${count}`);
  }
});

test('of more than may be ejected at a sweep, those with the most failures in a row go', () => {
  const scene = new Scene(6);
  for (const [slot, failures] of [6, 9, 7].entries()) {
    for (let count = 0; count < failures; count += 1) scene.rows[0].failed(slot);
  }
  scene.pass(1);
  assert.deepEqual(scene.said, ['1 failures_in_a_row 1 30s']);
});

test('when endpoints leave and too many of the rest are ejected, the first whose time ends is let in', () => {
  const scene = new Scene(9);
  scene.failed(0, 5);
  scene.pass(1);
  scene.failed(1, 5);
  scene.health.update(scene.health.endpoints.slice(0, 3));
  assert.deepEqual(scene.verdicts(), [USABLE, EJECTED, USABLE]);
  scene.health.update(scene.health.endpoints.slice(1, 2));
  assert.deepEqual(scene.verdicts(), [USABLE]);
});

test('a pod that is replaced starts clean, though it has the slot and the address of the one before', () => {
  const scene = new Scene(3);
  scene.failed(1, 5);
  scene.health.update([...endpointsFrom(1), ...endpointsFrom(1, 2)]);
  scene.board.clearSlot(1);
  scene.health.update([...endpointsFrom(1), { id: 'new', slot: 1 }, ...endpointsFrom(1, 2)]);
  assert.deepEqual(scene.verdicts(), [USABLE, USABLE, USABLE]);
  scene.pass(1);
  assert.deepEqual(scene.verdicts(), [USABLE, USABLE, USABLE]);
});

test('the readiness of Kubernetes does not end an ejection: a pod that is unready and ready again is out for the rest', () => {
  const scene = new Scene(3);
  scene.failed(1, 5);
  scene.health.update([...endpointsFrom(1), ...endpointsFrom(1, 2)]);
  // Its clients' cookies may still lead to it.
  assert.equal(scene.board.verdict(1), USABLE);
  scene.pass(10);
  scene.health.update([...endpointsFrom(1), { id: '1', slot: 7 }, ...endpointsFrom(1, 2)]);
  assert.deepEqual(scene.verdicts(), [USABLE, EJECTED, USABLE]);
  scene.pass(20);
  assert.deepEqual(scene.verdicts(), [USABLE, TRIAL, USABLE]);
});

test('one that stays away for longer than its ejection starts clean', () => {
  const scene = new Scene(3);
  scene.failed(1, 5);
  scene.health.update(endpointsFrom(1));
  scene.pass(31);
  scene.health.update(endpointsFrom(3));
  scene.board.clearSlot(1);
  scene.pass(1);
  assert.deepEqual(scene.verdicts(), [USABLE, USABLE, USABLE]);
});

test('an endpoint whose active check fails gets nothing until it passes', () => {
  const scene = new Scene(3);
  scene.health.checked(scene.endpoint(1), false);
  assert.deepEqual(scene.verdicts(), [USABLE, EJECTED, USABLE]);
  scene.pass(1000);
  assert.deepEqual(scene.verdicts(), [USABLE, EJECTED, USABLE]);
  scene.health.checked(scene.endpoint(1), true);
  assert.deepEqual(scene.verdicts(), [USABLE, USABLE, USABLE]);
});

test('a check that passes does not end an ejection', () => {
  const scene = new Scene(3);
  scene.failed(1, 5);
  scene.health.checked(scene.endpoint(1), false);
  scene.health.checked(scene.endpoint(1), true);
  assert.deepEqual(scene.verdicts(), [USABLE, EJECTED, USABLE]);
});

test('an endpoint whose active check fails is not ejected for its failures besides', () => {
  const scene = new Scene(4);
  scene.health.checked(scene.endpoint(1), false);
  scene.failed(1, 5);
  scene.pass(1);
  assert.deepEqual(scene.said, []);
});

test('while all are used because too few are usable, none is ejected', () => {
  const scene = new Scene(5);
  for (const slot of [0, 1, 2]) scene.health.checked(scene.endpoint(slot), false);
  assert.ok(scene.health.isPanicking);
  scene.failed(3, 5);
  scene.pass(1);
  assert.deepEqual(scene.said, []);
});

test('while all are used, an ejected endpoint that answers after its time comes back', () => {
  const scene = new Scene(5);
  scene.failed(3, 5);
  for (const slot of [0, 1]) scene.health.checked(scene.endpoint(slot), false);
  assert.ok(scene.health.isPanicking);
  scene.ok(3);
  scene.pass(30);
  assert.deepEqual(scene.said, ['3 failures_in_a_row 1 30s']);
  scene.ok(3);
  scene.pass(1);
  assert.deepEqual(scene.said.slice(1), ['3 returned']);
});

test('what was counted before an endpoint came, and before it came back, does not count for the rate', () => {
  const scene = new Scene(2);
  scene.limits = { ...LIMITS, failures: 100, ejectionMs: 1000 };
  for (let count = 0; count < 90; count += 1) scene.rows[0].failed(2);
  scene.health.update(endpointsFrom(3));
  scene.pass(2);
  assert.deepEqual(scene.said, []);
  scene.failed(1);
  scene.pass(1);
  scene.failed(1, 60);
  scene.pass(2);
  assert.deepEqual(scene.said, ['1 failure_percentage 1 1s']);
  scene.ok(1);
  scene.pass(2);
  assert.deepEqual(scene.said.slice(1), ['1 returned']);
});

test('below half of all usable, all are used; from half on, no longer', () => {
  const scene = new Scene(4);
  scene.health.checked(scene.endpoint(0), false);
  scene.health.checked(scene.endpoint(1), false);
  assert.deepEqual(scene.verdicts(), [EJECTED, EJECTED, USABLE, USABLE]);
  assert.equal(scene.health.isPanicking, false);
  scene.health.checked(scene.endpoint(2), false);
  assert.deepEqual(scene.verdicts(), [USABLE, USABLE, USABLE, USABLE]);
  assert.equal(scene.health.isPanicking, true);
  scene.failed(3, 5);
  scene.pass(1);
  assert.deepEqual(scene.said, []);
  scene.ok(3);
  scene.health.checked(scene.endpoint(1), true);
  assert.deepEqual(scene.verdicts(), [EJECTED, USABLE, EJECTED, USABLE]);
});

test('with 0 failures no endpoint is ejected, and one that is ejected comes back', () => {
  const scene = new Scene(3);
  scene.failed(1, 5);
  scene.limits = { ...LIMITS, failures: 0 };
  scene.pass(1);
  assert.deepEqual(scene.verdicts(), [USABLE, USABLE, USABLE]);
  scene.failed(1, 1000);
  scene.pass(2);
  assert.deepEqual(scene.said, ['1 failures_in_a_row 1 30s', '1 returned']);
});

test('settings count from the next sweep on: a longer time, a larger part', () => {
  const scene = new Scene(4);
  scene.limits = { failures: 3, ejectionMs: 600_000, maxEjectedPercent: 50 };
  scene.failed(0, 3);
  scene.failed(1, 3);
  assert.deepEqual(scene.said, ['0 failures_in_a_row 1 600s', '1 failures_in_a_row 1 600s']);
  scene.limits = { ...scene.limits, maxEjectedPercent: 25 };
  scene.pass(1);
  assert.deepEqual(scene.verdicts(), [USABLE, EJECTED, USABLE, USABLE]);
});

test('an endpoint without a slot is never ejected, and counts as one of all', () => {
  const scene = new Scene(0);
  scene.health.update([{ id: 'beyond', slot: NO_SLOT }, ...endpointsFrom(1)]);
  scene.failed(0, 5);
  scene.pass(1);
  assert.deepEqual(scene.verdicts(), [USABLE, EJECTED]);
});

test('a cluster that is gone leaves no verdict behind', () => {
  const scene = new Scene(3);
  scene.failed(1, 5);
  scene.health.update([]);
  assert.equal(scene.board.verdict(1), USABLE);
});

const STEPS = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ what: fc.constant('failed' as const), slot: fc.nat(8), times: fc.nat(12) }) },
    { weight: 3, arbitrary: fc.record({ what: fc.constant('ok' as const), slot: fc.nat(8), times: fc.nat(3) }) },
    {
      weight: 3,
      arbitrary: fc.record({ what: fc.constant('pass' as const), seconds: fc.integer({ min: 1, max: 40 }) }),
    },
    { weight: 2, arbitrary: fc.record({ what: fc.constant('endpoints' as const), present: fc.array(fc.nat(8)) }) },
    { weight: 2, arbitrary: fc.record({ what: fc.constant('trial' as const), slot: fc.nat(8) }) },
    {
      weight: 1,
      arbitrary: fc.record({ what: fc.constant('limits' as const), percent: fc.integer({ min: 1, max: 100 }) }),
    },
  ),
  { maxLength: 40 },
);

test('whatever happens: never the last, never more than allowed, and an endpoint that answers always comes back', () => {
  fc.assert(
    fc.property(STEPS, steps => {
      const scene = new Scene(4);
      for (const step of steps) {
        const known = new Set(scene.health.endpoints.map(({ slot }) => slot));
        if (step.what === 'failed' && known.has(step.slot)) scene.failed(step.slot, step.times);
        else if (step.what === 'ok') scene.ok(step.slot, step.times);
        else if (step.what === 'pass') scene.pass(step.seconds);
        else if (step.what === 'trial') scene.rows[0].takeTrial(step.slot);
        else if (step.what === 'limits') scene.limits = { ...LIMITS, maxEjectedPercent: step.percent };
        else if (step.what === 'endpoints') {
          scene.health.update([...new Set(step.present)].map(slot => ({ id: String(slot), slot })));
        }
        const all = scene.health.endpoints;
        const ejected = all.filter(endpoint => scene.health.ejectionOf(endpoint) !== undefined).length;
        assert.ok(ejected < Math.max(1, all.length), 'the last');
        if (step.what !== 'limits') {
          assert.ok(ejected <= Math.max(1, Math.floor((all.length * scene.limits.maxEjectedPercent) / 100)));
        }
        const usable = scene.verdicts().filter(verdict => verdict === USABLE).length;
        assert.ok(usable * 2 >= all.length, 'half of all');
      }
      // Each endpoint that is tried answers from now on.
      for (let second = 0; second < 400; second += 1) {
        scene.pass(1);
        for (const { slot } of scene.health.endpoints) {
          if (scene.board.verdict(slot) === USABLE || scene.rows[1].takeTrial(slot)) scene.ok(slot);
        }
      }
      scene.pass(1);
      assert.deepEqual(
        scene.verdicts(),
        scene.health.endpoints.map(() => USABLE),
      );
    }),
    { numRuns: 200 },
  );
});
