import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { Catalog } from '../../../src/control/catalog.ts';
import type { TableDelta } from '../../../src/model/delta.ts';
import { silentLogger } from '../../../src/observe/logger.ts';
import { KubeClient } from '../../../src/sources/kube/client.ts';
import { KubeSource } from '../../../src/sources/kube/kube-source.ts';
import { KubeApi } from '../../support/kube-api.ts';
import { type ServiceManifest, service } from '../../support/services.ts';
import { until } from './harness.ts';

const SERVICES = 10_000;

function exposed(index: number, path = `/service-${index}`): ServiceManifest {
  return service(`service-${index}`, { annotations: { path: path } });
}

let api: KubeApi;
let client: KubeClient;
let source: KubeSource;
const catalog = new Catalog({ allowExternalName: false, waitsFor: 'services' });
const deltas: TableDelta[] = [];
let settled = 0;

before(async () => {
  api = await KubeApi.start();
  for (let index = 0; index < SERVICES; index += 1) api.apply(exposed(index));
  client = new KubeClient({ kubeconfig: api.writeKubeconfig(), context: '' });
  const onChange = (): void => {
    settled += 1;
    const delta = catalog.commit();
    if (delta !== undefined) deltas.push({ version: delta.version, ...delta.routes });
  };
  const settings = { namespace: [], selector: '' };
  source = new KubeSource({ settings, client, store: catalog, logger: silentLogger(), onChange, random: () => 0 });
  source.start();
  await until(() => source.report().synced);
});

after(async () => {
  await source.stop();
  client.close();
  await api[Symbol.asyncDispose]();
});

it('ten thousand Services make one table, not one a page', () => {
  assert.deepEqual(
    deltas.map(({ version, upserts, removals }) => [version, upserts.length, removals.length]),
    [[1, SERVICES, 0]],
  );
});

/** The server loses its history together with the event of this change: only a new list can tell of it. */
async function relistWith(change: ServiceManifest): Promise<void> {
  const before = settled;
  // A watch that brought something is taken up again without a pause, and so is the list after it.
  api.apply(service('other', { annotations: {} }));
  await until(() => settled === before + 1);
  api.silent = true;
  api.apply(change);
  api.compact();
  api.silent = false;
  api.endWatches();
  await until(() => settled > before + 1 && source.report().synced);
  assert.equal(settled, before + 2);
}

it('a list of ten thousand that are known, with one real difference, makes exactly one change of one route', async () => {
  await relistWith(exposed(7, '/elsewhere'));
  assert.deepEqual(
    deltas.slice(1).map(({ version, upserts, removals }) => [version, upserts.map(({ path }) => path), removals]),
    [[2, ['/elsewhere'], [{ host: '', path: '/service-7' }]]],
  );
});

it('a list with a difference that is not served makes no change', async () => {
  const known = deltas.length;
  await relistWith(service('hidden', { annotations: {} }));
  assert.equal(deltas.length, known);
});
