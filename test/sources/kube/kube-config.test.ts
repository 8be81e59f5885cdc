import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { it } from 'node:test';
import { newKubeConfig } from '../../../src/sources/kube/kube-config.ts';

it("KubeConfig comes without the package's own ways to send requests; the package itself can be loaded besides", async () => {
  const loaded: string[] = [];
  const hooks = registerHooks({
    load: (url, context, next) => {
      loaded.push(url);
      return next(url, context);
    },
  });
  const config = await newKubeConfig();
  config.loadFromString(
    JSON.stringify({
      clusters: [{ name: 'main', cluster: { server: 'https://127.0.0.1:1' } }],
      users: [{ name: 'main', user: { token: 'secret' } }],
      contexts: [{ name: 'main', context: { cluster: 'main', user: 'main' } }],
      'current-context': 'main',
    }),
  );
  hooks.deregister();
  assert.equal(config.getCurrentCluster()?.server, 'https://127.0.0.1:1');
  assert.ok(loaded.some(url => url.endsWith('/client-node/dist/config.js')));
  assert.deepEqual(
    loaded.filter(url => /\/client-node\/dist\/gen\/(?:apis|models)\/|\/undici\//.test(url)),
    [],
  );

  assert.equal(typeof (await import('@kubernetes/client-node')).CoreV1Api, 'function');
});
