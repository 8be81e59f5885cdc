import assert from 'node:assert/strict';
import { it } from 'node:test';
import { KubeClient } from '../../../src/sources/kube/client.ts';
import { readNodeZone } from '../../../src/sources/kube/node-zone.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { KubeApi } from '../../support/kube-api.ts';
import { recordingLogger, until } from './harness.ts';

const ZONE = 'topology.kubernetes.io/zone';

function asking(api: KubeApi, clock = new FakeClock(), signal = new AbortController().signal) {
  const { logger, lines } = recordingLogger();
  const client = new KubeClient({ kubeconfig: api.writeKubeconfig(), context: '' }, { clock });
  const zone = readNodeZone({ client, nodeName: 'node-1', logger, clock, signal }).finally(() => client.close());
  return { zone, lines };
}

it('the zone of a node is its label', async () => {
  await using api = await KubeApi.start();
  api.nodes.set('node-1', { [ZONE]: 'zone-a' });
  assert.equal(await asking(api).zone, 'zone-a');
  assert.equal(api.requests.length, 1);
});

it('a node without the label, that is not there, or that may not be read has no zone, and that is said', async () => {
  await using api = await KubeApi.start();
  const absent = asking(api);
  assert.equal(await absent.zone, '');
  api.nodes.set('node-1', {});
  const bare = asking(api);
  assert.equal(await bare.zone, '');
  api.refuse('nodes', 403);
  const refused = asking(api);
  assert.equal(await refused.zone, '');
  for (const { lines } of [absent, bare, refused]) assert.equal(lines.filter(({ level }) => level === 30).length, 1);
  assert.match(refused.lines[0]?.msg ?? '', /may not get nodes in all namespaces: a ClusterRole of your own/);
});

it('an API that does not answer is asked again', async () => {
  await using api = await KubeApi.start();
  api.nodes.set('node-1', { [ZONE]: 'zone-a' });
  api.fail('get', { status: 500 });
  const clock = new FakeClock();
  const { zone, lines } = asking(api, clock);
  await until(() => lines.length === 1);
  await until(() => clock.pending > 0);
  clock.advance(30_000);
  assert.equal(await zone, 'zone-a');
});

it('an end does not wait for it', async () => {
  await using api = await KubeApi.start();
  api.fail('get', 'hang');
  const ending = new AbortController();
  const { zone } = asking(api, new FakeClock(), ending.signal);
  await until(() => api.requests.length === 1);
  ending.abort();
  assert.equal(await zone, '');
});
