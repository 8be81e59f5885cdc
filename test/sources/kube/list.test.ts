import assert from 'node:assert/strict';
import { it } from 'node:test';
import { KubeClient } from '../../../src/sources/kube/client.ts';
import { listAll } from '../../../src/sources/kube/list.ts';
import { KubeApi, service } from '../../support/kube-api.ts';

it('a list holds what is read of its objects, and nothing of what makes them large', async () => {
  await using api = await KubeApi.start();
  const spec = { clusterIP: '127.100.0.10', ports: [{ port: 80 }], sessionAffinity: 'None' };
  const web = service({ name: 'web', annotations: { 'kube-entry.io/path': '/web' }, labels: { app: 'web' }, spec });
  const managedFields = [{ manager: 'kubectl', fieldsV1: { 'f:spec': {} } }];
  const resourceVersion = api.apply({
    ...web,
    metadata: { ...web.metadata, managedFields },
    status: { loadBalancer: {} },
  } as typeof web);
  const client = new KubeClient({ kubeconfig: api.writeKubeconfig(), context: '' });
  const collection = { resource: 'services', namespace: undefined, selector: '' } as const;
  const { items } = await listAll(client, collection, new AbortController().signal);
  client.close();
  const { name, namespace, annotations } = web.metadata;
  const creationTimestamp = '2026-01-01T00:00:00Z';
  assert.deepEqual(items, [
    { metadata: { name, namespace, resourceVersion, uid: 'uid-1', creationTimestamp, annotations }, spec },
  ]);
});
