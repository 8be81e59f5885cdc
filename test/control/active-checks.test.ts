import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { ActiveChecks, type Checked } from '../../src/control/health/active-checks.ts';
import type { ProbeResult } from '../../src/control/health/health-probe.ts';
import type { Endpoint } from '../../src/model/cluster.ts';
import { FakeClock } from '../support/fake-clock.ts';

const CHECK = { path: '/healthz', intervalMs: 10_000 };
const PASSED = { passed: true, detail: 'status 200' };
const FAILED = { passed: false, detail: 'status 503' };

/** Endpoints, by port, that answer when and what a test wants. */
class Scene {
  readonly clock = new FakeClock();
  /** When each check began, in milliseconds, by port. */
  readonly began: { readonly port: number; readonly at: number; readonly timeoutMs: number }[] = [];
  readonly said: string[] = [];
  /** Undefined: it does not answer now. */
  answer: ProbeResult | undefined = PASSED;
  readonly waiting: ((result: ProbeResult) => void)[] = [];
  random = 0.5;
  readonly #checks = new ActiveChecks({
    clock: this.clock,
    random: () => this.random,
    probe: { check: (endpoint, path, timeoutMs) => this.#asked(endpoint, path, timeoutMs) },
  });

  start(port: number, check = CHECK): Checked {
    const endpoint = { address: '10.0.0.1', port };
    return this.#checks.start(endpoint, check, passes => this.said.push(`${port} ${passes ? 'passes' : 'fails'}`));
  }

  async pass(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second += 1) {
      this.clock.advance(1000);
      await turn();
    }
  }

  #asked({ port }: Endpoint, path: string, timeoutMs: number): Promise<ProbeResult> {
    assert.equal(path, '/healthz');
    this.began.push({ port, at: this.clock.monotonic(), timeoutMs });
    if (this.answer !== undefined) return Promise.resolve(this.answer);
    return new Promise(resolve => this.waiting.push(resolve));
  }
}

test('the first result decides at once: one that fails, and one that passes after it needs a second', async () => {
  const scene = new Scene();
  scene.answer = FAILED;
  scene.start(1);
  await scene.pass(5);
  assert.deepEqual(scene.said, ['1 fails']);
  scene.answer = PASSED;
  await scene.pass(10);
  assert.deepEqual(scene.said, ['1 fails']);
  await scene.pass(10);
  assert.deepEqual(scene.said, ['1 fails', '1 passes']);
});

test('after a first success, three failures in a row are needed', async () => {
  const scene = new Scene();
  scene.start(1);
  await scene.pass(5);
  for (const answer of [FAILED, FAILED, PASSED, FAILED, FAILED]) {
    scene.answer = answer;
    await scene.pass(10);
  }
  assert.deepEqual(scene.said, []);
  await scene.pass(10);
  assert.deepEqual(scene.said, ['1 fails']);
});

test('the last result is known, with its time', async () => {
  const scene = new Scene();
  const checked = scene.start(1);
  assert.equal(checked.last, undefined);
  scene.answer = FAILED;
  await scene.pass(5);
  assert.deepEqual(checked.last, { ...FAILED, at: scene.clock.now() });
});

test('checks begin all over the interval, and their distance is the interval by a tenth more or less', async () => {
  const scene = new Scene();
  for (const [port, random] of [0, 0.25, 0.999].entries()) {
    scene.random = random;
    scene.start(port);
  }
  await scene.pass(10);
  assert.deepEqual(
    scene.began.map(({ at }) => at),
    [0, 2500, 9990],
  );
  for (const [random, distance] of [
    [0, 9_000],
    [1, 11_000],
  ] as const) {
    const one = new Scene();
    one.random = random;
    one.start(1);
    await one.pass(40);
    const [first, second] = one.began.map(({ at }) => at);
    assert.equal((second ?? 0) - (first ?? 0), distance);
  }
});

test('a check has the time of an interval, and five seconds at most', async () => {
  const scene = new Scene();
  scene.start(1, { path: '/healthz', intervalMs: 2_000 });
  scene.start(2, { path: '/healthz', intervalMs: 60_000 });
  await scene.pass(60);
  assert.equal(scene.began.find(({ port }) => port === 1)?.timeoutMs, 2_000);
  assert.equal(scene.began.find(({ port }) => port === 2)?.timeoutMs, 5_000);
});

test('of a thousand endpoints that do not answer, 64 are asked at a time, and all in their turn', async () => {
  const scene = new Scene();
  scene.answer = undefined;
  for (let port = 0; port < 1000; port += 1) scene.start(port);
  await scene.pass(10);
  assert.equal(scene.began.length, 64);
  for (let round = 0; round < 40 && scene.waiting.length > 0; round += 1) {
    for (const end of scene.waiting.splice(0)) end(FAILED);
    await turn();
    assert.ok(scene.waiting.length <= 64);
  }
  assert.equal(new Set(scene.began.map(({ port }) => port)).size, 1000);
});

test('a check that takes long does not move the next one', async () => {
  const scene = new Scene();
  scene.answer = undefined;
  scene.start(1);
  await scene.pass(8);
  scene.waiting.shift()?.(PASSED);
  await turn();
  await scene.pass(20);
  assert.deepEqual(
    scene.began.map(({ at }) => at),
    [5_000, 15_000],
  );
});

test('an endpoint that leaves is not asked again, and what it still answers changes nothing', async () => {
  const scene = new Scene();
  scene.answer = undefined;
  const [asked, waiting] = [scene.start(1), scene.start(2, { path: '/healthz', intervalMs: 60_000 })];
  await scene.pass(5);
  asked.stop();
  waiting.stop();
  scene.waiting.shift()?.(FAILED);
  await scene.pass(120);
  assert.equal(scene.began.length, 1);
  assert.deepEqual(scene.said, []);
  assert.equal(scene.clock.pending, 0);
});

test('one that waits for its turn and leaves frees its place', async () => {
  const scene = new Scene();
  scene.answer = undefined;
  const all = Array.from({ length: 66 }, (_, port) => scene.start(port));
  await scene.pass(5);
  all[64]?.stop();
  for (const end of scene.waiting.splice(0)) end(PASSED);
  await turn();
  assert.deepEqual(
    scene.began.slice(64).map(({ port }) => port),
    [65],
  );
});
