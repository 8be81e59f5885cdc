/** The ground for tests with pods: their addresses, and who writes them into EndpointSlices. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { dig, listAt } from '../deploy/objects.ts';
import { podAddress } from '../support/cluster-network.ts';
import { RealKube } from '../support/real-kube.ts';
import { patiently } from '../support/real-process.ts';
import { NO_SLICES, SLICES, servesSlices } from '../support/real-slices.ts';
import { manifest } from '../support/services.ts';
import { hasControllers } from '../support/test-assets.ts';

const PODS = '/api/v1/namespaces/default/pods';

let kube: RealKube;
let hasSlices: boolean;

before(async () => {
  kube = await RealKube.start();
  hasSlices = await servesSlices(kube);
});

after(() => kube?.stop());

describe('EndpointSlices of the real API server', () => {
  it('hold addresses of the pod network, and no loopback address', async t => {
    if (!hasSlices) return t.skip(NO_SLICES);
    const slice = (name: string, address: string): object => ({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name, labels: { 'kubernetes.io/service-name': 'anything' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: [address] }],
      ports: [{ name: 'http', port: 8080 }],
    });
    assert.equal((await kube.api('POST', SLICES, slice('pod', podAddress()))).status, 201);
    const refused = await kube.api('POST', SLICES, slice('loopback', '127.100.0.1'));
    assert.equal(refused.status, 422);
    assert.match(String(dig(refused.body, 'message')), /loopback/);
  });

  it('are written by the real controller, of pods that a test says are ready', async t => {
    if (!hasSlices) return t.skip(NO_SLICES);
    if (!hasControllers()) return t.skip('there is no kube-controller-manager beside the API server');
    await kube.startControllerManager();
    const address = podAddress();
    // The controller leaves pods out whose node does not exist.
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1' } };
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'shop-1', namespace: 'default', labels: { app: 'shop' } },
      spec: {
        nodeName: 'node-1',
        containers: [{ name: 'shop', image: 'none' }],
        automountServiceAccountToken: false,
      },
    };
    await kube.kubectl.apply(node, manifest('shop', 8080), pod);
    const status = {
      phase: 'Running',
      podIP: address,
      podIPs: [{ ip: address }],
      conditions: [{ type: 'Ready', status: 'True' }],
    };
    const said = await kube.api('PATCH', `${PODS}/shop-1/status`, { status });
    assert.equal(said.status, 200, JSON.stringify(said.body));
    await patiently('the slice names the pod', async () => {
      const { body } = await kube.api('GET', `${SLICES}?labelSelector=kubernetes.io/service-name=shop`);
      return listAt(body, 'items').some(slice => {
        const endpoint = dig(slice, 'endpoints', 0);
        return String(dig(endpoint, 'addresses')) === address && dig(endpoint, 'conditions', 'ready') === true;
      });
    });
  });
});
