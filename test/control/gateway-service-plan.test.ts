/** What is applied and removed so that each Gateway has its Service and EndpointSlices. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KnownGatewayServices } from '../../src/control/catalog/gateway-services.ts';
import { planServices, readGatewayServices, type ServicePlan } from '../../src/control/status/gateway-service-plan.ts';
import type { GatewayKinds } from '../../src/resources/gateway/gateway-object.ts';
import type { WholeObject } from '../../src/sources/kube/gateway-service-source.ts';
import type { Manifest } from '../../src/translate/gateway/services/gateway-service.ts';
import { dig, listAt } from '../deploy/objects.ts';
import { gateway, HTTP, readAll } from '../gateway/listeners/scene.ts';

type Gateway = GatewayKinds['Gateway'];

function named(name: string, year = '2020', spec: object = {}): Gateway {
  return gateway(spec, { name, uid: `uid-${name}`, createdAt: `${year}-01-01T00:00:00Z` });
}

const READY = { addresses: ['10.0.0.7'], conditions: { ready: true }, nodeName: 'node-1', zone: 'a' };
const OWN: WholeObject = {
  metadata: { namespace: 'kube-entry', name: 'kube-entry-x7k', resourceVersion: '1' },
  addressType: 'IPv4',
  endpoints: [{ ...READY, targetRef: { kind: 'Pod', name: 'kube-entry-1', namespace: 'kube-entry' } }],
};

/** An API server that takes all that is applied, and keeps what others have written. */
class Cluster {
  readonly services = new Map<string, WholeObject>();
  readonly slices = new Map<string, WholeObject>();
  readonly known: KnownGatewayServices;
  ownSlices: readonly WholeObject[] = [OWN];
  #uids = 0;

  constructor(last = 20_999) {
    this.known = new KnownGatewayServices({ type: 'LoadBalancer', host: '0.0.0.0', range: { first: 20_000, last } });
  }

  plan(gateways: readonly Gateway[], others: readonly Gateway[] = []): ServicePlan {
    this.known.set(readGatewayServices({ services: this.services.values(), slices: this.slices.values() }));
    const uids = new Set([...gateways, ...others].flatMap(({ metadata }) => metadata.uid ?? []));
    const stored = { services: this.services.values(), slices: this.slices.values(), ownSlices: this.ownSlices };
    return planServices(readAll({ gateways, gatewayServices: this.known }), stored, uids, this.known);
  }

  /** Until there is nothing more to do. @returns how many objects were applied, time after time */
  settle(gateways: readonly Gateway[], others: readonly Gateway[] = []): number[] {
    const counts: number[] = [];
    for (;;) {
      const { apply, remove } = this.plan(gateways, others);
      if (apply.length + remove.length === 0) return counts;
      counts.push(apply.length);
      assert.ok(counts.length < 10, 'it never ends');
      for (const { object } of apply) this.#store(object);
      for (const { kind, metadata } of remove) this.#all(kind).delete(metadata.name);
    }
  }

  /** Someone else writes. */
  edit(name: string, change: object): void {
    const service = this.services.get(name);
    assert.ok(service !== undefined);
    this.services.set(name, { ...service, ...change });
  }

  #store(object: Manifest): void {
    const known = this.#all(object.kind).get(object.metadata.name);
    this.#uids += 1;
    const metadata = { ...object.metadata, uid: known?.metadata.uid ?? `made-${this.#uids}`, resourceVersion: '1' };
    this.#all(object.kind).set(object.metadata.name, { ...known, ...object, metadata });
  }

  #all(kind: string): Map<string, WholeObject> {
    return kind === 'Service' ? this.services : this.slices;
  }
}

function targetsOf(cluster: Cluster): Record<string, unknown> {
  return Object.fromEntries(
    [...cluster.services].map(([name, { spec }]) => [name, listAt(spec, 'ports').map(port => dig(port, 'targetPort'))]),
  );
}

