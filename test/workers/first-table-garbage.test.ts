import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RawUpstream } from '../support/raw-upstream.ts';
import { route } from '../support/routes.ts';
import { deltaTo, startFleet } from './fleet-fixture.ts';

const ROUTES = 10_000;
/** Of a heap of twenty. By itself V8 leaves seven free, and as much again in garbage. */
const MOST_FREE_MIB = 3;

test('what a large first table leaves behind is given back before a worker serves it', async context => {
  const upstream = await RawUpstream.start(context);
  const { fleet, threads } = await startFleet(context, { settings: { workers: 1 } });
  const upserts = Array.from({ length: ROUTES }, (_, index) => route(`/${index}`));
  await fleet.publish(deltaTo(upstream, { version: 1, upserts, removals: [] })).everywhere;
  const heap = await threads[0]?.getHeapStatistics();
  assert.ok(heap !== undefined);
  const freeMib = (heap.total_physical_size - heap.used_heap_size) / 1024 ** 2;
  assert.ok(freeMib < MOST_FREE_MIB, `${freeMib.toFixed(1)} MiB are free`);
});
