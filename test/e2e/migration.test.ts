/**
 * deploy/migration.md, followed line by line against a real API server, with a real nginx as nginx-kit on node-1:28888 and
 * the real kube-entry on node-1:28889. There is no kubelet, so `kubectl exec` and `logs` are answered here.
 */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { formatListenAddress } from '../../src/formats/listen-address.ts';
import { addCommand, addProgram, blocks, follow, outputOf, type Ran } from '../deploy/guide.ts';
import { DEPLOY, dig } from '../deploy/objects.ts';
import { startNginx } from '../support/nginx.ts';
import { RealBackend } from '../support/real-backend.ts';
import { RealEntry } from '../support/real-entry.ts';
import { RealKube } from '../support/real-kube.ts';
import { TemporaryFolder } from '../support/real-process.ts';
import { expose } from '../support/real-services.ts';

/** What nginx-kit logged; not all of it is GET. */
const NGINX_LOG = ['GET /volume/api/v1/pools', 'POST /volume/x', 'GET /v2/', 'GET /volumex', 'GET /volume/a%2Fb']
  .map(request => `10.0.0.1 - - [21/Nov/2026:17:15:33 +0000] "${request} HTTP/1.1" 200 2 "-" "curl/7.88.1"\n`)
  .join('');

let kube: RealKube;
let backend: RealBackend;
const folder = new TemporaryFolder();

before(async () => {
  kube = await RealKube.start();
  backend = await RealBackend.start();
});

after(async () => {
  await backend?.stop();
  await kube?.stop();
  folder.remove();
});

/** As the generator wrote it. */
function location(path: string, upstream: string, slash: '/' | ''): string {
  return `location ${path} { proxy_pass http://${upstream}:${backend.port}${slash}; proxy_redirect off; }`;
}

async function nodePortOf(service: string, namespace: string): Promise<unknown> {
  const found = await kube.kubectl.json(['get', 'service', service, '--namespace', namespace]);
  return dig(found, 'spec', 'ports', 0, 'nodePort');
}

describe('moving over from nginx-kit, by the guide', () => {
  let ran: readonly Ran[];

  it('takes no step that fails', { timeout: 300_000 }, async t => {
    const { kubectl } = kube;
    const volume = await expose(kubectl, backend, 'volume', { annotations: {} });
    const registry = await expose(kubectl, backend, 'registry', { annotations: {} });
    await installNginxKit();
    const server = `${location('/volume', volume, '/')}\n${location('/v2', registry, '')}`;
    const nginx = await startNginx(t, { server, errorPage: '' });
    await using entry = await RealEntry.start('--kubeconfig', kube.kubeconfig('admin'));
    await entry.ready();

    await prepareKustomization();
    addProgram(folder.path);
    writeFileSync(join(folder.path, 'default.conf'), server);
    writeFileSync(join(folder.path, 'access.log'), NGINX_LOG);
    addCommand(folder.path, 'kubectl', kubectlThatExecutesHere(entry.adminSocket));
    const nodes = [`node-1:28888:${formatListenAddress(nginx)}`, `node-1:28889:${new URL(entry.origin).host}`];
    writeFileSync(join(folder.path, '.curlrc'), nodes.map(node => `connect-to = "${node}"\n`).join(''));

    ran = await follow(
      blocks().filter(({ place }) => place === 'cluster'),
      { folder: folder.path, environment: { KUBECONFIG: kube.kubeconfig('admin') } },
    );
    assert.deepEqual((await entry.table()).routes.map(({ path, service }) => `${path} ${service.name}`).sort(), [
      '/v2 registry',
      '/volume volume',
    ]);
  });

  it('shows what nginx serves and what the routes will be', () => {
    assert.match(outputOf(ran, 'default.conf'), /location \/volume \{ proxy_pass/);
    const annotated = outputOf(ran, 'kubectl annotate');
    assert.match(annotated, /\/v2 .*default\/registry/);
    assert.match(annotated, /It gets +\/api\/v1\/pools/);
  });

  it('compares answers, and finds the differences that it tells of', () => {
    const lines = outputOf(ran, 'paths.txt').trimEnd().split('\n');
    const answers = new Map(
      lines.map(line => {
        const [status, , port, path] = line.split(' ');
        return [`${port} ${path}`, status];
      }),
    );
    assert.equal(lines.length, 8, 'four paths, POST is left out');
    for (const [path, nginx, own] of [
      ['/volume/api/v1/pools', '200', '200'],
      ['/v2/', '200', '200'],
      ['/volumex', '200', '404'],
      ['/volume/a%2Fb', '200', '200'],
    ] as const) {
      assert.deepEqual([answers.get(`28888 ${path}`), answers.get(`28889 ${path}`)], [nginx, own], path);
    }
  });

  it('ends with kube-entry on the node port and without nginx-kit', async () => {
    assert.equal(await nodePortOf('kube-entry', 'kube-entry'), 28888);
    await assert.rejects(kube.kubectl.run(['get', 'service', 'nginx-kit']), /not found/);
    await assert.rejects(kube.kubectl.run(['get', 'deployment', 'nginx-kit']), /not found/);
  });
});

async function installNginxKit(): Promise<void> {
  const labels = { run: 'nginx-kit' };
  const containers = [{ name: 'xxxx-nginx', image: 'nginx' }];
  await kube.kubectl.apply(
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'nginx-kit' },
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'nginx-kit', labels },
      spec: { type: 'NodePort', selector: labels, ports: [{ port: 80, nodePort: 28888 }] },
    },
  );
}

