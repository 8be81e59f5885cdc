/** Gateways with a Service each on a real API server, by the rights of the overlay: made by one of two replicas, whatever users do to it. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { dig, listAt } from '../deploy/objects.ts';
import { podAddress } from '../support/cluster-network.ts';
import { endpoint, endpointSlice } from '../support/endpoint-slices.ts';
import { eventually } from '../support/eventually.ts';
import { installGatewayCrds, WITHOUT_CRDS } from '../support/gateway-crds.ts';
import { CONTROLLER, gateway, gatewayClass, httpRoute } from '../support/gateways.ts';
import { RealBackend } from '../support/real-backend.ts';
import { RealEntry } from '../support/real-entry.ts';
import { RealKube } from '../support/real-kube.ts';
import { grantClusterRole, grantGatewayServices, grantGateways } from '../support/real-rights.ts';
import { expose } from '../support/real-services.ts';
import { hasControllers } from '../support/test-assets.ts';

const DEADLINE_MS = 180_000;
const SERVICES = '/api/v1/namespaces/default/services';
const SLICES = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
const GATEWAYS = '/apis/gateway.networking.k8s.io/v1/namespaces/default/gateways';
const OWN = { namespace: 'kube-entry', name: 'kube-entry' };
const QUIET_MS = 2_000;

const skip = WITHOUT_CRDS !== false ? WITHOUT_CRDS : !hasControllers() && 'no kube-controller-manager';

let kube: RealKube;
let backend: RealBackend;
/** Of the replicas: they are on one machine. */
const hosts = [podAddress(), podAddress()];
const replicas: RealEntry[] = [];

function start(host: string): Promise<RealEntry> {
  return RealEntry.start(
    ...['--kubeconfig', kube.kubeconfig('entry'), '--status-lease', 'kube-entry/kube-entry-ingress'],
    ...['--gateway-controller', CONTROLLER, '--gateway-mode', 'service', '--listen', `${host}:0`],
    ...['--gateway-endpoints', `${OWN.namespace}/${OWN.name}`],
  );
}

before(async () => {
  if (skip !== false) return;
  kube = await RealKube.start();
  await kube.startControllerManager('garbagecollector');
  await installGatewayCrds(kube);
  await grantClusterRole(kube);
  await grantGateways(kube);
  await grantGatewayServices(kube);
  backend = await RealBackend.start();
  const pod = podAddress();
  await backend.serve(pod);
  await expose(kube.kubectl, backend, 'shop', { annotations: {} });
  const ports = [{ name: 'http', port: backend.port, protocol: 'TCP' }];
  await kube.kubectl.apply(endpointSlice('shop', { ports, endpoints: [endpoint(pod)] }));
  await kube.kubectl.apply({ apiVersion: 'v1', kind: 'Service', metadata: OWN, spec: { ports: [{ port: 80 }] } });
  await kube.kubectl.apply({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...OWN, labels: { 'kubernetes.io/service-name': OWN.name } },
    addressType: 'IPv4',
    endpoints: hosts.map(host => ({ addresses: [host], conditions: { ready: true } })),
    ports: [{ port: 8080 }],
  });
  const { metadata, ...object } = gatewayClass();
  await kube.kubectl.apply({ ...object, metadata: { name: metadata.name } });
  for (const host of hosts) replicas.push(await start(host));
});

after(async () => {
  await Promise.all(replicas.map(replica => replica.stop()));
  await backend?.stop();
  await kube?.stop();
});

async function apply({ metadata, ...object }: ReturnType<typeof gateway>): Promise<void> {
  await kube.kubectl.apply({ ...object, metadata: { name: metadata.name, namespace: 'default' } });
}

async function found(path: string): Promise<unknown> {
  const { status, body } = await kube.api('GET', path);
  return status === 200 ? body : undefined;
}

/** The port of this program that the Service of a Gateway leads to. */
function targetOf(service: unknown): number {
  return Number(dig(service, 'spec', 'ports', 0, 'targetPort'));
}

/** The Service of a Gateway, once its EndpointSlices lead there. */
function connected(name: string): Promise<unknown> {
  return eventually(
    `the Service ${name} is connected`,
    async () => {
      const service = await found(`${SERVICES}/${name}-entry`);
      const slices = await found(`${SLICES}?labelSelector=kubernetes.io/service-name=${name}-entry`);
      const ports = listAt(slices, 'items').flatMap(slice => listAt(slice, 'ports').map(port => dig(port, 'port')));
      return ports.includes(targetOf(service)) && service;
    },
    DEADLINE_MS,
  );
}

/** As a load balancer's controller does. */
async function giveAddress(name: string, ip: string): Promise<void> {
  await kube.api('PATCH', `${SERVICES}/${name}-entry/status`, { status: { loadBalancer: { ingress: [{ ip }] } } });
}

