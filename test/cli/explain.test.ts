import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readQuestion } from '../../src/cli/explain.ts';
import { runHere, writeManifest } from './cli-fixture.ts';
import { startInstance } from './running-instance.ts';
import { SERVICES } from './services.ts';

/** Takes whatever no other route takes; and a host without dots. */
const CATCH_ALL = `
apiVersion: v1
kind: Service
metadata: { name: rest, annotations: { kube-entry.io/path: / } }
spec: { clusterIP: 10.0.0.4, ports: [{ port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: intranet, annotations: { kube-entry.io/host: intranet, kube-entry.io/path: / } }
spec: { clusterIP: 10.0.0.5, ports: [{ port: 80 }] }
`;

test('a question is a path, a host with or without one, or a URL', () => {
  assert.deepEqual(readQuestion('/a?b=c'), { host: '', target: '/a?b=c' });
  assert.deepEqual(readQuestion('example.com:80/a'), { host: 'example.com:80', target: '/a' });
  assert.deepEqual(readQuestion('example.com'), { host: 'example.com', target: '/' });
  assert.deepEqual(readQuestion('example.com?q'), { host: 'example.com', target: '/?q' });
  assert.deepEqual(readQuestion('[::1]:8080/a'), { host: '[::1]:8080', target: '/a' });
  assert.deepEqual(readQuestion('HTTP://h:81/a'), { host: '', target: 'HTTP://h:81/a' });
});

test('a running instance and manifests give the same answer', async context => {
  const file = await writeManifest(context, SERVICES);
  const { socketPath } = await startInstance(context, SERVICES);
  const questions = [
    '/volume/api/v1/pools?x=1',
    '/volume//a%2Fb',
    'shop.example.com/volume/x',
    'http://SHOP.example.com:81/cart?id=1',
    '/young/one#fragment',
    '/nowhere',
    '/volumes',
    '/Volume/x',
    '/volume/../..',
    'two,hosts/volume',
    'http:///x',
    '/headless/x',
  ];
  for (const question of questions) {
    const local = await runHere(['explain', '--manifests', file, question]);
    const running = await runHere(['explain', '--admin-socket', socketPath, question]);
    assert.deepEqual(running, local, question);
  }
});

test('the route is shown with its Service, its upstream and what that gets', async context => {
  const file = await writeManifest(context, SERVICES);
  const { code, stdout } = await runHere(['explain', '--manifests', file, '/volume//api?x=1']);
  assert.equal(code, 0);
  assert.equal(
    stdout,
    [
      '/volume//api?x=1',
      '  Route       * /volume',
      '  Service     default/volume',
      '  Upstream    10.0.0.1:8080',
      '  It gets     /api?x=1',
      '  Timeouts    connect 5s, read 60s, send 60s',
      '  Body limit  none',
      '',
      'Waiting for this host and path',
      '  SERVICE        WHY IT WAITS',
      '  default/young  default/volume is older, or has the earlier name; this Service takes over when it goes',
      '',
      'Other routes that are close',
      '  HOST           PATH  SERVICE   WHY NOT',
      '  *.example.com  /     web/shop  it is for another host',
      '',
    ].join('\n'),
  );
});

