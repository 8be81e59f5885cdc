import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseYaml } from '../../src/formats/yaml.ts';
import { runHere, scratchDirectory, writeManifest } from './cli-fixture.ts';
import { startInstance } from './running-instance.ts';
import { SERVICES } from './services.ts';

test('the table shows routes in order, then refusals, conflicts and warnings with their reasons', async context => {
  const file = await writeManifest(context, SERVICES);
  const { code, stdout, stderr } = await runHere(['routes', '--manifests', file]);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  assert.deepEqual(stdout.split('\n').slice(0, 6), [
    'HOST           PATH        UPSTREAM       SERVICE',
    '*              /pv         10.0.0.1:8080  default/volume',
    '*              /volume     10.0.0.1:8080  default/volume',
    '*              /young/one  10.0.0.3:80    default/young',
    '*.example.com  /           [fd00::1]:80   web/shop',
    '',
  ]);
  assert.match(
    stdout,
    /^Refused\n {2}SERVICE .*\n {2}default\/headless {2}HeadlessService {2}the Service is headless/m,
  );
  assert.match(stdout, /^Conflicts\n.*\n {2}\* {5}\/volume {2}default\/volume {2}default\/young$/m);
  assert.match(stdout, /^Warnings\n.*\n {2}web\/shop {2}the Service has 2 TCP ports/m);
});

test('JSON and YAML hold the same', async context => {
  const file = await writeManifest(context, SERVICES);
  const json = await runHere(['routes', '--manifests', file, '--output', 'json']);
  const yaml = await runHere(['routes', '--manifests', file, '-o', 'yaml']);
  const view = JSON.parse(json.stdout);
  assert.deepEqual(parseYaml(yaml.stdout), view);
  assert.deepEqual(view.routes[1], {
    host: '',
    path: '/volume',
    stripPrefix: true,
    rewriteRedirects: false,
    overrides: {},
    backend: { name: 'default-volume-8080', balance: 'service', endpoints: [{ address: '10.0.0.1', port: 8080 }] },
    service: { namespace: 'default', name: 'volume' },
    createdAt: '',
  });
  assert.equal(view.refusals[0].reason, 'HeadlessService');
  assert.deepEqual(view.conflicts[0].loser, { namespace: 'default', name: 'young' });
  assert.equal(view.warnings.length, 1);
});

test('another output format is a usage error that names the known ones', async context => {
  const file = await writeManifest(context, SERVICES);
  const { code, stderr } = await runHere(['routes', '--manifests', file, '--output', 'picture']);
  assert.deepEqual(
    { code, stderr: stderr.split('\n') },
    {
      code: 2,
      stderr: [
        'kube-entry: --output: "picture" must be one of table, json, yaml',
        'kube-entry: see kube-entry routes --help',
        '',
      ],
    },
  );
});

test('manifests that cannot be used are complained of, and the others shown', async context => {
  const directory = await scratchDirectory(context);
  await writeFile(join(directory, 'bad.yaml'), 'a: [');
  await writeFile(join(directory, 'good.yaml'), SERVICES);
  const { code, stdout, stderr } = await runHere(['routes', '--manifests', directory]);
  assert.equal(code, 0);
  assert.match(stdout, /\/volume/);
  assert.match(stderr, /bad\.yaml:\d+: /);
});

test('without an exposed Service, the table says how to expose one', async context => {
  const file = await writeManifest(context, '');
  const { code, stdout } = await runHere(['routes', '--manifests', file]);
  assert.equal(code, 0);
  assert.ok(
    stdout.startsWith(`No routes in ${file}: a Service is exposed by the annotation kube-entry.io/path`),
    stdout,
  );
});

test('what only a running instance knows cannot be read from a source', async () => {
  const { code, stderr } = await runHere(['routes', '--source', 'push']);
  assert.equal(code, 1);
  assert.match(stderr, /the source is push.*--manifests/);
});

test('a running instance is asked first, also where the environment names its source', async context => {
  const { socketPath } = await startInstance(context, SERVICES);
  const file = await writeManifest(context, SERVICES);
  const fromFile = await runHere(['routes', '--manifests', file]);
  const environment = {
    KUBE_ENTRY_ADMIN_SOCKET: socketPath,
    KUBE_ENTRY_MANIFESTS: '/missing',
    KUBE_ENTRY_NAMESPACE: 'a',
  };
  assert.deepEqual(await runHere(['routes'], { environment }), fromFile);
  const { stdout } = await runHere(['routes', '-o', 'json', '--admin-socket', socketPath]);
  const { version, initialised, draining, source, ...view } = JSON.parse(stdout);
  assert.deepEqual([version, initialised, draining, source], [1, true, false, { kind: 'manifests', synced: true }]);
  assert.deepEqual(view, JSON.parse((await runHere(['routes', '--manifests', file, '-o', 'json'])).stdout));
});

