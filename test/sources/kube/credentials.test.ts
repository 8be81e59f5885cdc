/** What proves who asks, and whom is asked, changes on disk or in the cluster while the source runs. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { KubeApi } from '../../support/kube-api.ts';
import { service } from '../../support/services.ts';
import { Harness } from './harness.ts';

const folder = mkdtempSync(join(tmpdir(), 'kube-credentials-'));
after(() => rmSync(folder, { recursive: true }));

/** A source whose table holds `a`, and whose watch has stood for a while. */
async function settled(options: { tls?: boolean; podHome?: string } = {}): Promise<Harness> {
  // A pod speaks HTTPS, whatever else.
  const api = await KubeApi.start({ tls: options.tls ?? options.podHome !== undefined });
  api.token = 'first';
  api.apply(service('a'));
  const harness = await Harness.connected({ api, ...options });
  harness.clock.advance(2_000);
  return harness;
}

/** It lost touch and says why, once; what it knew is still there. */
function assertLost(harness: Harness, code: string): void {
  assert.equal(harness.store.names, 'a');
  assert.equal(harness.source.report().synced, false);
  assert.deepEqual(
    harness.log.filter(({ level }) => level === 40).map(line => line.code),
    [code],
  );
}

/** After this pause it follows again. */
async function assertBack(harness: Harness, pause: number): Promise<void> {
  harness.api.apply(service('b'));
  harness.clock.advance(pause);
  await harness.untilServed('a b');
  await harness.untilWatching();
  assert.equal(harness.story.at(-1), 'back: watching services in all namespaces');
}

describe('a token', () => {
  it('that is revoked is read again until it is good', async () => {
    await using harness = await settled();
    harness.api.token = 'second';
    harness.api.endWatches();
    const pause = await harness.nextPause();
    assertLost(harness, 'KUBE_UNAUTHORISED');
    harness.api.writeKubeconfig('second');
    await assertBack(harness, pause);
  });

  it('that was replaced before it was revoked is not missed for a moment', async () => {
    await using harness = await settled({ podHome: folder });
    harness.api.token = 'second';
    harness.api.writeServiceAccount();
    harness.api.endWatches();
    await harness.untilWatching(2);
    assert.equal(harness.story.length, 1);
  });

  it('whose file is missing while it is read again is waited for, and nobody else is asked', async () => {
    await using other = await KubeApi.start();
    const podHome = join(folder, 'home');
    mkdirSync(join(podHome, '.kube'), { recursive: true });
    copyFileSync(other.writeKubeconfig(), join(podHome, '.kube', 'config'));
    await using harness = await settled({ podHome });
    harness.api.token = 'second';
    rmSync(join(harness.api.writeServiceAccount(), 'token'));
    harness.api.endWatches();
    for (let attempt = 0; attempt < 10; attempt += 1) await harness.passPause();
    const pause = await harness.nextPause();
    assert.ok(pause <= 1_000, `${pause} ms: to look for a file is no work`);
    assertLost(harness, 'KUBE_CREDENTIALS');
    harness.api.writeServiceAccount();
    await assertBack(harness, pause);
    assert.deepEqual(other.requests, []);
  });
});

describe('a certificate of the server that is replaced', () => {
  for (const [what, podHome] of [
    ['the CA file of a pod', folder],
    ['the CA in a kubeconfig', undefined],
  ] as const) {
    it(`is trusted when ${what} is replaced too, and not before`, async () => {
      await using harness = await settled({ tls: true, ...(podHome !== undefined && { podHome }) });
      harness.api.down();
      harness.api.replaceCertificate();
      await harness.api.up();
      const { length } = harness.api.requests;
      await harness.passPause();
      const pause = await harness.nextPause();
      assert.match(harness.source.report().problem ?? '', /certificate/);
      assertLost(harness, 'KUBE_UNREACHABLE');
      assert.equal(harness.api.requests.length, length, 'no token goes to a stranger');
      if (podHome === undefined) harness.api.writeKubeconfig();
      else harness.api.writeServiceAccount();
      await assertBack(harness, pause);
    });
  }

  it('costs nothing but a message when the CA file is missing for a moment', async () => {
    await using harness = await settled({ tls: true, podHome: folder });
    rmSync(join(harness.api.writeServiceAccount(), 'ca.crt'));
    harness.api.endWatches();
    const pause = await harness.nextPause();
    assertLost(harness, 'KUBE_CREDENTIALS');
    harness.api.writeServiceAccount();
    await assertBack(harness, pause);
  });
});

describe('a kubeconfig that is replaced', () => {
  it('and half written is an error with a code; whole it is used', async () => {
    await using harness = await settled();
    writeFileSync(harness.api.writeKubeconfig(), 'clusters: [');
    harness.api.endWatches();
    const pause = await harness.nextPause();
    assertLost(harness, 'BAD_KUBE_CONFIG');
    harness.api.writeKubeconfig();
    await assertBack(harness, pause);
  });

  it('and missing for a moment is not missed', async () => {
    await using harness = await settled();
    const file = harness.api.writeKubeconfig();
    // Changed just now, it is read by the next request; from then on it can be gone.
    harness.api.endWatches();
    await harness.untilWatching(2);
    harness.clock.advance(2_000);
    rmSync(file);
    harness.api.endWatches();
    await harness.untilWatching(3);
    assert.equal(harness.story.length, 1);
  });
});

describe('a role that is removed', () => {
  it('leaves the table as it was until it is given back', async () => {
    await using harness = await settled();
    for (const verb of ['watch', 'list'] as const) {
      harness.api.fail(verb, { status: 403 }, Number.POSITIVE_INFINITY);
    }
    harness.api.endWatches();
    await harness.passPause();
    const pause = await harness.nextPause();
    assertLost(harness, 'KUBE_FORBIDDEN');
    harness.api.heal();
    await assertBack(harness, pause);
  });
});
