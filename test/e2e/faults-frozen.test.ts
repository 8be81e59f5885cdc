/** Apart from the others, because it takes so long. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { RealBackend } from '../support/real-backend.ts';
import { RealKube } from '../support/real-kube.ts';
import { RealScene } from '../support/real-scene.ts';
import { grantClusterRole } from '../support/real-services.ts';

const FROZEN_MS = 90_000;

let kube: RealKube;
let backend: RealBackend;
let scene: RealScene;

before(async () => {
  kube = await RealKube.start();
  await grantClusterRole(kube.kubectl);
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
        await delay(FROZEN_MS);
        const { source } = await scene.entry.table();
        assert.equal(source.synced, false, 'it was noticed within a minute');
        assert.match(source.problem ?? '', /did not answer within 10 s/);
      },
      heal: async () => kube.thawApiServer(),
      changes: 'after',
    });
  });
});
