/** How often what one Service says may come through. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pace } from '../../src/control/catalog/pace.ts';
import { FakeClock } from '../support/fake-clock.ts';
import fc from '../support/property.ts';

function paced() {
  const clock = new FakeClock();
  const due: { readonly keys: readonly string[]; readonly since: number; readonly at: number }[] = [];
  const pace = new Pace({ clock, onDue: (keys, since) => void due.push({ keys, since, at: clock.monotonic() }) });
  return { clock, due, pace };
}

test('the first change of a key goes at once, those of the next ten milliseconds go together behind them', () => {
  const { clock, due, pace } = paced();
  assert.equal(pace.admits('a'), true);
  clock.advance(3);
  assert.equal(pace.admits('a'), false);
  assert.equal(pace.admits('b'), true, 'each key for itself');
  clock.advance(2);
  assert.equal(pace.admits('a'), false);
  clock.advance(5);
  assert.deepEqual(due, [{ keys: ['a'], since: 3, at: 10 }]);
  assert.equal(pace.admits('a'), false, 'what went counts as a change');
  clock.advance(10);
  assert.deepEqual(due.at(-1), { keys: ['a'], since: 10, at: 20 });
  clock.advance(10);
  assert.equal(pace.admits('a'), true);
});

test('a longer pause holds up its own key alone, a shorter one than usual nothing', () => {
  const { clock, due, pace } = paced();
  clock.advance(50);
  pace.lengthen('costly', 1_000);
  pace.lengthen('cheap', 9);
  assert.equal(pace.admits('costly'), false);
  assert.equal(pace.admits('cheap'), true);
  clock.advance(999);
  assert.deepEqual(due, []);
  clock.advance(1);
  assert.deepEqual(due, [{ keys: ['costly'], since: 50, at: 1_050 }]);
});

test('whatever comes when, each change goes within ten milliseconds, and no two of a key in less', () => {
  const change = fc.record({ key: fc.constantFrom('a', 'b', 'c'), after: fc.nat(15) });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), changes => {
      const clock = new FakeClock();
      const went: { readonly key: string; readonly at: number }[] = [];
      const waiting = new Map<string, number>();
      const go = (key: string): void => {
        went.push({ key, at: clock.monotonic() });
        waiting.delete(key);
      };
      const pace = new Pace({ clock, onDue: keys => keys.forEach(go) });
      const step = (): void => {
        clock.advance(1);
        for (const [key, at] of waiting) assert.ok(clock.monotonic() - at <= 10, `${key} waits too long`);
      };
      for (const { key, after } of changes) {
        for (let ms = 0; ms < after; ms += 1) step();
        if (pace.admits(key)) go(key);
        else if (!waiting.has(key)) waiting.set(key, clock.monotonic());
      }
      for (let ms = 0; ms < 10; ms += 1) step();
      assert.equal(waiting.size, 0);
      for (const [, times] of Map.groupBy(went, ({ key }) => key)) {
        for (const [index, { at }] of times.entries()) {
          const before = times[index - 1]?.at ?? Number.NEGATIVE_INFINITY;
          assert.ok(at - before >= 10, `${at} after ${before}`);
        }
      }
    }),
  );
});
