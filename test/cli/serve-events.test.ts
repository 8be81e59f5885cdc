/** Kubernetes Events of the real program: posted by default, none with `--events off`. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { KubeApi } from '../support/kube-api.ts';
import { service } from '../support/services.ts';
import { ServingProgram } from './serve-fixture.ts';

const PATIENCE_MS = 180_000;

async function entry(context: TestContext, ...args: readonly string[]) {
  const api = await KubeApi.start();
  context.after(() => api[Symbol.asyncDispose]());
  const source = ['--source', 'kube', '--kubeconfig', api.writeKubeconfig()];
  const program = await ServingProgram.start(context, { args: [...source, ...args] });
  await eventually('readiness', async () => (await program.readiness()).status === 200, PATIENCE_MS);
  api.apply(service('a', { annotations: { path: '/a' } }));
  api.apply(service('b', { annotations: { path: 'b' } }));
  await program.logged('a Service is refused');
  return { api, program };
}

test('what becomes of Services is posted as Events, and counted', async context => {
  const { api, program } = await entry(context);
  await eventually('two Events', () => api.events.length === 2, PATIENCE_MS);
  await eventually('their count', async () => {
    const posted = (await program.metrics()).find(
      ({ name, labels }) => name === 'kube_entry_service_events_total' && labels.result === 'posted',
    );
    return posted?.value === 2;
  });
});

test('--events off changes nothing in the cluster', async context => {
  const { api, program } = await entry(context, '--events', 'off');
  program.kill('SIGINT');
  await program.ended();
  assert.deepEqual(api.events, []);
  assert.deepEqual(api.received('create'), []);
});
