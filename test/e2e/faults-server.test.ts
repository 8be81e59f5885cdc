/** The API server and its etcd die, come back, or come back as others. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { RealBackend } from '../support/real-backend.ts';
import { RealKube } from '../support/real-kube.ts';
import { patiently } from '../support/real-process.ts';
import { grantClusterRole } from '../support/real-rights.ts';
import { RealScene } from '../support/real-scene.ts';

const OUTAGE_MS = 8_000;
/** Of the entry's own: not written again when the server has a new certificate. */
const KUBECONFIG = 'faults.kubeconfig';
/** More than a cluster's first steps: a server that begins anew is behind for a while. */
const EARLIER_CHANGES = 1_500;

let kube: RealKube;
let backend: RealBackend;
let scene: RealScene;

before(async () => {
  kube = await RealKube.start();
  await grantClusterRole(kube);
  backend = await RealBackend.start();
  scene = await RealScene.start(kube, backend, kube.writeKubeconfig(KUBECONFIG));
});

after(async () => {
  await scene?.[Symbol.asyncDispose]();
  await backend?.stop();
  await kube?.stop();
});

describe('an entry outlives', () => {
  it('kill -9 of the API server, and its return', async t => {
    await scene.endure(t, {
      strike: async () => {
        await kube.killApiServer();
        await delay(OUTAGE_MS);
      },
      heal: () => kube.startApiServer(),
      changes: 'after',
    });
  });

  it('etcd that stops and comes back', async t => {
    await scene.endure(t, {
      strike: async () => {
        await kube.killEtcd();
        await delay(OUTAGE_MS);
      },
      heal: async () => {
        kube.startEtcd();
        await patiently('the API server has its etcd again', async () => (await apiStatus('/readyz')) === 200);
      },
      changes: 'after',
    });
  });

  it('an API server with a new certificate, which it trusts when the kubeconfig vouches for it', async t => {
    await scene.endure(t, {
      strike: async () => {
        await kube.killApiServer();
        kube.eraseCertificate();
        await kube.startApiServer();
        const isDistrusted = async (): Promise<boolean> =>
          /certificate/.test((await scene.entry.table()).source.problem ?? '');
        await patiently('it does not trust the new one', isDistrusted);
      },
      heal: async () => void kube.writeKubeconfig(KUBECONFIG),
      changes: 'before heal',
    });
  });

  it('etcd rebuilt from scratch, with lower versions and other objects', async t => {
    await scene.endure(t, {
      strike: async () => {
        const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'bump-' } };
        for (let change = 0; change < EARLIER_CHANGES; change += 1) {
          // etcd gives up where the disk is slow.
          const isMade = async (): Promise<boolean> =>
            (await kube.api('POST', '/api/v1/namespaces/default/configmaps', configMap)).status === 201;
          await patiently('an object is made', isMade);
        }
        const { version } = await scene.entry.table();
        await scene.change();
        await patiently('the entry is that far, too', async () => (await scene.entry.table()).version > version);
        await kube.killApiServer();
        await kube.killEtcd();
        kube.eraseEtcd();
        kube.startEtcd();
        await kube.startApiServer();
        await scene.repopulate();
      },
      // Until then it may read nothing, so it never sees a cluster that is only half there.
      heal: () => grantClusterRole(kube),
      changes: 'after',
    });
    const said = scene.entry.log().some(({ msg }) => msg.startsWith('the API server went back in its history'));
    assert.ok(said);
  });
});

async function apiStatus(path: string): Promise<number | undefined> {
  return (await kube.api('GET', path).catch(() => undefined))?.status;
}
