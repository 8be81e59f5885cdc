import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { startFleet } from './fleet-fixture.ts';

/** Keeps what it makes until its young generation has grown as far as it may, and says how large it is, in MiB. */
const GROW = `
  const { parentPort } = require('node:worker_threads');
  const { getHeapSpaceStatistics } = require('node:v8');
  let kept = [];
  for (let made = 0; made < 1_000_000; made += 1) {
    kept.push([made]);
    if (kept.length === 200_000) kept = [];
  }
  const { space_size } = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
  parentPort.postMessage(space_size / 1024 ** 2);
`;

async function youngGenerationOfThread(): Promise<number> {
  const [size] = (await once(new Worker(GROW, { eval: true }), 'message')) as [number];
  return size;
}

test('workers have a young generation of the usual size, be that of the main thread ever so small', async context => {
  // As NODE_OPTIONS of the image does it, before the program starts.
  setFlagsFromString('--max-semi-space-size=1');
  assert.ok((await youngGenerationOfThread()) <= 3, 'the flag holds for threads, too');
  await startFleet(context, { settings: { workers: 1 } });
  assert.ok((await youngGenerationOfThread()) > 3);
});
