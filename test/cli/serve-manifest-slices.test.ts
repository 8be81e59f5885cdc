import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpoint, endpointSlice } from '../support/endpoint-slices.ts';
import { eventually } from '../support/eventually.ts';
import { RawUpstream } from '../support/raw-upstream.ts';
import { exposed, ServingProgram } from './serve-fixture.ts';

function sliceTo({ address: { host, port } }: RawUpstream, fields: Readonly<Record<string, unknown>> = {}): object {
  return endpointSlice('web', { ports: [{ name: 'http', port }], endpoints: [endpoint(host, 'web-0', fields)] });
}

test('a Service of the manifests goes to the endpoints of its slices, and to its ClusterIP without any', async context => {
  const [own, pod] = [await RawUpstream.start(context), await RawUpstream.start(context)];
  const spec = { ports: [{ name: 'http', port: own.address.port }] };
  const web = { ...exposed('web', own, { path: '/web', balance: 'least-request' }) };
  const named = { ...web, spec: { ...web.spec, ...spec } };
  const program = await ServingProgram.start(context, { manifests: [named, sliceTo(pod)] });
  assert.equal((await program.get('/web')).status, 200);
  assert.deepEqual([own.requests.length, pod.requests.length], [0, 1]);
  await program.writeManifests([named, sliceTo(pod, { conditions: { ready: false } })]);
  await eventually('there is no endpoint', async () => (await program.get('/web')).status === 503);
  await program.writeManifests([named]);
  await eventually('the ClusterIP serves', async () => (await program.get('/web')).status === 200);
  assert.ok(own.requests.length > 0);
});
