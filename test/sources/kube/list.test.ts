import assert from 'node:assert/strict';
import { it } from 'node:test';
import { KubeClient, type KubeRequest } from '../../../src/sources/kube/client.ts';
import { serviceCollection } from '../../../src/sources/kube/collections.ts';
import { BadAnswerError } from '../../../src/sources/kube/errors.ts';
import { listAll } from '../../../src/sources/kube/list.ts';
import { KubeApi } from '../../support/kube-api.ts';
import { service } from '../../support/services.ts';

it('a list holds what is read of its objects, and nothing of what makes them large', async () => {
  await using api = await KubeApi.start();
  const spec = { clusterIP: '127.100.0.10', ports: [{ port: 80 }], sessionAffinity: 'None' };
  const web = service('web', { annotations: { path: '/web' }, labels: { app: 'web' }, spec });
  const managedFields = [{ manager: 'kubectl', fieldsV1: { 'f:spec': {} } }];
  const resourceVersion = api.apply({
    ...web,
    metadata: { ...web.metadata, managedFields },
    status: { loadBalancer: {} },
  } as typeof web);
  const client = new KubeClient({ kubeconfig: api.writeKubeconfig(), context: '' });
  const { items } = await listAll(client, EVERYTHING, new AbortController().signal);
  client.close();
  const { name, namespace, annotations } = web.metadata;
  const creationTimestamp = '2026-01-01T00:00:00Z';
  assert.deepEqual(items, [
    { metadata: { name, namespace, resourceVersion, uid: 'uid-1', creationTimestamp, annotations }, spec: web.spec },
  ]);
});

interface Page {
  readonly items: number;
  readonly token: string | undefined;
}

/** A server that answers with pages of objects. */
function paged(page: (index: number) => Page): { json(request: KubeRequest): Promise<unknown>; asked: number } {
  return {
    asked: 0,
    async json() {
      const { items, token } = page(this.asked);
      this.asked += 1;
      const metadata = { name: 'a', namespace: 'default', resourceVersion: '1' };
      return { metadata: { resourceVersion: '1', continue: token }, items: Array(items).fill({ metadata }) };
    },
  };
}

const EVERYTHING = serviceCollection({ namespace: undefined, selector: '' });
const never = new AbortController().signal;

it('a list that does not end is given up', async () => {
  const rows: [server: ReturnType<typeof paged>, reason: RegExp, asked: number][] = [
    [paged(() => ({ items: 500, token: 'same' })), /it goes on at the same place$/, 2],
    [paged(index => ({ items: 500, token: `${index}` })), /more than 100000 objects$/, 201],
    [paged(index => ({ items: 0, token: `${index}` })), /more than 1000 pages$/, 1000],
  ];
  for (const [server, reason, asked] of rows) {
    await assert.rejects(
      listAll(server, EVERYTHING, never),
      (error: unknown) => error instanceof BadAnswerError && reason.test(error.message),
    );
    assert.equal(server.asked, asked);
  }
});

it('a list whose pages take too long is given up', async () => {
  const server = paged(index => ({ items: 1, token: `${index}` }));
  const clock = { monotonic: () => server.asked * 200_000 };
  await assert.rejects(
    listAll(server, EVERYTHING, never, clock),
    /the list does not end: it took more than 10 minutes$/,
  );
  assert.equal(server.asked, 4);
});
