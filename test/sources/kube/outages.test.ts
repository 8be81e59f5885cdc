/** A server that is away, frozen, or back again: what is served, and how soon its return is noticed. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { service } from '../../support/services.ts';
import { Harness, until } from './harness.ts';

describe('a server that is away', () => {
  it('at the start is tried until it comes; the log says so once', async () => {
    await using harness = await Harness.create();
    harness.api.down();
    harness.source.start();
    for (let attempt = 0; attempt < 5; attempt += 1) await harness.passPause();
    const pause = await harness.nextPause();
    assert.equal(harness.source.report().synced, false);
    assert.match(harness.source.report().problem ?? '', /ECONNREFUSED/);
    assert.equal(harness.source.report().lostSince, undefined, 'what was never there is not lost');
    await harness.api.up();
    harness.clock.advance(pause);
    await harness.untilWatching();
    assert.equal(harness.source.report().problem, undefined);
    assert.equal(harness.story.length, 2);
    assert.match(harness.story[0] ?? '', /^lost: cannot reach the Kubernetes API/);
    assert.equal(harness.story[1], 'back: watching services in all namespaces');
  });

  it('for a while takes nothing from the table; changes made meanwhile arrive when it is back', async () => {
    await using harness = await Harness.connected();
    harness.api.apply(service('a'));
    await harness.untilServed('a');
    harness.api.down();
    await until(() => !harness.source.report().synced);
    assert.equal(harness.source.report().lostSince, new Date(harness.clock.now()).toISOString());
    harness.api.remove('default', 'a');
    harness.api.apply(service('b'));
    await harness.passPause();
    const pause = await harness.nextPause();
    assert.equal(harness.store.names, 'a');
    await harness.api.up();
    harness.clock.advance(pause);
    await harness.untilServed('b');
    assert.equal(harness.source.report().lostSince, undefined);
    assert.deepEqual(harness.store.calls.slice(-2).sort(), ['remove a', 'upsert b']);
    assert.equal(harness.story.length, 3);
  });

  it('is asked every second at most while nobody answers, and comes back with what changed meanwhile', async () => {
    await using harness = await Harness.connected({ random: () => 0.999 });
    harness.clock.advance(2_000);
    harness.api.down();
    for (let attempt = 0; attempt < 120; attempt += 1) {
      const pause = await harness.nextPause();
      assert.ok(pause >= 500 && pause <= 1_000, `${pause} ms`);
      if (attempt === 119) {
        harness.api.apply(service('a'));
        await harness.api.up();
      }
      harness.clock.advance(pause);
    }
    await harness.untilServed('a');
    assert.equal(harness.source.statistics().restartsTotal, 1);
    assert.equal(harness.story.length, 3);
  });

  it('says nothing about the pauses for one that answers with failures', async () => {
    await using harness = await Harness.create({ random: () => 1 });
    harness.api.down();
    harness.source.start();
    for (let attempt = 0; attempt < 10; attempt += 1) await harness.passPause();
    const last = await harness.nextPause();
    harness.api.fail('list', { status: 503 }, 2);
    await harness.api.up();
    harness.clock.advance(last);
    assert.equal(await harness.nextPause(), 1_600);
    harness.clock.advance(1_600);
    assert.equal(await harness.nextPause(), 3_200);
  });

  it('that comes back and refuses at first, as one without its roles yet, is asked again soon', async () => {
    await using harness = await Harness.create();
    harness.api.apply(service('a'));
    harness.api.fail('list', { status: 500 }, 5);
    harness.source.start();
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const pause = await harness.nextPause();
      if (attempt === 4) harness.api.down();
      harness.clock.advance(pause);
    }
    const away = await harness.nextPause();
    harness.api.fail('list', { status: 403 }, 100);
    await harness.api.up();
    harness.clock.advance(away);
    const returnedAt = harness.clock.monotonic();
    let pause = await harness.nextPause();
    while (harness.clock.monotonic() - returnedAt < 30_000) {
      assert.ok(pause <= 1_000, `${pause} ms`);
      harness.clock.advance(pause);
      pause = await harness.nextPause();
    }
    assert.ok(pause > 1_000, 'then it seems to mean it');
    harness.api.heal();
    harness.clock.advance(pause);
    await harness.untilServed('a');
  });

  it('that breaks a stream which worked is asked again at once', async () => {
    await using harness = await Harness.connected();
    harness.clock.advance(2_000);
    harness.api.resetWatches();
    await harness.untilWatching(2);
    assert.deepEqual(
      harness.log.filter(({ delayMs }) => delayMs !== undefined),
      [],
    );
  });
});

describe('a server that answers, but with failures', () => {
  it('is asked at most every 30 s, and with short pauses again after two good minutes', async () => {
    await using harness = await Harness.connected({ random: () => 1 });
    harness.clock.advance(2_000);
    harness.api.fail('list', { status: 500 }, Number.POSITIVE_INFINITY);
    harness.api.sendError(500);
    const pauses: number[] = [];
    for (let attempt = 0; attempt < 7; attempt += 1) {
      pauses.push(await harness.nextPause());
      if (attempt === 6) harness.api.heal();
      harness.clock.advance(pauses.at(-1) ?? 0);
    }
    assert.deepEqual(pauses, [1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
    await harness.untilWatching(2);
    // Three times 40 s, with an event each, so that the silence does not end the stream.
    for (let turn = 0; turn < 3; turn += 1) {
      harness.clock.advance(40_000);
      const object = { metadata: { name: 'x', namespace: 'x', resourceVersion: String(1000 + turn) } };
      const events = harness.source.statistics().eventsTotal;
      harness.api.write(`${JSON.stringify({ type: 'DELETED', object })}\n`);
      await until(() => harness.source.statistics().eventsTotal > events);
    }
    harness.api.fail('list', { status: 500 });
    harness.api.sendError(500);
    assert.equal(await harness.nextPause(), 1600);
  });

  it('because its etcd is away, while its streams stay open and silent, keeps the table and is followed again', async () => {
    await using harness = await Harness.connected();
    harness.api.apply(service('a'));
    await harness.untilServed('a');
    harness.api.fail('list', { status: 500 }, Number.POSITIVE_INFINITY);
    harness.clock.advance(45_000);
    await harness.passPause();
    await harness.passPause();
    const pause = await harness.nextPause();
    assert.equal(harness.source.report().synced, false);
    assert.equal(harness.store.names, 'a');
    harness.api.apply(service('b'));
    harness.api.heal();
    harness.clock.advance(pause);
    await harness.untilServed('a b');
  });
});

describe('a version that is gone after an outage', () => {
  it('is no return yet: only the watch from the new list is', async () => {
    await using harness = await Harness.connected();
    harness.clock.advance(2_000);
    harness.api.down();
    const pause = await harness.nextPause();
    harness.api.apply(service('new'));
    harness.api.compact();
    const synced: boolean[] = [];
    harness.api.onRequest = () => void synced.push(harness.source.report().synced);
    await harness.api.up();
    harness.clock.advance(pause);
    await harness.untilServed('new');
    await harness.untilWatching(3);
    assert.deepEqual(synced, [false, false, false, false], 'version, watch with the 410, list, watch');
    assert.equal(harness.story.length, 3, 'one line when it went, one when it came back');
  });

  it('and one that is not gone is a return when the watch stood for a second', async () => {
    await using harness = await Harness.connected();
    harness.clock.advance(2_000);
    harness.api.down();
    const pause = await harness.nextPause();
    await harness.api.up();
    harness.clock.advance(pause);
    await until(() => harness.streams === 2 && harness.clock.soonest === 1_000);
    assert.equal(harness.source.report().synced, false);
    harness.clock.advance(1_000);
    assert.equal(harness.source.report().synced, true);
  });
});

describe('silence', () => {
  it('of a dead stream costs a change less than a minute', async () => {
    await using harness = await Harness.connected();
    harness.api.silent = true;
    harness.api.apply(service('a'));
    harness.api.silent = false;
    harness.clock.advance(45_000);
    await harness.untilServed('a');
    assert.deepEqual(harness.story, ['watching services in all namespaces']);
  });

  it('of a frozen server is known within a minute', async () => {
    await using harness = await Harness.connected();
    harness.api.silent = true;
    const requests = harness.api.requests.length;
    harness.clock.advance(45_000);
    await until(() => harness.api.requests.length > requests);
    harness.clock.advance(10_000);
    await until(() => !harness.source.report().synced);
    assert.match(harness.source.report().problem ?? '', /did not answer within 10 s/);
    harness.api.silent = false;
    await harness.passPause();
    await harness.untilWatching(2);
  });

  it('of a server that is frozen for 90 s costs no more than the answer it owes', async () => {
    await using harness = await Harness.connected();
    harness.api.silent = true;
    const asked = () => harness.api.requests.length;
    harness.clock.advance(45_000);
    for (let elapsed = 45_000, known = 2; elapsed + 10_000 < 90_000; known += 1) {
      await until(() => asked() > known);
      harness.clock.advance(10_000);
      const pause = await harness.nextPause();
      assert.ok(pause <= 1_000, `${pause} ms: it is nearly always waiting for an answer`);
      harness.clock.advance(pause);
      elapsed += 10_000 + pause;
    }
    harness.api.apply(service('a'));
    harness.api.silent = false;
    await harness.untilServed('a');
  });

  it('is broken by a bookmark', async () => {
    await using harness = await Harness.connected();
    for (let minute = 0; minute < 3; minute += 1) {
      harness.clock.advance(40_000);
      const timers = harness.clock.armed;
      harness.api.bookmark();
      await until(() => harness.clock.armed > timers);
    }
    assert.equal(harness.api.received('watch').length, 1);
  });

  it('of a list ends at its deadline', async () => {
    await using harness = await Harness.create();
    harness.api.fail('list', 'hang');
    harness.source.start();
    await until(() => harness.api.requests.length === 1);
    harness.clock.advance(30_000);
    await harness.passPause();
    await harness.untilWatching();
  });
});
