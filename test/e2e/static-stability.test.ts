import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { RealBackend } from '../support/real-backend.ts';
import { RealEntry } from '../support/real-entry.ts';
import { Hammer } from '../support/real-hammer.ts';
import { RealKube } from '../support/real-kube.ts';
import { patiently, TemporaryFolder } from '../support/real-process.ts';
import { grantClusterRole } from '../support/real-rights.ts';
import { expose, exposedBy, servedBy } from '../support/real-services.ts';
import { manifest } from '../support/services.ts';

const STALE_METRIC = 'kube_entry_config_stale_since_timestamp_seconds';

let kube: RealKube;
let backend: RealBackend;
let folder: TemporaryFolder;

before(async () => {
  kube = await RealKube.start();
  await grantClusterRole(kube);
  backend = await RealBackend.start();
  folder = new TemporaryFolder();
});

after(async () => {
  await backend?.stop();
  await kube?.stop();
  folder?.remove();
});

function startEntry(): Promise<RealEntry> {
  return RealEntry.start('--kubeconfig', kube.kubeconfig('entry'), '--state-file', join(folder.path, 'state'));
}

function saved(): string {
  const file = join(folder.path, 'state');
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

describe('an entry that is killed and starts again while the API server is away', () => {
  it('serves what it knew, ready and stale; when the server is back what was deleted goes, and no request fails', async t => {
    const { kubectl } = kube;
    const kept = await expose(kubectl, backend, 'kept');
    const deleted = await expose(kubectl, backend, 'deleted');
    await kubectl.apply(manifest('refused', backend.port, { annotations: { path: 'no-slash' } }));
    await using first = await startEntry();
    await first.ready();
    const known = await first.table();
    await eventually('its state is written', () => saved().includes('"kube-entry.io/path":"/deleted"'));
    await first.stop();
    // Only the API server sees this.
    await kubectl.run(['delete', 'service', 'deleted']);
    await kube.killApiServer();

    const restart = performance.now();
    await using second = await startEntry();
    await patiently('it is ready', async () => (await second.status('/readyz')).status === 200);
    t.diagnostic(`serving ${(performance.now() - restart).toFixed()} ms after it was started`);
    await using hammer = new Hammer(`${second.origin}/kept/ping`, `${kept} /ping`);
    const { headers, body } = await second.status('/readyz');
    const staleSince = String(headers['kube-entry-stale-since']);
    assert.ok(Math.abs(Date.now() - Date.parse(staleSince)) < 10 * 60_000, staleSince);
    assert.match(body, /^ready\nstale since /);
    assert.equal((await second.get('/deleted/x')).body, `${deleted} /x`);
    const stale = await eventually('it misses the API server', async () => {
      const table = await second.table();
      return table.source.problem !== undefined && table;
    });
    assert.deepEqual(servedBy(stale), servedBy(known));
    assert.deepEqual(stale.refusals, known.refusals);
    assert.equal(stale.source.staleSince, staleSince);
    assert.match(stale.source.problem ?? '', /cannot reach the Kubernetes API/);
    assert.equal((await second.metrics()).get(STALE_METRIC), Date.parse(staleSince) / 1000);

    await kube.startApiServer();
    const back = performance.now();
    const isFresh = async () => (await second.status('/readyz')).headers['kube-entry-stale-since'] === undefined;
    await patiently('it is fresh', isFresh);
    t.diagnostic(`fresh ${((performance.now() - back) / 1000).toFixed(1)} s after the API server was ready`);
    assert.equal((await second.get('/deleted')).status, 404);
    assert.deepEqual(servedBy(await second.table()), ['/kept default/kept']);
    const exposed = await exposedBy(kubectl);
    assert.deepEqual(exposed, ['/kept default/kept', 'no-slash default/refused']);
    assert.equal((await second.metrics()).get(STALE_METRIC), 0);
    const { requests, failures } = await hammer.stop();
    t.diagnostic(`${requests} requests to the route that stayed`);
    assert.deepEqual(failures, {});
    await eventually('the state follows', () => !saved().includes('deleted'));
  });
});
