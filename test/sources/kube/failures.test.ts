/** What libraries get wrong about watches, each as something that must go on working. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { service } from '../../support/services.ts';
import { Harness, until } from './harness.ts';

const MINUTE = 60_000;

describe('a watch that the server ends in order', () => {
  it('is taken up at once, at the last version, without a word', async () => {
    await using harness = await Harness.connected();
    const version = harness.api.apply(service('a'));
    await harness.untilServed('a');
    harness.api.endWatches();
    await harness.untilWatching(2);
    assert.equal(harness.api.received('watch')[1]?.query.resourceVersion, version);
    assert.equal(harness.lists, 1);
    assert.deepEqual(harness.story, ['watching services in all namespaces']);
    assert.equal(harness.source.statistics().restartsTotal, 0, 'that is no failure');
  });

  it('is taken up at once on a quiet resource too', async () => {
    await using harness = await Harness.connected();
    harness.clock.advance(2_000);
    harness.api.endWatches();
    await harness.untilWatching(2);
    assert.equal(harness.lists, 1);
  });

  it('goes on from the last bookmark', async () => {
    await using harness = await Harness.connected({ namespace: ['quiet'] });
    harness.api.apply(service('elsewhere'));
    harness.api.bookmark();
    harness.clock.advance(2_000);
    harness.api.apply(service('here', { namespace: 'quiet' }));
    await harness.untilServed('here');
    harness.api.apply(service('elsewhere'));
    harness.api.bookmark();
    const { version } = harness.api;
    harness.api.endWatches();
    await harness.untilWatching(2);
    assert.equal(harness.api.received('watch')[1]?.query.resourceVersion, version);
  });

  it('is no tight loop when it happens again and again', async () => {
    await using harness = await Harness.connected();
    harness.api.endWatches();
    const pause = await harness.nextPause();
    assert.ok(pause >= 800 && pause <= 1600, `${pause} ms`);
    assert.equal(harness.api.received('watch').length, 1);
    harness.clock.advance(pause);
    await harness.untilWatching(2);
  });
});

describe('a version that is too old', () => {
  it('told by an ERROR event on a stream left open leads to a new list at once', async () => {
    await using harness = await Harness.connected();
    harness.api.apply(service('a'));
    await harness.untilServed('a');
    harness.api.sendError(410);
    await harness.untilWatching(2);
    assert.equal(harness.lists, 2);
    assert.deepEqual(harness.story, ['watching services in all namespaces']);
  });

  for (const how of ['event', 'http'] as const) {
    it(`told when the watch is taken up (${how}) leads to a new list; nothing is missed`, async () => {
      await using harness = await Harness.connected();
      harness.api.apply(service('old'));
      await harness.untilServed('old');
      harness.api.down();
      const pause = await harness.nextPause();
      harness.api.remove('default', 'old');
      harness.api.apply(service('new'));
      harness.api.compact(how);
      await harness.api.up();
      harness.clock.advance(pause);
      await harness.untilServed('new');
      assert.equal(harness.store.calls.at(-1), 'replace new');
    });
  }

  it('is no tight loop when every watch fails with it', async () => {
    await using harness = await Harness.create();
    harness.api.fail('watch', { status: 410 }, Number.POSITIVE_INFINITY);
    harness.source.start();
    const first = await harness.nextPause();
    assert.ok(first >= 800, `${first} ms`);
    harness.clock.advance(first);
    const second = await harness.nextPause();
    assert.ok(second >= 1600, `${second} ms`);
    harness.api.heal();
    harness.clock.advance(second);
    await harness.untilWatching();
  });

  it('is no tight loop when the new list fails', async () => {
    await using harness = await Harness.connected();
    harness.clock.advance(2_000);
    harness.api.fail('list', { status: 500 }, Number.POSITIVE_INFINITY);
    harness.api.sendError(410);
    await harness.nextPause();
    assert.equal(harness.lists, 2);
    assert.match(harness.story.at(-1) ?? '', /^lost: /);
  });

  it('is no tight loop either when the watch had worked before', async () => {
    await using harness = await Harness.connected();
    harness.clock.advance(2_000);
    harness.api.fail('watch', { status: 410 }, Number.POSITIVE_INFINITY);
    harness.api.endWatches();
    await harness.nextPause();
    assert.equal(harness.lists, 2);
    assert.equal(harness.api.received('watch').length, 3);
  });
});

describe('an ERROR event with another code', () => {
  for (const code of [401, 403, 429, 504]) {
    it(`leads to a new list whatever the code says: ${code}`, async () => {
      await using harness = await Harness.connected();
      harness.clock.advance(2_000);
      harness.api.sendError(code);
      await harness.untilWatching(2);
      assert.equal(harness.lists, 2);
    });
  }

  it('ends the watch and leads to a new list', async () => {
    await using harness = await Harness.connected();
    harness.api.apply(service('a'));
    await harness.untilServed('a');
    harness.api.sendError(500);
    await harness.untilWatching(2);
    assert.equal(harness.lists, 2);
  });

  it('does not lose the changes before it in the same chunk', async () => {
    await using harness = await Harness.connected();
    const object = { ...service('a'), metadata: { name: 'a', namespace: 'default', resourceVersion: '900' } };
    const event = JSON.stringify({ type: 'ADDED', object });
    harness.api.fail('list', 'hang');
    harness.api.write(`${event}\n${JSON.stringify({ type: 'ERROR', object: { code: 500 } })}\n`);
    await harness.untilServed('a');
  });
});

describe('lines that cannot be understood', () => {
  const cases: [string, string][] = [
    ['no JSON', '{"type":\n'],
    ['no event', '[]\n'],
    ['an unknown type', '{"type":"MOVED","object":{}}\n'],
    ['no object', '{"type":"ADDED"}\n'],
    ['a longer line than any object', 'x'.repeat(17 * 1024 * 1024)],
  ];
  for (const [name, bytes] of cases) {
    it(`lead to a new list: ${name}`, async () => {
      await using harness = await Harness.connected();
      harness.clock.advance(2_000);
      harness.api.write(bytes);
      await harness.untilWatching(2);
      assert.equal(harness.lists, 2);
      harness.api.apply(service('a'));
      await harness.untilServed('a');
    });
  }
});

describe('refusals', () => {
  it('of the account name the verb, the resource and the file that grants it, once', async () => {
    await using harness = await Harness.create();
    harness.api.fail('list', { status: 403 }, 3);
    harness.source.start();
    for (let attempt = 0; attempt < 3; attempt += 1) await harness.passPause();
    await harness.untilWatching();
    assert.match(
      harness.story[0] ?? '',
      /^forbidden: context "fixture" of the kubeconfig .* may not list services in all namespaces: deploy\/base\/cluster-role\.yaml grants it.* Nothing has been read yet;/,
    );
    assert.equal(harness.story.length, 2);
  });

  it('of the watch alone leave what was listed in the table', async () => {
    await using harness = await Harness.create({ namespace: ['shop'] });
    harness.api.apply(service('a', { namespace: 'shop' }));
    harness.api.fail('watch', { status: 403 }, Number.POSITIVE_INFINITY);
    harness.source.start();
    await harness.nextPause();
    assert.equal(harness.store.names, 'a');
    assert.equal(harness.source.report().synced, false);
    assert.match(
      harness.story[0] ?? '',
      /may not watch services in namespace "shop": a Role in that namespace.* What was read before keeps being served;/,
    );
  });

  it('because of too many requests are obeyed for as long as the server asks', async () => {
    await using harness = await Harness.create();
    harness.api.fail('list', { status: 429, retryAfter: 17 });
    harness.source.start();
    assert.equal(await harness.nextPause(), 17_000);
    harness.clock.advance(17_000);
    await harness.untilWatching();
  });

  for (const fault of ['reset', 'cut', 'garbage', { status: 500 }] as const) {
    it(`of the list with ${JSON.stringify(fault)} are tried again, and never half a list is used`, async () => {
      await using harness = await Harness.create();
      harness.api.apply(service('a'));
      harness.api.fail('list', fault, 2);
      harness.source.start();
      await harness.passPause();
      await harness.passPause();
      await harness.untilWatching();
      assert.deepEqual(harness.store.calls, ['replace a']);
    });
  }
});

describe('an API server that was rebuilt and counts from a lower version', () => {
  it('is noticed when the connection comes back', async () => {
    await using harness = await Harness.connected();
    harness.api.apply(service('a'));
    await harness.untilServed('a');
    harness.api.down();
    const pause = await harness.nextPause();
    harness.api.rebuild();
    harness.api.apply(service('b'));
    await harness.api.up();
    harness.clock.advance(pause);
    await harness.untilServed('a b');
    assert.ok(harness.story.some(text => text.startsWith('the API server went back in its history')));
  });

  it('is noticed behind a stream that stays open', async () => {
    await using harness = await Harness.connected();
    harness.api.silent = true;
    harness.api.rebuild();
    harness.api.apply(service('b'));
    harness.api.silent = false;
    harness.clock.advance(45_000);
    await harness.untilServed('b');
  });
});

describe('the safety net', () => {
  it('lists everything again after ten minutes, whatever the watch said', async () => {
    await using harness = await Harness.connected();
    harness.api.silent = true;
    harness.api.apply(service('missed'));
    harness.api.silent = false;
    for (let second = 0; second < 10 * MINUTE; second += 40_000) {
      const timers = harness.clock.armed;
      harness.api.bookmark();
      await until(() => harness.clock.armed > timers);
      assert.equal(harness.store.names, '');
      harness.clock.advance(40_000);
    }
    await harness.untilServed('missed');
    assert.equal(harness.lists, 2);
    assert.deepEqual(harness.story, ['watching services in all namespaces']);
  });
});
