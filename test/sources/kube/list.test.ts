import assert from 'node:assert/strict';
import { it } from 'node:test';
import { KubeClient, type KubeRequest } from '../../../src/sources/kube/client.ts';
import { serviceCollection } from '../../../src/sources/kube/collections.ts';
import { BadAnswerError, ExpiredError } from '../../../src/sources/kube/errors.ts';
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

/** A server that forgets the state of a list after so many pages; asked for all of it at once, it answers as the row says. */
function forgetful(pages: number, whole: () => unknown) {
  const limits: unknown[] = [];
  const object = (name: string) => ({ metadata: { name, namespace: 'default', resourceVersion: '1' } });
  return {
    limits,
    async json({ query }: KubeRequest): Promise<unknown> {
      limits.push(query?.limit);
      if (query?.limit === undefined) return whole();
      if (limits.length > pages) throw new ExpiredError(410, 'the continue parameter is too old');
      const metadata = { resourceVersion: '1', continue: `${limits.length}` };
      return { metadata, items: [object(`old-${limits.length}`)] };
    },
    object,
  };
}

it('a list whose state the server forgets between two pages is read again, whole, and holds nothing of those pages', async () => {
  const server = forgetful(2, () => ({
    metadata: { resourceVersion: '7' },
    items: ['old-2', 'new'].map(name => server.object(name)),
  }));
  const { items, resourceVersion } = await listAll(server, EVERYTHING, never);
  assert.deepEqual(
    items.map(({ metadata }) => metadata.name),
    ['old-2', 'new'],
  );
  assert.equal(resourceVersion, '7');
  assert.deepEqual(server.limits, [EVERYTHING.pageSize, EVERYTHING.pageSize, EVERYTHING.pageSize, undefined]);
});

it('a list that has expired from its first page on, or also when it is read whole, is a failure', async () => {
  const expired = () => {
    throw new ExpiredError(410, 'too old');
  };
  for (const [pages, asked] of [
    [0, 1],
    [1, 3],
  ] as const) {
    const server = forgetful(pages, expired);
    await assert.rejects(listAll(server, EVERYTHING, never), ExpiredError);
    assert.equal(server.limits.length, asked);
  }
});
