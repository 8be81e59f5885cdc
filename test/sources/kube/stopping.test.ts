import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { service } from '../../support/services.ts';
import { Harness, until } from './harness.ts';

describe('stopping a source', () => {
  it('works before it was started', async () => {
    await using harness = await Harness.create();
    await harness.source.stop();
    harness.source.start();
    await harness.source.stop();
    assert.equal(harness.api.requests.length, 0);
  });

  it('works at once, before anything was sent', async () => {
    await using harness = await Harness.create();
    harness.source.start();
    await harness.source.stop();
    assert.deepEqual(harness.store.calls, []);
    assert.equal(harness.clock.pending, 0);
  });

  for (const verb of ['list', 'watch'] as const) {
    it(`works while the answer to a ${verb} is awaited`, async () => {
      await using harness = await Harness.create();
      harness.api.fail(verb, 'hang');
      harness.source.start();
      await until(() => harness.api.received(verb).length === 1);
      await harness.source.stop();
      assert.equal(harness.clock.pending, 0);
    });
  }

  it('works between two attempts', async () => {
    await using harness = await Harness.create();
    harness.api.fail('list', { status: 500 });
    harness.source.start();
    await harness.nextPause();
    await harness.source.stop();
    assert.equal(harness.clock.pending, 0);
    assert.equal(harness.api.requests.length, 1);
  });

  it('ends the watch, says nothing and hands nothing on any more', async () => {
    await using harness = await Harness.connected();
    const lines = harness.log.length;
    await harness.source.stop();
    await until(() => harness.api.openWatches.length === 0);
    harness.api.apply(service('late'));
    harness.clock.advance(3_600_000);
    assert.equal(harness.api.requests.length, 2);
    assert.deepEqual(harness.store.calls, ['replace ']);
    assert.equal(harness.log.length, lines);
  });
});
