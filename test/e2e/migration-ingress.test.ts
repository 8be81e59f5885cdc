/**
 * The part of deploy/migration.md for users of ingress-nginx, followed line by line against a real API server, with a real Helm. A
 * real nginx, with a location as ingress-nginx writes it, and the real kube-entry are behind the two Services. There is no kubelet, so
 * `kubectl logs` is answered here.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { parseYaml } from '../../src/formats/yaml.ts';
import { addCommand, addProgram, blocks, follow, outputOf, type Ran } from '../deploy/guide.ts';
import { DEPLOY, dig, listAt } from '../deploy/objects.ts';
import { atEnd } from '../support/cleanup.ts';
import { helmProgram, NEEDS_HELM } from '../support/helm-assets.ts';
import { startNginx } from '../support/nginx.ts';
import { RealBackend } from '../support/real-backend.ts';
import { RealEntry } from '../support/real-entry.ts';
import { RealKube } from '../support/real-kube.ts';
import { TemporaryFolder } from '../support/real-process.ts';
import { expose } from '../support/real-services.ts';

const NAMESPACE = 'ingress-nginx';
const CONTROLLER = 'ingress-nginx-controller';
const LABELS = {
  'app.kubernetes.io/name': 'ingress-nginx',
  'app.kubernetes.io/instance': 'ingress-nginx',
  'app.kubernetes.io/component': 'controller',
};

/** As the format of the guide writes it. */
const NGINX_LOG = ['GET /cart?id=1', 'GET /', 'POST /cart', 'GET /a%2Fb']
  .map(request => `${JSON.stringify({ requestLine: `${request} HTTP/1.1`, host: 'shop.example.com' })}\n`)
  .join('');

/** Of its own release: what names its objects, its addresses and its ports cannot be had twice. */
const VALUES = {
  fullnameOverride: 'ingress-nginx',
  serviceAccount: { name: 'ingress-nginx' },
  controller: {
    replicaCount: 3,
    ingressClassResource: { enabled: true, default: true },
    hostPort: { enabled: true },
    service: {
      ...{ type: 'LoadBalancer', annotations: { 'example.com/balancer': 'network' } },
      ...{ loadBalancerIP: '192.0.2.9', loadBalancerSourceRanges: ['10.0.0.0/8'], nodePorts: { http: 30_080 } },
    },
  },
};

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

describe('moving over from ingress-nginx, by the guide', NEEDS_HELM, () => {
  let ran: readonly Ran[];

  it('takes no step that fails', { timeout: 300_000 }, async t => {
    const shop = await expose(kube.kubectl, backend, 'shop', { annotations: {} });
    const old = await installIngressNginx();
    const server = `location / { proxy_set_header Host $http_host; proxy_pass http://${shop}:${backend.port}; }`;
    const nginx = await startNginx(t, { server, errorPage: '' });
    await relay(t, old, nginx.host, nginx.port);
    addProgram(folder.path);
    cpSync(join(DEPLOY, 'chart'), join(folder.path, 'deploy/chart'), { recursive: true });
    writeFileSync(join(folder.path, 'nginx.log'), NGINX_LOG);
    addCommand(folder.path, 'kubectl', kubectlWithLogs());
    addCommand(folder.path, 'helm', helmWithRelease());
    const environment = { KUBECONFIG: kube.kubeconfig('admin') };
    const steps = blocks().filter(({ place }) => place === 'ingress');
    const compared = steps.findIndex(({ commands }) => commands.includes('kube-entry replay'));
    const installed = await follow(steps.slice(0, compared), { folder: folder.path, environment });

    const service = await kube.kubectl.json(['get', 'service', 'kube-entry', '--namespace', NAMESPACE]);
    const args = ['--kubeconfig', kube.kubeconfig('admin'), '--ingress-class', 'nginx', '--events', 'off'];
    await using entry = await RealEntry.start(...args);
    await entry.ready();
    const { hostname, port } = new URL(entry.origin);
    await relay(t, String(dig(service, 'spec', 'clusterIP')), hostname, Number(port));
    ran = [...installed, ...(await follow(steps.slice(compared), { folder: folder.path, environment }))];
  });

  it('says that nothing would be lost, and makes a page of it', () => {
    assert.match(outputOf(ran, '--output html'), /1 Ingress: 1 works\nNothing would be lost\./);
    assert.match(readFileSync(join(folder.path, 'report.html'), 'utf8'), /^<!DOCTYPE html>/);
  });

  it('takes over the values of the chart of ingress-nginx', () => {
    const values = parseYaml(readFileSync(join(folder.path, 'values.yaml'), 'utf8'));
    const { annotations, loadBalancerSourceRanges } = VALUES.controller.service;
    const service = { type: 'LoadBalancer', annotations, loadBalancerSourceRanges };
    assert.deepEqual(values, { controller: { replicaCount: 3, service } });
  });

  it('compares answers, and finds none that differ', () => {
    assert.match(outputOf(ran, 'kube-entry replay'), /3 requests compared, 3 equal, 0 different\n$/);
  });

  it('ends with the address at kube-entry, which writes the status, and without ingress-nginx', async () => {
    const { kubectl } = kube;
    const service = await kubectl.json(['get', 'service', CONTROLLER, '--namespace', NAMESPACE]);
    const deployment = await kubectl.json(['get', 'deployment', 'kube-entry', '--namespace', NAMESPACE]);
    const labels = dig(deployment, 'spec', 'template', 'metadata', 'labels');
    assert.deepEqual(dig(service, 'spec', 'selector'), labels);
    const [container] = listAt(deployment, 'spec', 'template', 'spec', 'containers');
    const ports = listAt(container, 'ports').map(port => dig(port, 'name'));
    for (const port of listAt(service, 'spec', 'ports')) assert.ok(ports.includes(dig(port, 'targetPort')));
    assert.ok(listAt(container, 'args').includes(`--publish-service=${NAMESPACE}/${CONTROLLER}`));
    assert.equal(dig(deployment, 'spec', 'replicas'), 3);
    await assert.rejects(kubectl.run(['get', 'deployment', CONTROLLER, '--namespace', NAMESPACE]), /not found/);
  });
});

