/** Somebody sets the date, or a machine wakes up with a wrong one. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { service } from '../../support/services.ts';
import { Harness, until } from './harness.ts';

const DAY = 86_400_000;

for (const [direction, ms] of [
  ['forward', DAY],
  ['back', -DAY],
] as const) {
  describe(`a clock that jumps a day ${direction}`, () => {
    it('makes nothing happen sooner or later; only the stamp of the last event follows it', async () => {
      await using harness = await Harness.connected();
      harness.clock.advance(20_000);
      const { length } = harness.api.requests;
      harness.clock.jump(ms);
      harness.api.apply(service('a'));
      await harness.untilServed('a');
      assert.equal(harness.source.statistics().lastEventTimestampSeconds, harness.clock.now() / 1000);
      harness.clock.advance(44_999);
      await new Promise(setImmediate);
      assert.equal(harness.api.requests.length, length);
      harness.clock.advance(1);
      await harness.untilWatching(2);
    });

    it('neither lengthens nor shortens a pause', async () => {
      await using harness = await Harness.connected();
      harness.clock.advance(2_000);
      harness.api.down();
      const pause = await harness.nextPause();
      harness.clock.jump(ms);
      await harness.api.up();
      harness.clock.advance(pause - 1);
      await new Promise(setImmediate);
      assert.equal(harness.streams, 1);
      harness.clock.advance(1);
      await harness.untilWatching(2);
    });

    it('does not move the periodic list', async () => {
      await using harness = await Harness.connected();
      for (let elapsed = 0; elapsed < 600_000; elapsed += 30_000) {
        assert.equal(harness.lists, 1);
        harness.clock.jump(ms);
        const timers = harness.clock.armed;
        harness.api.bookmark();
        await until(() => harness.clock.armed > timers);
        harness.clock.advance(30_000);
      }
      await until(() => harness.lists === 2);
    });
  });
}
