/** The real API server decides whether the entry may read EndpointSlices; the files of deploy/ give the right. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { dig, listAt } from '../deploy/objects.ts';
import { podAddress } from '../support/cluster-network.ts';
import { endpoint, endpointSlice } from '../support/endpoint-slices.ts';
import { eventually } from '../support/eventually.ts';
import { RealBackend } from '../support/real-backend.ts';
import { RealEntry } from '../support/real-entry.ts';
import { RealKube } from '../support/real-kube.ts';
import { applyFiles, deleteFiles, grantClusterRole, grantEndpoints, revokeEndpoints } from '../support/real-rights.ts';
import { expose } from '../support/real-services.ts';
import { NO_SLICES, servesSlices } from '../support/real-slices.ts';

const DEADLINE_MS = 60_000;
const BALANCED = { path: '/shop', balance: 'least-request' };
const ROLE = ['namespaced/role.yaml', 'namespaced/role-binding.yaml'];

let kube: RealKube;
let hasSlices: boolean;
let backend: RealBackend;
let clusterIP: string;
let pod: string;

before(async () => {
  kube = await RealKube.start();
  hasSlices = await servesSlices(kube);
  if (!hasSlices) return;
  backend = await RealBackend.start();
  await grantClusterRole(kube);
  clusterIP = await expose(kube.kubectl, backend, 'shop', { annotations: BALANCED });
  pod = podAddress();
  await backend.serve(pod);
  const ports = [{ name: 'http', port: backend.port, protocol: 'TCP' }];
  await kube.kubectl.apply(endpointSlice('shop', { ports, endpoints: [endpoint(pod)] }));
});

after(async () => {
  await backend?.stop();
  await kube?.stop();
});

describe('the right to read EndpointSlices', () => {
  it('is missed, while ClusterIPs serve, and used as soon as the overlay grants it', async t => {
    if (!hasSlices) return t.skip(NO_SLICES);
    await using entry = await RealEntry.start('--kubeconfig', kube.kubeconfig('entry'));
    await entry.ready();
    assert.equal((await entry.get('/shop/x')).body, `${clusterIP} /x`);
    const { msg } = await entry.logged('it says so', line => line.code === 'KUBE_FORBIDDEN', DEADLINE_MS);
    assert.match(msg, /may not list endpointslices in all namespaces: deploy\/overlays\/endpoints\/cluster-role\.yaml/);
    assert.match(msg, /Services that ask for their endpoints are served by their ClusterIPs/);
    const { source } = await entry.table();
    assert.equal(source.synced, true, 'all else is as it should be');
    assert.match(source.problem ?? '', /may not list endpointslices/);
    await eventually('the owner of the Service is told', () => hasEvent('EndpointsNotReadable'), DEADLINE_MS);

    await grantEndpoints(kube);
    const usesPod = async (): Promise<boolean> => (await entry.get('/shop/x')).body === `${pod} /x`;
    await eventually('its pod is used', usesPod, DEADLINE_MS);
    await eventually('nothing is wrong', async () => (await entry.table()).source.problem === undefined, DEADLINE_MS);
    const complaints = entry.log().filter(line => line.msg.startsWith('forbidden: '));
    assert.equal(complaints.length, 1, 'once, however often it tried');
    await revokeEndpoints(kube);
  });

  it('is in the Role of a single namespace, too', async t => {
    if (!hasSlices) return t.skip(NO_SLICES);
    await deleteFiles(kube, 'base/cluster-role-binding.yaml');
    await applyFiles(kube, ...ROLE);
    await using entry = await RealEntry.start('--kubeconfig', kube.kubeconfig('entry'), '--namespace', 'default');
    await entry.ready();
    const usesPod = async (): Promise<boolean> => (await entry.get('/shop/x')).body === `${pod} /x`;
    await eventually('its pod is used', usesPod, DEADLINE_MS);
  });
});

async function hasEvent(reason: string): Promise<boolean> {
  const events = listAt(await kube.kubectl.json(['get', 'events']), 'items');
  return events.some(event => dig(event, 'reason') === reason);
}