test('--fresh reads the source beside a running instance, as do the flags of a source', async context => {
  const { socketPath } = await startInstance(context, SERVICES);
  const file = await writeManifest(context, '');
  const environment = { KUBE_ENTRY_ADMIN_SOCKET: socketPath, KUBE_ENTRY_MANIFESTS: file };
  assert.match((await runHere(['routes', '--fresh'], { environment })).stdout, /^No routes in /);
  assert.match((await runHere(['routes', '--manifests', file], { environment })).stdout, /^No routes in /);
});

test('where no instance runs the source is read, and that is said; a socket that is named must be there', async context => {
  const socketPath = join(await scratchDirectory(context), 'admin.sock');
  const environment = {
    KUBE_ENTRY_ADMIN_SOCKET: socketPath,
    KUBE_ENTRY_MANIFESTS: await writeManifest(context, SERVICES),
  };
  const { code, stdout, stderr } = await runHere(['routes'], { environment });
  assert.equal(code, 0);
  assert.match(stdout, /default\/volume/);
  assert.equal(stderr, `no instance runs at ${socketPath} (--admin-socket): reading the source instead\n`);
  const named = await runHere(['routes', '--admin-socket', socketPath], { environment });
  assert.deepEqual([named.code, named.stdout], [1, '']);
});

test('an instance without a table says why, and the answer is no', async context => {
  const { socketPath } = await startInstance(context);
  const { code, stdout } = await runHere(['routes', '--admin-socket', socketPath]);
  assert.deepEqual({ code, stdout }, { code: 1, stdout: 'No route table yet: cannot reach the Kubernetes API\n' });
});

async function kubeconfig(context: TestContext, server: string): Promise<string> {
  const file = join(await scratchDirectory(context), 'kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [{ name: 'test', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'test', user: {} }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
  };
  await writeFile(file, JSON.stringify(config));
  return file;
}

test('the Services of a cluster are listed once, by namespace and selector', async context => {
  const asked: string[] = [];
  const api = createServer((request, response) => {
    asked.push(request.url ?? '');
    const volume = {
      metadata: {
        name: 'volume',
        namespace: 'shop',
        resourceVersion: '5',
        annotations: { 'kube-entry.io/path': '/volume' },
      },
      spec: { clusterIP: '10.0.0.9', ports: [{ port: 80 }] },
    };
    response.end(
      JSON.stringify({ apiVersion: 'v1', kind: 'ServiceList', metadata: { resourceVersion: '7' }, items: [volume] }),
    );
  });
  await new Promise<void>(fulfil => api.listen(0, '127.0.0.1', fulfil));
  context.after(() => {
    api.closeAllConnections();
    api.close();
  });
  const config = await kubeconfig(context, `http://127.0.0.1:${(api.address() as AddressInfo).port}`);
  const args = ['routes', '--kubeconfig', config, '--namespace', 'shop', '--selector', 'tier=web'];
  const { code, stdout, stderr } = await runHere(args);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  assert.match(stdout, /^\* {5}\/volume {2}10\.0\.0\.9:80 {2}shop\/volume$/m);
  assert.equal(asked.length, 1);
  const url = new URL(asked[0] ?? '', 'http://api');
  assert.equal(url.pathname, '/api/v1/namespaces/shop/services');
  assert.equal(url.searchParams.get('labelSelector'), 'tier=web');
  assert.equal(url.searchParams.has('watch'), false);
});

test('a cluster that cannot be reached is an answer of no, with its address', async context => {
  const { code, stdout, stderr } = await runHere([
    'routes',
    '--kubeconfig',
    await kubeconfig(context, 'http://127.0.0.1:1'),
  ]);
  assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
  assert.match(stderr, /^kube-entry: .*127\.0\.0\.1:1.*\n$/);
});

test('a dump of a large cluster is read, and one that is cut is said to be no JSON', async context => {
  const items = Array.from({ length: 4_000 }, (_, index) => ({
    ...{ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: `i${index}`, namespace: 'shop' } },
    spec: {
      ingressClassName: 'nginx',
      rules: [
        {
          host: `h${index}.example.com`,
          http: {
            paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }],
          },
        },
      ],
    },
  }));
  const text = JSON.stringify({ apiVersion: 'v1', kind: 'List', items }, undefined, 4);
  assert.ok(text.length > 4 * 1024 * 1024);
  const file = join(await scratchDirectory(context), 'dump.json');
  const asked = ['routes', '--manifests', file, '--ingress-class', 'nginx', '--output', 'json'];
  await writeFile(file, text);
  const { stdout, stderr } = await runHere(asked);
  assert.equal(stderr, '');
  assert.equal(JSON.parse(stdout).routes.length, 4_000);
  await writeFile(file, text.slice(0, -10));
  assert.match((await runHere(asked)).stderr, /dump\.json:1: is not JSON: /);
});
