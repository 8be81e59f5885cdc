/** Services that ask for endpoints, and their pods as a cluster moves them: no request pays for it. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { dig, listAt } from '../deploy/objects.ts';
import { podAddress } from '../support/cluster-network.ts';
import { endpoint, endpointSlice } from '../support/endpoint-slices.ts';
import { eventually } from '../support/eventually.ts';
import { RealBackend } from '../support/real-backend.ts';
import { RealEntry } from '../support/real-entry.ts';
import { Hammer } from '../support/real-hammer.ts';
import { RealKube } from '../support/real-kube.ts';
import { deployment, Kubelet, POD_PORT, podsOf, rollOut } from '../support/real-kubelet.ts';
import { patiently, START_DEADLINE_MS } from '../support/real-process.ts';
import { grantClusterRole, grantEndpoints } from '../support/real-rights.ts';
import { ListedPods } from '../support/real-slices.ts';
import { WebSocketHammer } from '../support/real-web-sockets.ts';
import { manifest } from '../support/services.ts';
import { hasControllers } from '../support/test-assets.ts';

const ROUNDS = 20;
const PODS = 10;
/** Two of ten pods each: less than the third that may be ejected. */
const NODES = 5;
const REUSES = 5;
/** In a row, before a frozen node is said to be out of the way. */
const GOOD_ANSWERS = 50;
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';

const skip = !hasControllers() && 'there is no kube-controller-manager beside the API server';

let kube: RealKube;
let kubelet: Kubelet;
let listed: ListedPods;
let entry: RealEntry;

describe('a Service that is balanced over its pods', { skip }, () => {
  before(async () => {
    kube = await RealKube.start();
    await kube.startControllerManager();
    listed = new ListedPods(kube);
    kubelet = await Kubelet.start(kube, { nodes: NODES, preStop: untilListed });
    await grantClusterRole(kube);
    await grantEndpoints(kube);
    entry = await RealEntry.start('--kubeconfig', kube.kubeconfig('entry'), '--outlier-ejection-time', '5s');
    await entry.ready();
  });

  after(async () => {
    await entry?.stop();
    await kubelet?.[Symbol.asyncDispose]();
    await listed?.[Symbol.asyncDispose]();
    await kube?.stop();
  });

  it(`loses no request and no WebSocket in ${ROUNDS} rolling updates of pods that stop listening at once`, async t => {
    await deploy('shop', PODS);
    await using hammer = new Hammer(`${entry.origin}/shop/ping`, 'shop /ping');
    await using sockets = new WebSocketHammer(`${entry.origin}/shop/socket`);
    for (let round = 1; round <= ROUNDS; round += 1) {
      await rollOut(kube, 'shop', `round-${round}`);
      const failures = { ...hammer.failures, ...sockets.failures };
      assert.deepEqual(failures, {}, `in round ${round}; of the entry's log: ${failureLines()}`);
    }
    const [web, socket] = await Promise.all([hammer.stop(), sockets.stop()]);
    t.diagnostic(`${web.requests} requests, the longest pause ${web.longestGapMs.toFixed()} ms`);
    t.diagnostic(`${socket.sessions} WebSockets`);
    assert.deepEqual({ ...web.failures, ...socket.failures }, {});
  });

  it('sends nothing to an address that another Service has taken over', async t => {
    await Promise.all([deploy('first', 2), deploy('second', 1)]);
    await using hammer = new Hammer(`${entry.origin}/first/ping`, 'first /ping');
    for (let reuse = 1; reuse <= REUSES; reuse += 1) {
      const [pod] = await podsOf(kube, 'first');
      const [name, address] = [String(dig(pod, 'metadata', 'name')), String(dig(pod, 'status', 'podIP'))];
      // Else its successor would take the address.
      await scale('second', reuse);
      await kube.kubectl.run(['delete', 'pod', name]);
      await patiently('no slice has it', async () => !(await addressesOf('first')).includes(address));
      await patiently('its successor is there', async () => (await addressesOf('first')).length === 2);
      kubelet.lend(address);
      await scale('second', reuse + 1);
      await patiently('the other Service has it', async () => (await addressesOf('second')).includes(address));
      assert.deepEqual(hammer.failures, {}, `the address ${address} changed hands ${reuse} times`);
    }
    const { requests } = await hammer.stop();
    t.diagnostic(`${requests} requests`);
  });

  it('leaves out the pods of a node that froze, and uses them again when it goes on', async t => {
    await deploy('frozen', PODS, { 'read-timeout': '500ms' });
    const [node] = kubelet.nodes;
    const there = (await podsOf(kube, 'frozen')).filter(pod => dig(pod, 'spec', 'nodeName') === node?.name);
    const names = there.map(pod => String(dig(pod, 'metadata', 'name')));
    assert.equal(names.length, PODS / NODES);
    node?.freeze();
    let [good, bad] = [0, 0];
    await patiently('its pods are left out', async () => {
      const isGood = (await entry.get('/frozen/x')).status === 200;
      good = isGood ? good + 1 : 0;
      bad += isGood ? 0 : 1;
      return good >= GOOD_ANSWERS;
    });
    t.diagnostic(`${bad} requests failed before its pods were ejected`);
    node?.thaw();
    const answering = new Set<string>();
    await eventually(
      'they answer again',
      async () => {
        answering.add(String((await entry.get('/frozen/x')).headers['x-pod']));
        return names.every(name => answering.has(name));
      },
      START_DEADLINE_MS,
    );
  });

  it('may be headless', async () => {
    const annotations = { path: '/headless', balance: 'round-robin' };
    const headless = manifest('headless', POD_PORT, { annotations, spec: { clusterIP: 'None' } });
    await kube.kubectl.apply(headless, deployment('headless', 2));
    const pods = new Set<string>();
    await patiently('both of its pods answer', async () => {
      const { body, headers } = await entry.get('/headless/x');
      if (body === 'headless /x') pods.add(String(headers['x-pod']));
      return pods.size === 2;
    });
  });

  it('may have no selector, and slices that a person wrote', async t => {
    const backend = await RealBackend.start();
    t.after(() => backend.stop());
    const address = podAddress();
    await backend.serve(address);
    const annotations = { path: '/outside', balance: 'least-request' };
    const ports = [{ name: 'http', port: backend.port, protocol: 'TCP' }];
    const slice = endpointSlice('outside', { ports, endpoints: [endpoint(address)] });
    await kube.kubectl.apply(manifest('outside', 80, { annotations, spec: { selector: null } }), slice);
    await patiently('it answers', async () => (await entry.get('/outside/x')).body === `${address} /x`);
  });
});