test('a URL brings its host, and losers their reasons', async context => {
  const file = await writeManifest(context, SERVICES);
  const { code, stdout } = await runHere(['explain', '--manifests', file, 'https://a.example.com/volume/x']);
  assert.equal(code, 0);
  assert.match(stdout, /Route {7}\*\.example\.com \//);
  assert.match(stdout, /It gets {5}\/volume\/x/);
  assert.match(stdout, /\* {5}\/volume {2}default\/volume {2}a more specific host wins/);
});

test('no route: the answer is no, with what comes near', async context => {
  const file = await writeManifest(context, SERVICES);
  const { code, stdout } = await runHere(['explain', '--manifests', file, '/volumes']);
  assert.equal(code, 1);
  assert.match(stdout, /^No route takes \/volumes: it is answered with 404\./);
  assert.match(stdout, /\/volume {2}default\/volume {2}the path only begins like it: prefixes end at a slash/);
});

test('a refused Service that asks for the path is named, with what is wrong with it', async context => {
  const file = await writeManifest(context, SERVICES);
  const { code, stdout } = await runHere(['explain', '--manifests', file, '/headless/x']);
  assert.equal(code, 1);
  assert.match(
    stdout,
    /^Refused, though they ask for this path\n {2}SERVICE +REASON +.*\n {2}default\/headless +HeadlessService +the Service is headless/m,
  );
  const json = await runHere(['explain', '--manifests', file, '--output', 'json', '/headless/x']);
  const { status, refusals } = JSON.parse(json.stdout);
  assert.equal(status, 404);
  assert.deepEqual(
    refusals.map(({ service, reason }: { service: object; reason: string }) => [service, reason]),
    [[{ namespace: 'default', name: 'headless' }, 'HeadlessService']],
  );
  assert.doesNotMatch((await runHere(['explain', '--manifests', file, '/nowhere'])).stdout, /headless/);
});

test('a forgotten slash makes a host of the first segment, which is said', async context => {
  const file = await writeManifest(context, `${SERVICES}\n---\n${CATCH_ALL}`);
  const shown = async (question: string) => (await runHere(['explain', '--manifests', file, question])).stdout;
  assert.match(await shown('volume'), /^This was read as host volume and path \/\. Did you mean \/volume\?$/m);
  assert.match(
    await shown('volume/x?y'),
    /^This was read as host volume and path \/x\?y\. Did you mean \/volume\/x\?y\?$/m,
  );
  for (const question of ['volume.example.org', 'localhost/x', '[::1]/x', 'intranet/x', '/volumes']) {
    assert.doesNotMatch(await shown(question), /Did you mean/, question);
  }
});

test('limits of the route are those of its Service, else the settings', async context => {
  const file = await writeManifest(
    context,
    `apiVersion: v1
kind: Service
metadata: { name: a, annotations: { kube-entry.io/path: /a, kube-entry.io/read-timeout: 5m, kube-entry.io/max-body-size: 10m } }
spec: { clusterIP: 10.0.0.1, ports: [{ port: 80 }] }
`,
  );
  const environment = { KUBE_ENTRY_PROXY_CONNECT_TIMEOUT: '2s' };
  const { stdout } = await runHere(['explain', '--manifests', file, '/a'], { environment });
  assert.match(stdout, /^ {2}Timeouts {4}connect 2s, read 5m \(annotation\), send 60s$/m);
  assert.match(stdout, /^ {2}Body limit {2}10m \(annotation\)$/m);
  const json = await runHere(['explain', '--manifests', file, '/a', '-o', 'json'], { environment });
  assert.deepEqual(JSON.parse(json.stdout).limits, {
    connectTimeoutMs: 2_000,
    readTimeoutMs: 300_000,
    sendTimeoutMs: 60_000,
    maxBodySize: 10 * 2 ** 20,
  });
});

test('a request that is refused is no route either', async context => {
  const file = await writeManifest(context, SERVICES);
  for (const question of ['/volume/../..', '/volume/%zz', 'a b/volume', 'http:///x']) {
    const { code, stdout } = await runHere(['explain', '--manifests', file, question]);
    assert.equal(code, 1, question);
    assert.match(stdout, /is refused with 400/, question);
  }
});

test('a slash that is not merged makes another path', async context => {
  const file = await writeManifest(context, SERVICES);
  const { code } = await runHere(['explain', '--manifests', file, '--no-merge-slashes', '//volume']);
  assert.equal(code, 1);
});

test('manifests named by the environment do not keep the running instance from being asked', async context => {
  const { socketPath } = await startInstance(context, SERVICES);
  const environment = { KUBE_ENTRY_MANIFESTS: '/missing', KUBE_ENTRY_ADMIN_SOCKET: socketPath };
  assert.equal((await runHere(['explain', '/volume'], { environment })).code, 0);
});
