/** What the API server, or the way to it, does to single answers. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { RealBackend } from '../support/real-backend.ts';
import { RealIntermediary } from '../support/real-intermediary.ts';
import { RealKube } from '../support/real-kube.ts';
import { patiently } from '../support/real-process.ts';
import { grantClusterRole } from '../support/real-rights.ts';
import { RealScene } from '../support/real-scene.ts';

/** Between two pieces of a list: all of it takes seconds. */
const SLOW_MS = 100;

let kube: RealKube;
let backend: RealBackend;
let between: RealIntermediary;
let scene: RealScene;

before(async () => {
  kube = await RealKube.start({ minRequestTimeout: 2 });
  await grantClusterRole(kube);
  backend = await RealBackend.start();
  between = await RealIntermediary.to(kube.port);
  const { port, certificate } = between;
  scene = await RealScene.start(kube, backend, kube.writeKubeconfig('faults.kubeconfig', { port, certificate }));
});

after(async () => {
  await scene?.[Symbol.asyncDispose]();
  await between?.[Symbol.asyncDispose]();
  await backend?.stop();
  await kube?.stop();
});

describe('an entry outlives', () => {
  for (const code of [410, 500]) {
    it(`an ERROR event with code ${code} on a stream that is left open`, async t => {
      await scene.endure(t, {
        strike: () => between.sendError(code),
        heal: async () => undefined,
        changes: 'after',
      });
    });
  }

  it('watches that time out every 2 to 4 s', async t => {
    // Only with the next watch the one before is counted.
    await between.watched();
    const restarts = await restartsTotal();
    await scene.endure(t, {
      strike: async () => {
        between.namesNoTimeout = true;
        const { watches } = between;
        await between.breakWatches();
        await patiently('a few have ended', async () => {
          await scene.change();
          return between.watches >= watches + 4;
        });
      },
      heal: async () => {
        between.namesNoTimeout = false;
      },
      changes: 'after',
    });
    assert.equal((await restartsTotal()) - restarts, 1, 'the one that was broken; the others ended in order');
  });

  it('a list that is cut, twice', async t => {
    const { listsCut } = between;
    await scene.endure(t, {
      strike: async () => {
        between.listsToCut = 2;
        await between.sendError(410);
        await patiently('both were', async () => between.listsCut === listsCut + 2);
      },
      heal: async () => undefined,
      changes: 'after',
    });
  });

  it('a list that comes slowly', async t => {
    await scene.endure(t, {
      strike: async () => {
        between.listDelayMs = SLOW_MS;
        await between.sendError(410);
      },
      heal: async () => undefined,
      changes: 'before heal',
    });
    between.listDelayMs = 0;
  });
});

async function restartsTotal(): Promise<number> {
  return (await scene.entry.metrics()).get('kube_entry_kube_watch_restarts_total') ?? Number.NaN;
}