describe('the Service of a Gateway', () => {
  test('is made first, then its EndpointSlices, and after that nothing is written', () => {
    const cluster = new Cluster();
    assert.deepEqual(cluster.settle([named('web')]), [1, 1]);
    const [service] = cluster.services.values();
    assert.equal(dig(service, 'spec', 'type'), 'LoadBalancer');
    assert.equal(dig(service, 'spec', 'selector'), undefined);
    assert.deepEqual(dig(service, 'spec', 'ports'), [
      { name: 'port-80', port: 80, targetPort: 20_000, protocol: 'TCP' },
    ]);
    assert.equal(dig(service, 'metadata', 'ownerReferences', 0, 'uid'), 'uid-web');
  });

  test('leads to the pods of this program, with their conditions and places, and names no pod', () => {
    const cluster = new Cluster();
    cluster.settle([named('web')]);
    const [slice] = cluster.slices.values();
    assert.deepEqual(dig(slice, 'endpoints'), [READY]);
    assert.deepEqual(dig(slice, 'ports'), [{ name: 'port-80', port: 20_000, protocol: 'TCP' }]);
    assert.equal(dig(slice, 'metadata', 'labels', 'kubernetes.io/service-name'), 'web-ours');
  });

  test('has what the Gateway asks for, and never in the place of our own labels', () => {
    const labels = {
      team: 'a',
      'gateway.networking.k8s.io/gateway-name': 'forged',
      'app.kubernetes.io/managed-by': 'x',
    };
    const infrastructure = { labels, annotations: { 'example.com/size': 'large' } };
    const cluster = new Cluster();
    cluster.settle([named('web', '2020', { infrastructure })]);
    const [service] = cluster.services.values();
    assert.deepEqual(dig(service, 'metadata', 'labels'), {
      team: 'a',
      'app.kubernetes.io/managed-by': 'kube-entry',
      'gateway.networking.k8s.io/gateway-name': 'web',
      'gateway.networking.k8s.io/gateway-class-name': 'ours',
    });
    assert.equal(dig(service, 'metadata', 'annotations', 'example.com/size'), 'large');
    // What it no longer asks for is applied away.
    assert.deepEqual(cluster.settle([named('web')]), [1]);
  });

  test('keeps its ports when others come and go, and no two Gateways have the same', () => {
    const cluster = new Cluster();
    const [one, two, three] = [named('one', '2022'), named('two', '2021'), named('three', '2020')];
    cluster.settle([one]);
    cluster.settle([one, two]);
    assert.deepEqual(targetsOf(cluster), { 'one-ours': [20_000], 'two-ours': [20_001] });
    cluster.services.delete('one-ours');
    cluster.settle([two, three]);
    assert.deepEqual(targetsOf(cluster), { 'two-ours': [20_001], 'three-ours': [20_000] });
  });

  test('gets its port back when someone has written another one into it', () => {
    const cluster = new Cluster();
    const [older, younger] = [named('older', '2020'), named('younger', '2021')];
    cluster.settle([older, younger]);
    const ports = [{ name: 'port-80', port: 80, targetPort: 20_000, protocol: 'TCP' }];
    cluster.edit('younger-ours', { spec: { type: 'LoadBalancer', ports } });
    cluster.settle([older, younger]);
    assert.deepEqual(targetsOf(cluster)['older-ours'], [20_000]);
    assert.notDeepEqual(targetsOf(cluster)['younger-ours'], [20_000]);
  });

  test('gets a number although a user has written all of them into a Service with our labels', () => {
    const cluster = new Cluster(20_003);
    const ports = [0, 1, 2, 3].map(index => ({ port: 80 + index, targetPort: 20_000 + index }));
    const metadata = { namespace: 'evil', name: 'all', resourceVersion: '1', uid: 'evil' };
    cluster.services.set('all', { metadata, spec: { ports } });
    cluster.settle([named('web')]);
    assert.deepEqual(targetsOf(cluster)['web-ours'], [20_000]);
  });

  test('is written again when someone has changed what is ours, and is left alone when it is something else', () => {
    const cluster = new Cluster();
    cluster.settle([named('web')]);
    const [service] = cluster.services.values();
    const { metadata } = service as WholeObject;
    const annotations = Object(metadata.annotations) as Record<string, string>;
    cluster.edit('web-ours', {
      metadata: { ...metadata, annotations: { ...annotations, 'cloud.example/id': 'lb-1' } },
    });
    assert.deepEqual(cluster.settle([named('web')]), []);
    cluster.edit('web-ours', { metadata: { ...metadata, labels: {} } });
    assert.deepEqual(cluster.settle([named('web')]), [1]);
  });

  test('that was made for something else is neither changed nor removed', () => {
    const cluster = new Cluster();
    const foreign = { namespace: 'infra', name: 'web-ours', resourceVersion: '1', uid: 'theirs' };
    cluster.services.set('web-ours', { metadata: foreign, spec: { ports: [{ port: 80, targetPort: 20_000 }] } });
    assert.deepEqual(cluster.settle([named('web')]), []);
  });

  test('goes when its Gateway is of another class from now on, and is the garbage collector’s when the Gateway is gone', () => {
    const web = named('web');
    const [gone, moved] = [new Cluster(), new Cluster()];
    for (const cluster of [gone, moved]) cluster.settle([web]);
    assert.deepEqual(gone.plan([]).remove, []);
    assert.deepEqual(
      moved.plan([], [web]).remove.map(({ kind, metadata }) => `${kind} ${metadata.name}`),
      ['Service web-ours'],
    );
  });

  test('is not made where no number is left, and others are', () => {
    const cluster = new Cluster(20_001);
    const two = [HTTP, { name: 'more', port: 81, protocol: 'HTTP' }];
    const gateways = [named('one', '2020'), named('two', '2021', { listeners: two })];
    cluster.settle(gateways);
    assert.deepEqual(targetsOf(cluster), { 'one-ours': [20_000] });
    assert.deepEqual(cluster.plan(gateways).crowded, [{ namespace: 'infra', name: 'two-ours' }]);
  });
});

describe('the EndpointSlices of a Gateway', () => {
  test('follow those of the pods of this program', () => {
    const cluster = new Cluster();
    cluster.settle([named('web')]);
    const unready = { ...READY, conditions: { ready: false, serving: true, terminating: true } };
    const more = { ...OWN, metadata: { ...OWN.metadata, name: 'kube-entry-v6' }, addressType: 'IPv6' };
    cluster.ownSlices = [{ ...OWN, endpoints: [unready] }, more];
    assert.deepEqual(cluster.settle([named('web')]), [2]);
    assert.deepEqual(
      [...cluster.slices.values()].map(slice => dig(slice, 'addressType')),
      ['IPv4', 'IPv6'],
    );
    assert.deepEqual(dig([...cluster.slices.values()][0], 'endpoints'), [unready]);
    cluster.ownSlices = [more];
    cluster.settle([named('web')]);
    assert.equal(cluster.slices.size, 1);
  });
});
