/** Services of a cluster whose requests go to their pods, in the real program. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type EndpointSliceManifest, endpoint, endpointSlice } from '../support/endpoint-slices.ts';
import { eventually } from '../support/eventually.ts';
import { ingress } from '../support/ingresses.ts';
import { KubeApi } from '../support/kube-api.ts';
import { RawUpstream } from '../support/raw-upstream.ts';
import { service } from '../support/services.ts';
import { scratchDirectory } from './cli-fixture.ts';
import { exposed, ServingProgram } from './serve-fixture.ts';

const PATIENCE_MS = 180_000;
const BALANCED = { balance: 'least-request' };

async function cluster(context: TestContext) {
  const api = await KubeApi.start();
  context.after(() => api[Symbol.asyncDispose]());
  const start = async (): Promise<ServingProgram> => {
    const args = ['--source', 'kube', '--kubeconfig', api.writeKubeconfig()];
    const program = await ServingProgram.start(context, { args });
    await eventually('readiness', async () => (await program.readiness()).status === 200, PATIENCE_MS);
    return program;
  };
  return { api, start };
}

function sliceTo({ address: { host, port } }: RawUpstream): EndpointSliceManifest {
  return endpointSlice('web', {
    ports: [{ name: 'http', port, protocol: 'TCP' }],
    endpoints: [endpoint(host)],
  });
}

test('the first table knows the endpoints, and each of their changes reaches the workers', async context => {
  const { api, start } = await cluster(context);
  const [first, second] = [await RawUpstream.start(context), await RawUpstream.start(context)];
  // Its ClusterIP leads nowhere.
  api.apply(service('web', { annotations: { path: '/web', ...BALANCED }, spec: { clusterIP: '127.0.0.1' } }));
  api.apply(sliceTo(first));
  const program = await start();
  assert.equal((await program.get('/web')).status, 200);
  assert.equal(first.requests.length, 1);
  api.apply(sliceTo(second));
  await eventually('the other pod', async () => {
    assert.equal((await program.get('/web')).status, 200);
    return second.requests.length > 0;
  });
  api.apply(endpointSlice('web'));
  await eventually('no endpoint', async () => (await program.get('/web')).status === 503);
});

test('the first table knows the endpoints of Ingresses, too', async context => {
  const { api } = await cluster(context);
  const pod = await RawUpstream.start(context);
  // Its ClusterIP leads nowhere.
  api.apply(service('web', { annotations: {}, spec: { clusterIP: '127.0.0.1' } }));
  api.apply(sliceTo(pod));
  api.apply(ingress('web', { host: '' }));
  const args = ['--source', 'kube', '--kubeconfig', api.writeKubeconfig(), '--ingress-class', 'nginx'];
  const program = await ServingProgram.start(context, { args });
  const first = await eventually('an answer that is not 503', async () => {
    const { status } = await program.get('/web');
    return status !== 503 && status;
  });
  assert.equal(first, 200);
});

test('without the right to read slices the ClusterIP is used, and the owner is told', async context => {
  const { api, start } = await cluster(context);
  const upstream = await RawUpstream.start(context);
  api.refuse('endpointslices', 403);
  api.apply(exposed('web', upstream, { path: '/web', ...BALANCED }));
  const program = await start();
  assert.equal((await program.get('/web')).status, 200);
  const told = await eventually('an Event', () =>
    api.events.find(event => JSON.stringify(event).includes('EndpointsNotReadable')),
  );
  assert.match(JSON.stringify(told), /endpointslices/);
});

test('hints for zones are followed by the zone that the node has', async context => {
  const { api } = await cluster(context);
  const [near, far] = [await RawUpstream.start(context), await RawUpstream.start(context)];
  api.nodes.set('node-1', { 'topology.kubernetes.io/zone': 'zone-a' });
  api.apply(
    service('web', { annotations: { path: '/web', balance: 'round-robin' }, spec: { clusterIP: '127.0.0.1' } }),
  );
  const sliceOf = ({ address: { host, port } }: RawUpstream, zone: string): EndpointSliceManifest =>
    endpointSlice('web', {
      name: zone,
      ports: [{ name: 'http', port, protocol: 'TCP' }],
      endpoints: [endpoint(host, '', { hints: { forZones: [{ name: zone }] } })],
    });
  api.apply(sliceOf(near, 'zone-a'));
  api.apply(sliceOf(far, 'zone-b'));
  const args = [
    '--source',
    'kube',
    '--kubeconfig',
    api.writeKubeconfig(),
    '--node-name',
    'node-1',
    '--zone-minimum',
    '1',
  ];
  const program = await ServingProgram.start(context, { args });
  await eventually('readiness', async () => (await program.readiness()).status === 200, PATIENCE_MS);
  // The zone is read beside the slices: the first table need not have it.
  await eventually('the near one alone', async () => {
    const before = far.requests.length;
    for (let count = 0; count < 4; count += 1) assert.equal((await program.get('/web')).status, 200);
    return far.requests.length === before;
  });
  assert.ok(near.requests.length >= 4);
});

test('a restart while the API server is away serves by the ClusterIP, and by the endpoints once it is back', async context => {
  const { api } = await cluster(context);
  const [own, pod] = [await RawUpstream.start(context), await RawUpstream.start(context)];
  const stateFile = join(await scratchDirectory(context), 'state');
  api.apply(exposed('web', own, { path: '/web', ...BALANCED }));
  const { address } = pod;
  const ports = [{ name: 'http', port: address.port, protocol: 'TCP' }];
  api.apply(endpointSlice('web', { ports, endpoints: [endpoint(address.host)] }));
  const args = ['--source', 'kube', '--kubeconfig', api.writeKubeconfig(), '--state-file', stateFile];
  const start = async (): Promise<ServingProgram> => {
    const program = await ServingProgram.start(context, { args });
    await eventually('readiness', async () => (await program.readiness()).status === 200, PATIENCE_MS);
    return program;
  };
  const first = await start();
  await first.get('/web');
  assert.deepEqual([own.requests.length, pod.requests.length], [0, 1]);
  first.kill('SIGINT');
  await first.ended();
  api.down();
  const second = await start();
  assert.equal((await second.get('/web')).status, 200);
  assert.deepEqual([own.requests.length, pod.requests.length], [1, 1]);
  const said = 'Services that ask for their endpoints are served by their ClusterIPs';
  await eventually('it says so', () => second.log.some(({ msg }) => msg.includes(said)), PATIENCE_MS);
  await api.up();
  await eventually(
    'the endpoints are known again',
    async () => {
      await second.get('/web');
      return pod.requests.length > 1;
    },
    PATIENCE_MS,
  );
});