/** As deploy/README.md has it: a folder beside deploy/. */
async function prepareKustomization(): Promise<void> {
  const base = join(folder.path, 'deploy/base');
  cpSync(join(DEPLOY, 'base'), base, { recursive: true });
  // Servers before Kubernetes 1.21 know the budget by another version: see the README.
  if (!(await kube.kubectl.run(['api-versions'])).split('\n').includes('policy/v1')) {
    const file = join(base, 'pod-disruption-budget.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('policy/v1\n', 'policy/v1beta1\n'));
  }
  mkdirSync(join(folder.path, 'entry'));
  const lines = [
    'apiVersion: kustomize.config.k8s.io/v1beta1',
    'kind: Kustomization',
    'resources:',
    '  - ../deploy/base',
  ];
  writeFileSync(join(folder.path, 'entry/kustomization.yaml'), `${lines.join('\n')}\n`);
}

/** What would run in a pod runs here; everything else is the real kubectl's. */
function kubectlThatExecutesHere(adminSocket: string): string {
  return [
    'case "$*" in',
    '  "exec deployment/nginx-kit --container xxxx-nginx -- cat /etc/nginx/conf.d/default.conf") exec cat default.conf ;;',
    '  "logs deployment/nginx-kit --container xxxx-nginx") exec cat access.log ;;',
    '  "--namespace kube-entry exec deployment/kube-entry -- "*)',
    '    shift 5',
    `    export KUBE_ENTRY_ADMIN_SOCKET='${adminSocket}' KUBE_ENTRY_KUBECONFIG="$KUBECONFIG"`,
    '    exec "$@" ;;',
    // Who types the next command gives the entry the time to follow.
    '  "annotate service "*" kube-entry.io/path="*)',
    `    '${kube.kubectl.program}' "$@"`,
    `    until curl --silent --unix-socket '${adminSocket}' http://localhost/routes | grep --quiet "\\"$3\\""; do sleep 0.1; done`,
    '    exit ;;',
    '  *exec*|*logs*) echo "nothing runs this: $*" >&2; exit 1 ;;',
    'esac',
    // This script comes first there.
    'PATH=$(echo "$PATH" | cut --delimiter=: --fields=2-)',
    `exec '${kube.kubectl.program}' "$@"`,
  ].join('\n');
}
