/** Days of watches, with a clock that is turned as fast as the sockets allow. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Fault } from '../../support/kube-api.ts';
import { service } from '../../support/services.ts';
import { Harness, until } from './harness.ts';

const DAY_MS = 86_400_000;
const RELIST_MS = 600_000;
/** Real servers send a bookmark a minute; more often than that, so that silence does not end the stream first. */
const BOOKMARK_MS = 40_000;
const RESTARTS = 400;
/** A closure, a timer and a socket that are kept for each restart would be several times as much. */
const HEAP_GROWTH = 1_500_000;

/** Numbers from 0 up to 1, the same in every run: a linear congruential generator. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Nothing is open or armed but what one watch needs. */
async function assertOneWatch(harness: Harness): Promise<void> {
  await until(() => harness.api.openWatches.length === 1);
  assert.ok(harness.clock.pending <= 3, `${harness.clock.pending} timers: lifetime, silence, trial`);
  assert.equal(harness.client.listeners, 1);
  await until(() => harness.api.openConnections <= 2);
}

describe('a day of watches', () => {
  it('that the server ends at the time asked for drifts by nothing and leaves no gap', async () => {
    await using harness = await Harness.connected({ random: seeded(1) });
    const { api, clock } = harness;
    const lists: number[] = [0];
    const gaps: number[] = [];
    let endedAt = 0;
    api.onRequest = ({ verb }) => {
      if (verb === 'list') lists.push(clock.monotonic());
      else gaps.push(clock.monotonic() - endedAt);
    };
    while (clock.monotonic() < DAY_MS) {
      const { streams } = harness;
      const asked = api.requests.findLast(({ verb }) => verb === 'watch');
      const end = clock.monotonic() + Number(asked?.query.timeoutSeconds) * 1_000;
      while (clock.monotonic() < end && harness.streams === streams) {
        const timers = clock.armed;
        api.bookmark();
        await until(() => clock.armed > timers);
        const relistAt = (lists.at(-1) ?? 0) + RELIST_MS;
        const step = Math.min(BOOKMARK_MS, end - clock.monotonic(), relistAt - clock.monotonic());
        clock.advance(step);
        endedAt = clock.monotonic();
        // At this moment it leaves the stream by itself.
        if (endedAt === relistAt) await until(() => harness.streams > streams);
      }
      if (harness.streams === streams) api.endWatches();
      await harness.untilWatching(streams + 1);
      await assertOneWatch(harness);
      api.requests.splice(0, api.requests.length - 2);
    }
    assert.deepEqual(
      lists,
      lists.map((_, index) => index * RELIST_MS),
      'a list every ten minutes, to the millisecond',
    );
    assert.ok(gaps.length > DAY_MS / RELIST_MS, `${gaps.length} watches`);
    assert.deepEqual([...new Set(gaps)], [0]);
    assert.equal(harness.source.statistics().restartsTotal, 0);
    assert.deepEqual(harness.story, ['watching services in all namespaces']);
  });
});

describe('watches that fail again and again', () => {
  const faults: readonly (Fault | 'end' | 'error' | 'away')[] = [
    ...(['end', 'error', 'away', 'reset', 'cut', 'garbage'] as const),
    ...[401, 403, 410, 429, 500, 503].map(status => ({ status })),
  ];

  it('leave one watch, one connection, no timer, no listener and no memory behind; every pause is as specified', async () => {
    const random = seeded(2);
    await using harness = await Harness.connected({ random });
    const { api, clock } = harness;
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const heap: number[] = [];
    let logged = 0;
    for (let restart = 0; restart < RESTARTS; restart += 1) {
      clock.advance(2_000 + Math.floor(random() * 40_000));
      const { streams } = harness;
      const fault = faults[Math.floor(random() * faults.length)] ?? 'end';
      if (fault === 'away') {
        api.down();
        const pause = await nextPause(harness, logged);
        assert.ok(pause >= 500 && pause <= 1_000, `${pause} ms`);
        await api.up();
        clock.advance(pause);
      } else if (fault === 'error') api.sendError(500);
      else if (fault === 'end') api.endWatches();
      else {
        api.fail(random() < 0.5 ? 'watch' : 'list', fault);
        api.resetWatches();
      }
      await until(() => {
        for (const { delayMs } of harness.log.splice(logged)) {
          if (delayMs === undefined) continue;
          assert.ok(delayMs >= 500 && delayMs <= 30_000, `${delayMs} ms`);
          clock.advance(delayMs);
        }
        // The new stream's trial, or a timer that happens to end before it.
        const { soonest = Infinity } = clock;
        if (harness.streams > streams && soonest <= 1_000) clock.advance(soonest);
        // A stream that is cut at its head counts, too, and for a moment the client does not know that it is cut.
        return harness.streams > streams && api.openWatches.length === 1 && harness.source.report().synced;
      });
      api.heal();
      await assertOneWatch(harness);
      const name = `s${restart % 10}`;
      api.apply(service(name, { annotations: { path: `/${restart}` } }));
      await until(() => harness.store.annotation(`default/${name}`) === `/${restart}`);
      for (const record of [harness.log, harness.changes, harness.store.calls, api.requests]) record.length = 0;
      logged = 0;
      if (restart === RESTARTS / 4 || restart === RESTARTS - 1) {
        api.compact();
        collect();
        // What was closed in this turn is let go in the next.
        await new Promise(setImmediate);
        collect();
        heap.push(process.memoryUsage().heapUsed);
      }
    }
    const [early = 0, late = 0] = heap;
    assert.ok(late - early < HEAP_GROWTH, `the heap grew by ${late - early} bytes`);
  });
});

async function nextPause(harness: Harness, from: number): Promise<number> {
  const pauses = (): number[] => harness.log.slice(from).flatMap(({ delayMs }) => delayMs ?? []);
  await until(() => pauses().length > 0);
  const [pause = 0] = pauses();
  harness.log.length = 0;
  return pause;
}
