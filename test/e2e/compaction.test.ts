import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { dig } from '../deploy/objects.ts';
import { RealBackend } from '../support/real-backend.ts';
import { RealEntry } from '../support/real-entry.ts';
import { Hammer } from '../support/real-hammer.ts';
import { RealKube } from '../support/real-kube.ts';
import { RealLine } from '../support/real-line.ts';
import { patiently } from '../support/real-process.ts';
import { grantClusterRole } from '../support/real-rights.ts';
import { expose, exposedBy, servedBy } from '../support/real-services.ts';
import { manifest } from '../support/services.ts';

let kube: RealKube;
let backend: RealBackend;
let line: RealLine;
let entry: RealEntry;

before(async () => {
  kube = await RealKube.start({ watchCache: false, compactionInterval: '2s' });
  await grantClusterRole(kube);
  backend = await RealBackend.start();
  line = await RealLine.to(kube.port);
  entry = await RealEntry.start('--kubeconfig', kube.kubeconfigThrough(line.port));
  await entry.ready();
});

after(async () => {
  await entry?.stop();
  await line?.cut();
  await backend?.stop();
  await kube?.stop();
});

describe('an entry that was cut off for longer than the API server remembers', () => {
  it('converges to what the cluster has become, and serves what it knew until then', async t => {
    const { kubectl } = kube;
    const steady = await expose(kubectl, backend, 'steady');
    for (const name of ['kept', 'moved', 'deleted', 'spoilt']) await expose(kubectl, backend, name);
    const all = await exposedBy(kubectl);
    await patiently('all are served', async () => servedBy(await entry.table()).join() === all.join());
    await using hammer = new Hammer(`${entry.origin}/steady/ping`, `${steady} /ping`);
    await line.cut();
    const { body } = await kube.api('GET', '/api/v1/services?limit=1');
    const version = String(dig(body, 'metadata', 'resourceVersion'));
    await kubectl.apply(manifest('moved', backend.port, { annotations: { path: '/elsewhere' } }));
    await kubectl.apply(manifest('spoilt', backend.port, { annotations: { path: 'no-slash' } }));
    await kubectl.run(['delete', 'service', 'deleted']);
    const created = await expose(kubectl, backend, 'created');
    await patiently('what the entry has not seen is forgotten', () => isForgotten(version));
    assert.deepEqual(servedBy(await entry.table()), all);
    assert.equal((await entry.status('/readyz')).status, 200);

    await line.mend();
    const mended = performance.now();
    const expected = (await exposedBy(kubectl)).filter(route => !route.startsWith('no-slash '));
    assert.deepEqual(expected, [
      '/created default/created',
      '/elsewhere default/moved',
      '/kept default/kept',
      '/steady default/steady',
    ]);
    await patiently('it follows', async () => servedBy(await entry.table()).join() === expected.join());
    t.diagnostic(`converged ${((performance.now() - mended) / 1000).toFixed(1)} s after the line was mended`);
    // The workers, too: the table shows before they have it.
    await patiently('its route is served', async () => (await entry.get('/created/x')).body === `${created} /x`);
    for (const path of ['/moved', '/deleted', '/spoilt']) assert.equal((await entry.get(path)).status, 404, path);
    assert.deepEqual(
      (await entry.table()).refusals.map(({ service }) => service.name),
      ['spoilt'],
    );

    const { requests, failures } = await hammer.stop();
    t.diagnostic(`${requests} requests to a route that stayed`);
    assert.deepEqual(failures, {});
  });
});

/** Whether a watch from this version is answered with 410 Gone: as the status, or in an event. */
async function isForgotten(version: string): Promise<boolean> {
  const query = new URLSearchParams({ watch: 'true', resourceVersion: version, timeoutSeconds: '1' });
  const { status, body } = await kube.api('GET', `/api/v1/services?${query}`);
  return status === 410 || dig(body, 'object', 'code') === 410;
}
