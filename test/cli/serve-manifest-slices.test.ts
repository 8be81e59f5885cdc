import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpoint, endpointSlice } from '../support/endpoint-slices.ts';
import { eventually } from '../support/eventually.ts';
import { RawUpstream } from '../support/raw-upstream.ts';
import { service } from '../support/services.ts';
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

test('hints are followed by --zone where they leave as many endpoints as --zone-minimum, which is 2', async context => {
  const pods = await Promise.all(Array.from({ length: 4 }, () => RawUpstream.start(context)));
  const slices = pods.map(({ address: { host, port } }, index) =>
    endpointSlice('web', {
      name: `web-${index}`,
      ports: [{ name: 'http', port }],
      endpoints: [endpoint(host, `web-${index}`, { hints: { forZones: [{ name: index < 1 ? 'one' : 'three' }] } })],
    }),
  );
  const manifests = [service('web', { annotations: { path: '/web', balance: 'round-robin' } }), ...slices];
  for (const [args, expected] of [
    [
      ['--zone', 'three'],
      [0, 4, 4, 4],
    ],
    [
      ['--zone', 'one'],
      [3, 3, 3, 3],
    ],
    [
      ['--zone', 'one', '--zone-minimum', '1'],
      [12, 0, 0, 0],
    ],
    [
      ['--zone', 'none', '--zone-minimum', '1'],
      [3, 3, 3, 3],
    ],
  ] as const) {
    const program = await ServingProgram.start(context, { manifests, args });
    const before = pods.map(({ requests }) => requests.length);
    for (let count = 0; count < 12; count += 1) assert.equal((await program.get('/web')).status, 200);
    const asked = pods.map(({ requests }, index) => requests.length - (before[index] as number));
    assert.deepEqual(asked, expected, args.join(' '));
    program.kill('SIGTERM');
  }
});

test('no metric has the name or the address of a pod, unless --metrics-per-endpoint asks for it', async context => {
  const pod = await RawUpstream.start(context);
  const manifests = [service('web', { annotations: { path: '/web', balance: 'least-request' } }), sliceTo(pod)];
  for (const [args, isNamed] of [
    [[], false],
    [['--metrics-per-endpoint'], true],
  ] as const) {
    const program = await ServingProgram.start(context, { manifests, args });
    assert.equal((await program.get('/web')).status, 200);
    const labels = (await program.metrics()).flatMap(sample => Object.values(sample.labels));
    assert.deepEqual(
      ['web-0', '127.0.0.1'].map(text => labels.some(label => label.includes(text))),
      [isNamed, isNamed],
    );
  }
});