function programmed(name: string, expected: string): Promise<unknown> {
  return eventually(
    `the Gateway ${name} is Programmed=${expected}`,
    async () => {
      const status = dig(await found(`${GATEWAYS}/${name}`), 'status');
      const condition = listAt(status, 'conditions').find(one => dig(one, 'type') === 'Programmed');
      return `${dig(condition, 'status')} ${dig(condition, 'reason')}` === expected && { status, condition };
    },
    DEADLINE_MS,
  );
}

/** The status of an answer; 0 where nothing listens. */
async function statusAt(host: string, port: number, name: string): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  request({ host, port, headers: { host: name }, agent: false }, response => {
    void text(response).then(
      () => resolve(response.statusCode ?? 0),
      () => resolve(0),
    );
  })
    .on('error', () => resolve(0))
    .end();
  return await promise;
}

async function isServed(port: number, name: string): Promise<void> {
  for (const host of hosts) {
    await eventually(`${name} at ${host}:${port}`, async () => (await statusAt(host, port, name)) === 200, DEADLINE_MS);
  }
}

describe('the Service of a Gateway', { skip }, () => {
  it('is made once for all replicas, and says where they listen', async () => {
    await apply(gateway('web'));
    const rules = [{ backendRefs: [{ name: 'shop', port: backend.port }] }];
    await apply(httpRoute('shop', { parentRefs: [{ name: 'web' }], rules }));
    const service = await connected('web');
    await programmed('web', 'False AddressNotAssigned');
    await giveAddress('web', '192.0.2.7');
    assert.deepEqual(dig(await programmed('web', 'True Programmed'), 'status', 'addresses'), [
      { type: 'IPAddress', value: '192.0.2.7' },
    ]);
    await isServed(targetOf(service), 'shop.example');
  });

  it('is not written again while nothing changes, and what others write stays', async () => {
    await kube.api('PATCH', `${SERVICES}/web-entry`, { metadata: { annotations: { 'cloud.example/id': 'lb-1' } } });
    const before = await connected('web');
    await delay(QUIET_MS);
    const now = await found(`${SERVICES}/web-entry`);
    assert.equal(dig(now, 'metadata', 'resourceVersion'), dig(before, 'metadata', 'resourceVersion'));
    assert.equal(dig(now, 'metadata', 'annotations', 'cloud.example/id'), 'lb-1');
  });

  it('leads to its own port again after a user has written another Gateway’s there, which goes on being served', async () => {
    await apply(gateway('other'));
    const other = await connected('other');
    const target = targetOf(await found(`${SERVICES}/web-entry`));
    assert.notEqual(targetOf(other), target);
    const ports = listAt(other, 'spec', 'ports').map(port => ({ ...Object(port), targetPort: target }));
    await kube.api('PATCH', `${SERVICES}/other-entry`, { spec: { ports } });
    await eventually(
      'it is put right',
      async () => targetOf(await found(`${SERVICES}/other-entry`)) !== target,
      DEADLINE_MS,
    );
    await isServed(target, 'shop.example');
  });

  it('is made by the other replica when the one that wrote is gone', async () => {
    const [first, second] = replicas;
    assert.ok(first !== undefined && second !== undefined);
    await first.stop();
    await apply(gateway('later'));
    const service = await connected('later');
    const [, host = ''] = hosts;
    await eventually(
      'it listens',
      async () => (await statusAt(host, targetOf(service), 'x.example')) === 404,
      DEADLINE_MS,
    );
  });

  it('is not another Service of that name, of which nothing is touched', async () => {
    const metadata = { name: 'taken-entry', namespace: 'default' };
    await kube.kubectl.apply({ apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ port: 80 }] } });
    const before = await found(`${SERVICES}/taken-entry`);
    await apply(gateway('taken'));
    const { condition } = (await programmed('taken', 'False AddressNotAssigned')) as { condition: unknown };
    assert.match(String(dig(condition, 'message')), /default\/taken-entry exists and was not made for this Gateway/);
    assert.deepEqual(await found(`${SERVICES}/taken-entry`), before);
  });

  it('goes with its Gateway', async () => {
    const target = targetOf(await found(`${SERVICES}/web-entry`));
    await kube.api('DELETE', `${GATEWAYS}/web`);
    const isGone = async (path: string): Promise<boolean> => (await found(path)) === undefined;
    await eventually('the Service is gone', () => isGone(`${SERVICES}/web-entry`), DEADLINE_MS);
    const [, host = ''] = hosts;
    await eventually('nothing listens', async () => (await statusAt(host, target, 'shop.example')) === 0, DEADLINE_MS);
  });
});
