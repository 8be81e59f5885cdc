import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { service } from '../../support/services.ts';
import { Harness, RecordingStore, until } from './harness.ts';

const line = (type: string, object: unknown) => `${JSON.stringify({ type, object })}\n`;

describe('a source that watches', () => {
  it('is synced once it has listed and the watch stands, not before', async () => {
    await using harness = await Harness.create();
    harness.api.apply(service('a'));
    assert.deepEqual(harness.source.report(), { kind: 'kube', synced: false });
    harness.source.start();
    await harness.untilWatching();
    assert.deepEqual(harness.source.report(), { kind: 'kube', synced: true });
    assert.deepEqual(harness.store.calls, ['replace a']);
    assert.equal(harness.changes.length, 1);
    assert.deepEqual(harness.story, ['watching services in all namespaces']);
  });

  it('is synced with an empty cluster too', async () => {
    await using harness = await Harness.connected();
    assert.deepEqual(harness.store.calls, ['replace ']);
  });

  it('hands on what is added, changed and deleted', async () => {
    await using harness = await Harness.connected();
    harness.api.apply(service('a', { annotations: { path: '/1' } }));
    await harness.untilServed('a');
    harness.api.apply(service('a', { annotations: { path: '/2' } }));
    await until(() => harness.store.annotation('default/a') === '/2');
    harness.api.remove('default', 'a');
    await harness.untilServed('');
    assert.equal(harness.source.statistics().eventsTotal, 3);
    assert.equal(harness.source.statistics().lastEventTimestampSeconds, Date.UTC(2026, 0, 1) / 1000);
  });

  it('asks for bookmarks and for an end after 5 to 10 minutes', async () => {
    await using short = await Harness.connected({ random: () => 0 });
    await using long = await Harness.connected({ random: () => 0.999 });
    const [first] = short.api.received('watch');
    const [second] = long.api.received('watch');
    assert.equal(first?.query.allowWatchBookmarks, 'true');
    assert.equal(first?.query.timeoutSeconds, '300');
    assert.equal(second?.query.timeoutSeconds, '600');
  });

  it('reads a large cluster in pages of 500', async () => {
    await using harness = await Harness.create();
    for (let index = 0; index < 1100; index += 1) harness.api.apply(service(`s${index}`));
    harness.source.start();
    await harness.untilWatching();
    assert.equal(harness.store.services.size, 1100);
    assert.deepEqual(
      harness.api.received('list').map(({ query }) => query.limit),
      ['500', '500', '500'],
    );
    assert.equal(harness.api.received('watch')[0]?.query.resourceVersion, harness.api.version);
  });

  it('starts the list again, in one piece, when its pages expire on the way', async () => {
    await using harness = await Harness.create();
    for (let index = 0; index < 700; index += 1) harness.api.apply(service(`s${index}`));
    harness.api.onRequest = ({ query }) => {
      if (query.continue !== undefined) harness.api.compact();
    };
    harness.source.start();
    await harness.untilWatching();
    assert.equal(harness.store.services.size, 700);
    assert.deepEqual(
      harness.api.received('list').map(({ query }) => query.limit),
      ['500', '500', undefined],
    );
    assert.equal(harness.store.calls.length, 1);
  });

  it('watches one namespace, with the label selector', async () => {
    await using harness = await Harness.create({ namespace: ['shop'], selector: 'tier=web' });
    harness.api.apply(service('a', { namespace: 'shop', labels: { tier: 'web' } }));
    harness.api.apply(service('b', { namespace: 'shop', labels: { tier: 'db' } }));
    harness.api.apply(service('c', { namespace: 'other', labels: { tier: 'web' } }));
    harness.source.start();
    await harness.untilWatching();
    assert.equal(harness.store.names, 'a');
    for (const { namespace, query } of harness.api.requests) {
      assert.deepEqual([namespace, query.labelSelector], ['shop', 'tier=web']);
    }
  });

  it('reports one change for all events of a chunk', async () => {
    await using harness = await Harness.connected();
    const object = (name: string, version: number) => ({
      ...service(name),
      metadata: { name, namespace: 'default', resourceVersion: String(version) },
    });
    harness.clock.advance(1234);
    harness.api.write(
      line('ADDED', object('a', 900)) + line('ADDED', object('b', 901)) + line('DELETED', object('a', 902)),
    );
    await harness.untilServed('b');
    assert.deepEqual(harness.store.calls, ['replace ', 'upsert a', 'upsert b', 'remove a']);
    assert.deepEqual(harness.changes.slice(1), [1234]);
  });

  it('understands an event that comes in pieces, cut within a character', async () => {
    await using harness = await Harness.connected();
    const event = service('a', { annotations: { path: '/größe' } });
    const object = { ...event, metadata: { ...event.metadata, resourceVersion: '900' } };
    const bytes = Buffer.from(line('ADDED', object));
    const cut = bytes.indexOf('ö') + 1;
    harness.api.write(bytes.subarray(0, cut));
    await new Promise(setImmediate);
    harness.api.write(bytes.subarray(cut));
    await until(() => harness.store.annotation('default/a') === '/größe');
  });

  it('lets no older event undo a newer one, nor bring back what was deleted', async () => {
    await using harness = await Harness.connected();
    const object = (version: number) => ({
      ...service('a'),
      metadata: {
        name: 'a',
        namespace: 'default',
        resourceVersion: String(version),
        annotations: { 'kube-entry.io/path': `/${version}` },
      },
    });
    harness.api.write(line('ADDED', object(1000)) + line('MODIFIED', object(999)) + line('DELETED', object(998)));
    await harness.untilServed('a');
    assert.equal(harness.store.annotation('default/a'), '/1000');
    harness.api.write(line('DELETED', object(1001)) + line('MODIFIED', object(1000)));
    await harness.untilServed('');
    harness.api.write(line('ADDED', object(1002)));
    await until(() => harness.store.annotation('default/a') === '/1002');
    assert.deepEqual(harness.store.calls, ['replace ', 'upsert a', 'remove a', 'upsert a']);
  });

  it('leaves out an object no API server should have taken, and says so', async () => {
    await using harness = await Harness.connected();
    harness.api.apply(service('odd', { spec: { ports: [{ port: 'http' }] } }));
    harness.api.apply(service('fine'));
    await harness.untilServed('fine');
    assert.ok(harness.story.some(text => text.startsWith('Service default/odd is left out: spec.ports')));
  });

  it('goes on when a handler throws, and logs what it threw with a code', async () => {
    class ThrowingStore extends RecordingStore {
      override upsert(object: Parameters<RecordingStore['upsert']>[0]): void {
        if (object.metadata.name === 'bad') throw new TypeError('cannot take it');
        super.upsert(object);
      }
    }
    await using harness = await Harness.connected({ store: new ThrowingStore() });
    const event = (name: string) =>
      line('ADDED', { ...service(name), metadata: { name, namespace: 'default', resourceVersion: '900' } });
    harness.api.write(event('bad') + event('good'));
    await harness.untilServed('good');
    assert.equal(harness.log.filter(({ code }) => code === 'KUBE_HANDLER').length, 1);
    assert.equal(harness.changes.length, 2);
    harness.api.apply(service('better'));
    await harness.untilServed('better good');
    assert.equal(harness.api.received('watch').length, 1);
  });
});
