import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { service } from '../../support/services.ts';
import { Harness, until } from './harness.ts';

describe('a source of several namespaces', () => {
  it('has no table until all have been listed', async () => {
    await using harness = await Harness.create({ namespace: ['a', 'b', 'a'] });
    harness.api.apply(service('one', { namespace: 'a' }));
    harness.api.apply(service('two', { namespace: 'b' }));
    harness.api.apply(service('three', { namespace: 'c' }));
    harness.api.fail('list', { status: 403 });
    harness.source.start();
    const pause = await harness.nextPause();
    await until(() => harness.api.openWatches.length === 1);
    const [watched] = harness.api.openWatches;
    harness.api.apply(service('four', { namespace: watched?.namespace ?? '' }));
    await until(() => harness.source.statistics().eventsTotal === 1);
    assert.deepEqual(harness.store.calls, []);
    assert.deepEqual(harness.changes, []);
    assert.equal(harness.source.report().synced, false);
    harness.clock.advance(pause);
    await harness.untilServed('four one two');
    assert.equal(harness.store.calls.length, 1);
    assert.equal(harness.changes.length, 1);
  });

  it('serves what may be read when one namespace is refused for longer than a starting API server does', async () => {
    await using harness = await Harness.create({ namespace: ['a', 'b'] });
    harness.api.apply(service('one', { namespace: 'a' }));
    harness.api.apply(service('two', { namespace: 'b' }));
    harness.api.forbid('b');
    harness.source.start();
    await until(() => harness.streams === 1 && harness.source.report().problem !== undefined);
    harness.clock.advance(9_000);
    assert.deepEqual(harness.store.calls, []);
    await until(() => {
      harness.clock.advance(1_000);
      return harness.store.calls.length > 0;
    });
    assert.deepEqual(harness.store.calls, ['replace one']);
    assert.equal(harness.changes.length, 1);
    const { synced, problem } = harness.source.report();
    assert.equal(synced, false);
    assert.match(problem ?? '', /may not list services in namespace "b"/);
    assert.ok(harness.story.includes('namespace "b" may not be read: it is left out until that is granted'));
    harness.api.forbid();
    await until(() => {
      harness.clock.advance(1_000);
      return harness.store.names === 'one two';
    });
  });

  it('serves a refused namespace as it was restored', async () => {
    const restored = ['a', 'b'].map(namespace => ({ metadata: { namespace, name: `old-${namespace}` }, spec: {} }));
    await using harness = await Harness.create({ namespace: ['a', 'b'], restored });
    harness.api.apply(service('one', { namespace: 'a' }));
    harness.api.forbid('b');
    harness.source.start();
    await until(() => {
      harness.clock.advance(1_000);
      return harness.store.calls.length > 0;
    });
    assert.equal(harness.store.names, 'old-b one');
  });

  it('has no table when every namespace is refused', async () => {
    await using harness = await Harness.create({ namespace: ['a', 'b'] });
    harness.api.forbid('a', 'b');
    harness.source.start();
    await until(() => {
      harness.clock.advance(1_000);
      return harness.story.filter(line => line.includes('is left out')).length === 2;
    });
    assert.deepEqual(harness.store.calls, []);
  });

  it('keeps the others when one is listed again', async () => {
    await using harness = await Harness.create({ namespace: ['a', 'b'] });
    harness.api.apply(service('one', { namespace: 'a' }));
    harness.api.apply(service('two', { namespace: 'b' }));
    harness.source.start();
    await until(() => harness.streams === 2);
    harness.api.apply(service('three', { namespace: 'a' }));
    await harness.untilServed('one three two');
    harness.clock.advance(2_000);
    harness.api.sendError(410);
    await until(() => harness.store.calls.filter(call => call.startsWith('replace')).length === 3);
    for (const call of harness.store.calls.slice(-2)) assert.equal(call, 'replace one three two');
  });
});
