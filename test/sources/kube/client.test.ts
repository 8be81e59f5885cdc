import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { codeOf, messageOf } from '../../../src/errors.ts';
import { KubeClient, type KubeRequest } from '../../../src/sources/kube/client.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { KubeApi } from '../../support/kube-api.ts';
import { service } from '../../support/services.ts';
import { until } from './harness.ts';

const list: KubeRequest = {
  operation: { verb: 'list', resource: 'services', namespace: undefined },
  signal: new AbortController().signal,
  // The first of them all loads client-node, which takes its time on a busy machine.
  timeoutMs: 60_000,
};

function clientOf(api: KubeApi, clock?: FakeClock): KubeClient & Disposable {
  const client = new KubeClient({ kubeconfig: api.writeKubeconfig(), context: '' }, clock && { clock });
  return Object.assign(client, { [Symbol.dispose]: () => client.close() });
}

async function failure(answer: Promise<unknown>): Promise<unknown> {
  return await answer.then(
    () => assert.fail('should not have worked'),
    (error: unknown) => error,
  );
}

describe('requests to the API server', () => {
  for (const tls of [false, true]) {
    it(`share one connection (${tls ? 'HTTPS' : 'HTTP'})`, async () => {
      await using api = await KubeApi.start({ tls });
      using client = clientOf(api);
      for (let turn = 0; turn < 5; turn += 1) await client.json(list);
      assert.equal(api.received('list').length, 5);
      assert.equal(api.connections, 1);
    });
  }

  it('go through with the account of a pod, whose files are read again', async () => {
    await using api = await KubeApi.start({ tls: true });
    api.token = 'first';
    const accountFolder = api.writeServiceAccount();
    const environment = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(api.port) };
    const client = new KubeClient({ kubeconfig: '', context: '' }, { accountFolder, environment });
    await client.json(list);
    api.token = 'second';
    writeFileSync(join(accountFolder, 'token'), 'second\n');
    await client.json(list);
    client.close();
    assert.equal(api.received('list').length, 2, 'nothing is asked with the old token');
  });

  it('do not trust a server whose certificate the kubeconfig does not vouch for', async () => {
    await using api = await KubeApi.start({ tls: true });
    await using other = await KubeApi.start({ tls: true });
    const accountFolder = other.writeServiceAccount();
    const environment = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(api.port) };
    const client = new KubeClient({ kubeconfig: '', context: '' }, { accountFolder, environment });
    const error = await failure(client.json(list));
    client.close();
    assert.equal(codeOf(error), 'KUBE_UNREACHABLE');
    assert.equal(api.requests.length, 0);
  });

  it('give up a 401 after one look at the credentials', async () => {
    await using api = await KubeApi.start();
    using client = clientOf(api);
    api.token = 'other';
    assert.equal(codeOf(await failure(client.json(list))), 'KUBE_UNAUTHORISED');
    assert.equal(api.requests.length, 2);
  });

  it('that meet a connection the server just closed are sent once more', async t => {
    // Answers once on each connection, and breaks it when a second request comes.
    const served = new WeakSet<object>();
    const server = createServer((request, response) => {
      if (served.has(request.socket)) request.socket.resetAndDestroy();
      else response.end('{}');
      served.add(request.socket);
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
    await using api = await KubeApi.start();
    const kubeconfig = api.writeKubeconfig();
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const cluster = { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true };
    writeFileSync(
      kubeconfig,
      JSON.stringify({
        clusters: [{ name: 'c', cluster }],
        users: [{ name: 'c', user: {} }],
        contexts: [{ name: 'c', context: { cluster: 'c', user: 'c' } }],
        'current-context': 'c',
      }),
    );
    const client = new KubeClient({ kubeconfig, context: '' });
    assert.deepEqual(await client.json(list), {});
    assert.deepEqual(await client.json(list), {});
    client.close();
  });

  it('end at their deadline', async () => {
    await using api = await KubeApi.start();
    const clock = new FakeClock();
    using client = clientOf(api, clock);
    api.fail('list', 'hang');
    const answer = failure(client.json({ ...list, timeoutMs: 5_000 }));
    await until(() => api.requests.length === 1);
    clock.advance(5_000);
    const error = await answer;
    assert.equal(codeOf(error), 'KUBE_UNREACHABLE');
    assert.match(messageOf(error), /within 5 s/);
    assert.equal(clock.pending, 0);
  });

  it('end when they are aborted, with the reason given', async () => {
    await using api = await KubeApi.start();
    using client = clientOf(api);
    api.fail('list', 'hang');
    const stopping = new AbortController();
    const answer = failure(client.json({ ...list, signal: stopping.signal }));
    await until(() => api.requests.length === 1);
    const reason = new Error('enough');
    stopping.abort(reason);
    assert.equal(await answer, reason);
    assert.equal(await failure(client.json({ ...list, signal: stopping.signal })), reason);
  });

  const failures: [Parameters<KubeApi['fail']>[1], string][] = [
    ['reset', 'KUBE_UNREACHABLE'],
    ['cut', 'KUBE_UNREACHABLE'],
    ['garbage', 'KUBE_BAD_ANSWER'],
    [{ status: 403 }, 'KUBE_FORBIDDEN'],
    [{ status: 410 }, 'KUBE_EXPIRED'],
    [{ status: 429 }, 'KUBE_API_ERROR'],
    [{ status: 500 }, 'KUBE_API_ERROR'],
  ];
  for (const [fault, code] of failures) {
    it(`fail with ${code} on ${JSON.stringify(fault)}`, async () => {
      await using api = await KubeApi.start();
      using client = clientOf(api);
      api.fail('list', fault);
      assert.equal(codeOf(await failure(client.json(list))), code);
      assert.notEqual(await client.json(list), undefined);
    });
  }

  it('encode what they put into the URL', async () => {
    await using api = await KubeApi.start();
    using client = clientOf(api);
    api.apply(service('a', { labels: { 'app/part': 'x' } }));
    await client.json({ ...list, query: { labelSelector: 'app/part=x,!y&z' } });
    assert.equal(api.requests[0]?.query.labelSelector, 'app/part=x,!y&z');
  });
});
