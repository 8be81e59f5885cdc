import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { systemClock } from '../../../src/clock.ts';
import { TICK_MS, TimeLimit, TimerWheel } from '../../../src/dataplane/runtime/timer-wheel.ts';
import { atEnd } from '../../support/cleanup.ts';
import { eventually } from '../../support/eventually.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import fc from '../../support/property.ts';

class Entry extends TimeLimit {
  readonly bugs: readonly unknown[];

  constructor(timedOut: () => void) {
    const bugs: unknown[] = [];
    super({ timedOut, crashed: error => bugs.push(error) });
    this.bugs = bugs;
  }
}

/** A wheel whose time a test moves. */
class Bench {
  readonly clock = new FakeClock();
  readonly wheel = new TimerWheel(this.clock);
  /** Names of those whose time has come, in order. */
  fired: string[] = [];

  entry(name: string, onTimeOut: () => void = () => undefined): Entry {
    return new Entry(() => {
      this.fired.push(name);
      onTimeOut();
    });
  }

  get now(): number {
    return this.clock.monotonic();
  }

  pass(milliseconds: number): void {
    this.clock.advance(milliseconds);
    this.wheel.advance();
  }
}

type Step =
  | { readonly kind: 'set'; readonly entry: number; readonly milliseconds: number }
  | { readonly kind: 'clear' | 'remove'; readonly entry: number }
  | { readonly kind: 'pass'; readonly milliseconds: number };

const ENTRIES = 6;
/** Within a slot, within a turn of the wheel, and beyond. */
const span = fc.oneof(fc.nat(200), fc.nat(5_000), fc.nat(200_000));
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('set'), entry: fc.nat(ENTRIES - 1), milliseconds: span }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('clear', 'remove'), entry: fc.nat(ENTRIES - 1) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('pass'), milliseconds: span }) },
);

describe('TimerWheel', () => {
  it('a limit whose end has a bug ends its owner alone', () => {
    const bench = new Bench();
    const buggy = bench.entry('buggy', () => {
      throw new Error('bug');
    });
    const others = ['first', 'second'].map(name => bench.entry(name));
    for (const entry of [others[0], buggy, others[1]]) bench.wheel.set(entry as Entry, 100);
    bench.pass(1_000);
    assert.deepEqual(new Set(bench.fired), new Set(['first', 'buggy', 'second']));
    assert.equal(buggy.bugs.length, 1);
    assert.deepEqual(
      others.map(entry => entry.bugs),
      [[], []],
    );
  });

  it('does what a list of limits would do, to the tick', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), steps => {
        const bench = new Bench();
        const entries = Array.from({ length: ENTRIES }, (_, index) => bench.entry(String(index)));
        const limits = new Map<string, { readonly from: number; readonly to: number }>();
        for (const action of steps) {
          if (action.kind === 'pass') {
            bench.fired = [];
            bench.pass(action.milliseconds);
            for (const [name, { from, to }] of [...limits]) {
              const hasFired = bench.fired.includes(name);
              assert.ok(!hasFired || bench.now >= from, `${name} ended ${from - bench.now} ms too early`);
              assert.ok(hasFired || bench.now < to, `${name} is ${bench.now - to} ms late`);
              if (hasFired) limits.delete(name);
              bench.fired = bench.fired.filter(other => other !== name);
            }
            assert.deepEqual(bench.fired, [], 'ended without a limit, or twice');
            continue;
          }
          const entry = entries[action.entry];
          assert.ok(entry !== undefined);
          limits.delete(String(action.entry));
          if (action.kind === 'set') {
            bench.wheel.set(entry, action.milliseconds);
            const from = bench.now + action.milliseconds;
            limits.set(String(action.entry), { from, to: from + 3 * TICK_MS });
          } else {
            bench.wheel[action.kind](entry);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('a limit is set anew within its own end', () => {
    const bench = new Bench();
    const entry = bench.entry('again', () => bench.wheel.set(entry, 100));
    bench.wheel.set(entry, 100);
    for (let count = 0; count < 40; count += 1) bench.pass(TICK_MS);
    assert.ok(bench.fired.length >= 9, `${bench.fired.length} times in 2 s`);
  });

  for (const order of ['abc', 'acb', 'bac', 'bca', 'cab', 'cba']) {
    it(`whose time comes may take others out of the same slot: set as ${order}`, () => {
      const bench = new Bench();
      // A client that times out takes its upstream along; the others in the slot must not be touched.
      const b = bench.entry('b');
      const entries = { a: bench.entry('a', () => bench.wheel.remove(b)), b, c: bench.entry('c') };
      for (const name of order) bench.wheel.set(entries[name as 'a' | 'b' | 'c'], 100);
      bench.pass(1000);
      assert.deepEqual(bench.fired.filter(name => name !== 'b').sort(), ['a', 'c']);
      // Each of them can be used on.
      for (const entry of Object.values(entries)) bench.wheel.set(entry, 100);
      bench.fired = [];
      bench.wheel.remove(entries.a);
      bench.pass(1000);
      assert.deepEqual(bench.fired.sort(), ['b', 'c']);
    });
  }

  it('one that is set anew within the end of another keeps its neighbours', () => {
    const bench = new Bench();
    const b = bench.entry('b');
    const a = bench.entry('a', () => {
      bench.wheel.set(a, 100);
      bench.wheel.remove(b);
    });
    const later = bench.entry('later');
    for (const entry of [b, a]) bench.wheel.set(entry, 100);
    bench.pass(150);
    bench.wheel.set(later, 100);
    bench.pass(1000);
    assert.ok(bench.fired.includes('later'));
  });

  it('after a long pause everything that is over ends, once', () => {
    const bench = new Bench();
    for (let index = 0; index < 500; index += 1) bench.wheel.set(bench.entry(String(index)), index * 977);
    bench.pass(10_000_000);
    assert.deepEqual(
      bench.fired.map(Number).sort((a, b) => a - b),
      Array.from({ length: 500 }, (_, index) => index),
    );
  });

  it('what has come while the thread stood still is read before limits end', async t => {
    const server = createServer().listen(0, '127.0.0.1');
    atEnd(t, () => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const sender = connect(port, '127.0.0.1');
    const [receiver] = (await once(server, 'connection')) as [Socket];
    atEnd(t, () => void sender.destroy());
    const wheel = new TimerWheel(systemClock);
    wheel.start();
    atEnd(t, () => wheel.stop());
    const ended: string[] = [];
    const heard = new Entry(() => ended.push('heard'));
    const unheard = new Entry(() => ended.push('unheard'));
    receiver.once('data', () => wheel.set(heard, 60_000));
    for (const entry of [heard, unheard]) wheel.set(entry, 100);
    await new Promise(resolve => sender.write('x', resolve));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    await eventually('a limit to end', () => ended.length > 0);
    assert.deepEqual(ended, ['unheard']);
  });

  it('an idle wheel keeps no process alive, and stops', () => {
    const wheel = new TimerWheel(systemClock);
    wheel.start();
    assert.ok(!process.getActiveResourcesInfo().includes('Timeout'));
    wheel.stop();
  });
});
