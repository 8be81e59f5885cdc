import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { RealBackend } from '../support/real-backend.ts';
import { RealEntry } from '../support/real-entry.ts';
import { Hammer } from '../support/real-hammer.ts';
import { RealKube } from '../support/real-kube.ts';
import { RealLine } from '../support/real-line.ts';
import { patiently } from '../support/real-process.ts';
import { grantClusterRole } from '../support/real-rights.ts';
import { expose, exposedBy, servedBy } from '../support/real-services.ts';
import { manifest } from '../support/services.ts';

const SERVICES = 1_000;
/** Requests under way at a time while they are created. */
const CREATORS = 8;
const OUTAGE_MS = 20_000;
const DEADLINE_MS = 60_000;

let kube: RealKube;
let backend: RealBackend;
let entry: RealEntry;

before(async () => {
  kube = await RealKube.start();
  await grantClusterRole(kube);
  backend = await RealBackend.start();
  entry = await RealEntry.start('--kubeconfig', kube.kubeconfig('entry'));
  await entry.ready();
});

after(async () => {
  await entry?.stop();
  await backend?.stop();
  await kube?.stop();
});

describe('an entry with a thousand Services', () => {
  let steady: string;

  before(async () => {
    steady = await expose(kube.kubectl, backend, 'steady');
    await kube.kubectl.run(['create', 'namespace', 'many']);
    await createMany();
  });

  it('serves what kubectl shows', async () => {
    const exposed = await exposedBy(kube.kubectl);
    assert.equal(exposed.length, SERVICES + 1);
    await eventually(
      'all are served',
      async () => (await entry.metrics()).get('kube_entry_routes') === SERVICES + 1,
      DEADLINE_MS,
    );
    assert.deepEqual(servedBy(await entry.table()), exposed);
  });

  it('loses nothing when the API server is killed for 20 s; one that starts meanwhile is ready when it is back', async t => {
    // Something else moves the server's version on: after its restart it cannot say what happened since the entry's.
    const bump = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'bump' } };
    assert.equal((await kube.api('POST', '/api/v1/namespaces/default/configmaps', bump)).status, 201);
    const before = await entry.table();
    const listsBefore = lists();
    await using hammer = new Hammer(`${entry.origin}/steady/ping`, `${steady} /ping`);

    await kube.killApiServer();
    const outageEnd = performance.now() + OUTAGE_MS;
    await using late = await RealEntry.start('--kubeconfig', kube.kubeconfig('entry'));
    await patiently('the outage is over', async () => {
      assert.equal((await entry.status('/readyz')).status, 200);
      assert.equal((await late.status('/readyz')).status, 503);
      const answer = await late.get('/steady');
      assert.equal(answer.status, 503);
      assert.equal(answer.headers['retry-after'], '1');
      return performance.now() >= outageEnd;
    });
    assert.equal((await entry.metrics()).get('kube_entry_kube_watch_synced'), 0);

    await kube.startApiServer();
    const back = performance.now();
    const isSynced = async () => (await entry.metrics()).get('kube_entry_kube_watch_synced') === 1;
    await Promise.all([
      // A watch from a version that is gone begins well, too: only then comes the 410.
      patiently('it read everything anew', () => lists() > listsBefore)
        .then(() => patiently('the watch stands again', isSynced))
        .then(() => t.diagnostic(`watching again ${since(back)}`)),
      late.ready().then(() => t.diagnostic(`the one that started meanwhile is ready ${since(back)}`)),
    ]);
    // Clients of the whole time are counted in it, too.
    const now = { ...(await entry.table()), connections: undefined };
    assert.deepEqual(now, { ...before, connections: undefined }, 'nothing changed, not even the version');
    assert.deepEqual(servedBy(await late.table()), servedBy(before));

    await kube.kubectl.apply(manifest('steady', backend.port, { annotations: { path: '/steady,/after' } }));
    const returned = performance.now();
    const isServed = async () => (await entry.get('/after')).body === `${steady} /`;
    await eventually('a change after the return is served', isServed, DEADLINE_MS);
    t.diagnostic(`a change is served ${(performance.now() - returned).toFixed(1)} ms after kubectl returned`);
    assert.equal((await entry.table()).version, before.version + 1);

    const { requests, failures } = await hammer.stop();
    t.diagnostic(`${requests} requests to a route that stayed`);
    assert.deepEqual(failures, {});
    const losses = entry.log().filter(({ msg }) => msg.startsWith('lost: the watch of services in all namespaces'));
    assert.equal(losses.length, 1, 'it said so once');
  });

  it('answers 503 while the API server takes connections and says nothing, and is ready when it speaks', async () => {
    kube.freezeApiServer();
    await using line = await RealLine.to(kube.port);
    await using started = await RealEntry.start('--kubeconfig', kube.kubeconfigThrough(line.port));
    await patiently('it asks the API server', () => line.isUsed);
    const answer = await started.get('/steady');
    assert.equal(answer.status, 503);
    assert.equal((await started.status('/readyz')).status, 503);
    kube.thawApiServer();
    await started.ready();
    assert.equal((await started.get('/steady/x')).body, `${steady} /x`);
  });
});

async function createMany(): Promise<void> {
  let next = 0;
  const create = async (): Promise<void> => {
    while (next < SERVICES) {
      const service = manifest(`service-${next}`, backend.port, { namespace: 'many' });
      next += 1;
      const { status, body } = await kube.api('POST', '/api/v1/namespaces/many/services', service);
      assert.equal(status, 201, JSON.stringify(body));
    }
  };
  await Promise.all(Array.from({ length: CREATORS }, create));
}

/** How often the entry read all Services. */
function lists(): number {
  return entry.log().filter(({ msg }) => msg.startsWith('listed services')).length;
}

function since(start: number): string {
  return `${((performance.now() - start) / 1000).toFixed(1)} s after the API server was ready`;
}
