/** Apart from the others, because it takes so long. */
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { RealBackend } from '../support/real-backend.ts';
import { RealKube } from '../support/real-kube.ts';
import { patiently } from '../support/real-process.ts';
import { grantClusterRole } from '../support/real-rights.ts';
import { RealScene } from '../support/real-scene.ts';

const FROZEN_MS = 90_000;

let kube: RealKube;
let backend: RealBackend;
let scene: RealScene;

before(async () => {
  kube = await RealKube.start();
  await grantClusterRole(kube);
  backend = await RealBackend.start();
  scene = await RealScene.start(kube, backend, kube.kubeconfig('entry'));
});

after(async () => {
  kube?.thawApiServer();
  await scene?.[Symbol.asyncDispose]();
  await backend?.stop();
  await kube?.stop();
});

describe('an entry outlives', () => {
  it('an API server that is frozen for 90 s and goes on', async t => {
    await scene.endure(t, {
      strike: async () => {
        kube.freezeApiServer();
        const since = performance.now();
        await patiently('it is noticed', async () => {
          const { synced, problem = '' } = (await scene.entry.table()).source;
          return !synced && /did not answer within 10 s/.test(problem);
        });
        await delay(Math.max(0, since + FROZEN_MS - performance.now()));
      },
      heal: async () => kube.thawApiServer(),
      changes: 'after',
    });
  });
});