/**
 * A rolling update does not wait until EndpointSlices list the new pods. Where other tests take the CPUs, their controller may be
 * seconds late, and every pod that the entry can know of would be gone: so here pods go on until the slices are complete.
 */
function untilListed(): Promise<void> {
  return patiently('slices list every pod that is ready', async () => kubelet.ready.isSubsetOf(listed.names));
}

/** What the entry says about requests that failed. */
function failureLines(): string {
  return JSON.stringify(entry.log().filter(({ msg }) => msg.startsWith('request failed')));
}

/** A Service with its pods, served at `/NAME`. Nothing listens at its ClusterIP. */
async function deploy(name: string, replicas: number, annotations: Readonly<Record<string, string>> = {}) {
  const asked = { path: `/${name}`, balance: 'least-request', ...annotations };
  await kube.kubectl.apply(manifest(name, POD_PORT, { annotations: asked }), deployment(name, replicas));
  await kube.kubectl.run(['rollout', 'status', `deployment/${name}`, '--timeout=120s']);
  const answering = new Set<string>();
  await patiently('each of its pods answers', async () => {
    const { body, headers } = await entry.get(`/${name}/x`);
    if (body === `${name} /x`) answering.add(String(headers['x-pod']));
    return answering.size === replicas;
  });
}

async function scale(name: string, replicas: number): Promise<void> {
  assert.equal((await kube.api('PATCH', `${DEPLOYMENTS}/${name}`, { spec: { replicas } })).status, 200);
  await kube.kubectl.run(['rollout', 'status', `deployment/${name}`, '--timeout=120s']);
}

/** What the EndpointSlices of a Service hold. */
async function addressesOf(service: string): Promise<string[]> {
  const path = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
  const { body } = await kube.api('GET', `${path}?labelSelector=kubernetes.io/service-name=${service}`);
  return listAt(body, 'items').flatMap(slice => {
    const endpoints = dig(slice, 'endpoints');
    return Array.isArray(endpoints) ? endpoints.map(endpoint => String(dig(endpoint, 'addresses', 0))) : [];
  });
}