/** What its chart installs, as far as the guide touches it, and an Ingress. @returns the ClusterIP of its Service */
async function installIngressNginx(): Promise<string> {
  const metadata = { name: CONTROLLER, namespace: NAMESPACE };
  const args = ['/nginx-ingress-controller', '--ingress-class=nginx', `--configmap=$(POD_NAMESPACE)/${CONTROLLER}`];
  const containers = [{ name: 'controller', image: 'registry.k8s.io/ingress-nginx/controller:v1.15.1', args }];
  const ports = ['http', 'https'].map((name, index) => ({ name, port: [80, 443][index], targetPort: name }));
  const path = {
    path: '/',
    pathType: 'Prefix',
    backend: { service: { name: 'shop', port: { number: backend.port } } },
  };
  await kube.kubectl.apply(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: { selector: { matchLabels: LABELS }, template: { metadata: { labels: LABELS }, spec: { containers } } },
    },
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { selector: LABELS, ports } },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: {} },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'ingress-nginx', namespace: NAMESPACE } },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'IngressClass',
      metadata: { name: 'nginx' },
      spec: { controller: 'k8s.io/ingress-nginx' },
    },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      // There are no pods: what answers at the ClusterIP is the backend.
      metadata: { name: 'shop', annotations: { 'nginx.ingress.kubernetes.io/service-upstream': 'true' } },
      spec: { ingressClassName: 'nginx', rules: [{ host: 'shop.example.com', http: { paths: [path] } }] },
    },
  );
  const service = await kube.kubectl.json(['get', 'service', CONTROLLER, '--namespace', NAMESPACE]);
  return String(dig(service, 'spec', 'clusterIP'));
}

/** What kube-proxy does: port 80 of a ClusterIP leads to a process. */
async function relay(t: TestContext, clusterIP: string, host: string, port: number): Promise<void> {
  const server = createServer(client => {
    const upstream = connect(port, host);
    client.pipe(upstream).pipe(client);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => other.destroy());
    }
  }).listen(80, clusterIP);
  await once(server, 'listening');
  atEnd(t, () => void server.close());
}

function kubectlWithLogs(): string {
  return [
    `[ "$*" != "--namespace ${NAMESPACE} logs deployment/${CONTROLLER}" ] || exec cat nginx.log`,
    // This script comes first there.
    'PATH=$(echo "$PATH" | cut --delimiter=: --fields=2-)',
    `exec '${kube.kubectl.program}' "$@"`,
  ].join('\n');
}

/** Helm, and a release of ingress-nginx that it need not know. */
function helmWithRelease(): string {
  return [
    `[ "$*" != "get values ingress-nginx --namespace ${NAMESPACE} --output yaml" ] || exec echo '${JSON.stringify(VALUES)}'`,
    `exec '${helmProgram()}' "$@"`,
  ].join('\n');
}
