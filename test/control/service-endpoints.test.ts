/** From the EndpointSlices of a Service to the endpoints that its routes lead to. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_ENDPOINTS } from '../../src/control/catalog/service-endpoints.ts';
import { Catalog } from '../../src/control/catalog.ts';
import type { EndpointSlice } from '../../src/resources/endpoint-slice.ts';
import type { ServiceObject } from '../../src/resources/service-object.ts';
import type { SliceEndpoint } from '../../src/resources/slice-endpoint.ts';
import { PushReader } from '../../src/sources/pushed.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { service } from '../support/services.ts';

const WEB = { namespace: 'default', name: 'web' };
const WEB_ID = 'default/web:80';

function balanced(name = 'web', annotations: Record<string, string> = {}): ServiceObject {
  return service(name, { annotations: { path: `/${name}`, balance: 'least-request', ...annotations } });
}

function pod(number: number, state: SliceEndpoint['state'] = 'ready'): SliceEndpoint {
  const address = `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`;
  const nowhere = { nodeName: '', zone: '', forNodes: [], forZones: [] };
  return { address, state, pod: `web-${number}`, uid: `uid-${number}`, ...nowhere };
}

function slice(name: string, ...endpoints: SliceEndpoint[]): EndpointSlice {
  const metadata = { name, namespace: 'default', resourceVersion: '' };
  return { metadata, service: 'web', addressType: 'IPv4', ports: [{ name: 'http', port: 8080 }], endpoints };
}

function started(...services: ServiceObject[]) {
  const clock = new FakeClock();
  const catalog = new Catalog({ allowExternalName: false, waitsFor: 'services', clock });
  catalog.replace(services);
  return { catalog, clock };
}

function shown(catalog: Catalog, id = WEB_ID): { policy: string | undefined; endpoints: string[] } {
  const found = catalog.cluster(id);
  const endpoints = (found?.endpoints ?? []).map(({ address, port, state }) => `${address}:${port} ${state}`);
  return { policy: found?.cluster.balance.policy, endpoints };
}

function reasons(catalog: Catalog): string[] {
  return catalog.warnings().map(({ object, reason }) => `${object.name} ${reason}`);
}

test('Services that are balanced ask for their slices, for as long as they are', () => {
  const { catalog } = started(balanced(), service('plain'));
  const asking = (): string[] => [...catalog.endpoints.demand.values()].map(({ name }) => name);
  assert.deepEqual(asking(), ['web']);
  catalog.upsert(balanced('plain'));
  assert.deepEqual(asking(), ['web', 'plain']);
  catalog.upsert(service('plain'));
  catalog.upsert(balanced('web', { path: 'refused' }));
  assert.deepEqual(asking(), []);
  catalog.upsert(balanced());
  catalog.remove(WEB);
  assert.deepEqual(asking(), []);
});

test('the ClusterIP is used until the slices are known', () => {
  const { catalog } = started(balanced());
  catalog.commit();
  assert.deepEqual(shown(catalog), { policy: 'service', endpoints: ['10.96.0.1:80 ready'] });
  assert.deepEqual(reasons(catalog), []);
  catalog.endpoints.setSlices(WEB, [slice('a', pod(1), pod(2)), slice('b', pod(3, 'draining'))]);
  const delta = catalog.commit();
  assert.deepEqual(
    [delta?.clusters.upserts.map(({ balance }) => balance.policy), delta?.endpoints.length],
    [['least-request'], 1],
  );
  assert.deepEqual(shown(catalog), {
    policy: 'least-request',
    endpoints: ['10.0.0.1:8080 ready', '10.0.0.2:8080 ready', '10.0.0.3:8080 draining'],
  });
});

test('a change of endpoints is a change of endpoints, and of nothing else', () => {
  const { catalog, clock } = started(balanced(), balanced('other'));
  catalog.endpoints.setSlices(WEB, [slice('a', pod(1))]);
  catalog.commit();
  const { table } = catalog;
  clock.advance(10);
  catalog.endpoints.setSlices(WEB, [slice('a', pod(1), pod(2))]);
  const delta = catalog.commit();
  const none = { upserts: [], removals: [] };
  assert.deepEqual([delta?.version, delta?.routes, delta?.clusters], [table.version, none, none]);
  assert.deepEqual(
    delta?.endpoints.map(({ cluster, endpoints }) => [cluster, endpoints.length]),
    [[WEB_ID, 2]],
  );
  assert.equal(catalog.table, table);
  clock.advance(10);
  catalog.endpoints.setSlices(WEB, [slice('b', pod(2)), slice('a', pod(1))]);
  assert.equal(catalog.commit(), undefined, 'they are the same endpoints');
});

test('endpoints that stay are the same objects while others come and go', () => {
  const { catalog, clock } = started(balanced());
  const change = (...pods: readonly SliceEndpoint[]): readonly object[] => {
    catalog.endpoints.setSlices(WEB, [slice('a', ...pods)]);
    catalog.commit();
    clock.advance(10);
    return catalog.cluster(WEB_ID)?.endpoints ?? [];
  };
  const [one, two, three, four] = change(pod(1), pod(2), pod(3), pod(4));
  assert.deepEqual(change(pod(2), pod(3), pod(4)), [two, three, four]);
  const after = change(pod(2), pod(4, 'draining'), pod(3), pod(5));
  assert.deepEqual(
    [two, three].map(endpoint => after.includes(endpoint ?? {})),
    [true, true],
  );
  assert.deepEqual(
    after.map(endpoint => endpoint === one || endpoint === four),
    [false, false, false, false],
  );
});

test('what changes quickly comes as one change, ten milliseconds after the last', () => {
  const { catalog, clock } = started(balanced());
  const due: number[] = [];
  catalog.onDue = since => void due.push(since);
  catalog.endpoints.setSlices(WEB, [slice('a')]);
  catalog.commit();
  clock.advance(100);
  let sets = 0;
  for (let number = 1; number <= 50; number += 1) {
    catalog.endpoints.setSlices(WEB, [slice('a', pod(number))]);
    sets += catalog.commit()?.endpoints.length ?? 0;
  }
  assert.deepEqual([sets, shown(catalog).endpoints], [1, ['10.0.0.1:8080 ready']], 'the first goes at once');
  clock.advance(10);
  assert.deepEqual(due, [100]);
  assert.equal(catalog.commit()?.endpoints.length, 1);
  assert.deepEqual(shown(catalog).endpoints, ['10.0.0.50:8080 ready'], 'the newest counts');
});

test('slices that cannot be read leave the ClusterIP, and the owner is told what to do', () => {
  const { catalog, clock } = started(balanced('web', { 'max-requests': '5' }));
  catalog.endpoints.setSlices(WEB, [slice('a', pod(1))]);
  catalog.commit();
  catalog.takeNews();
  clock.advance(10);
  catalog.endpoints.slicesUnreadable(WEB, 'grant list and watch on endpointslices');
  catalog.commit();
  assert.deepEqual(shown(catalog), { policy: 'service', endpoints: ['10.96.0.1:80 ready'] });
  assert.equal(catalog.cluster(WEB_ID)?.cluster.maxRequests, 0, 'nothing is counted for a ClusterIP');
  const [told] = catalog.takeNews().warnings.get('default/web') ?? [];
  assert.equal(told?.reason, 'EndpointsNotReadable');
  assert.match(told?.message ?? '', /grant list and watch on endpointslices/);
  clock.advance(10);
  catalog.endpoints.setSlices(WEB, [slice('a', pod(1))]);
  catalog.commit();
  assert.deepEqual(catalog.takeNews().warnings.get('default/web'), []);
  assert.equal(shown(catalog).policy, 'least-request');
});

test('a Service without endpoints has none, and a headless one needs no ClusterIP', () => {
  const headless = service('web', {
    annotations: { path: '/web', balance: 'least-request' },
    spec: { clusterIP: 'None' },
  });
  const { catalog, clock } = started(headless);
  catalog.commit();
  assert.deepEqual(shown(catalog).endpoints, []);
  catalog.endpoints.setSlices(WEB, []);
  catalog.commit();
  assert.deepEqual(shown(catalog), { policy: 'least-request', endpoints: [] });
  clock.advance(10);
  catalog.endpoints.setSlices(WEB, [slice('a', pod(1))]);
  catalog.commit();
  assert.deepEqual(shown(catalog).endpoints, ['10.0.0.1:8080 ready']);
});

test('pushed endpoints come before those of slices', () => {
  const { catalog } = started(balanced());
  catalog.endpoints.setSlices(WEB, [slice('a', pod(1))]);
  const endpoints = [{ address: '10.9.9.9', port: '1' }];
  catalog.replacePushed(new PushReader().read(JSON.stringify([{ name: 'default-web-80', endpoints }])));
  catalog.commit();
  assert.deepEqual(shown(catalog).endpoints, ['10.9.9.9:1 ready']);
  catalog.replacePushed([]);
  catalog.commit();
  assert.deepEqual(shown(catalog).endpoints, ['10.0.0.1:8080 ready']);
});

test('of a Service with a hundred thousand endpoints so many are used as one Service may have', () => {
  const { catalog } = started(balanced());
  const slices = Array.from({ length: 100 }, (_, index) =>
    slice(`s-${index}`, ...Array.from({ length: 1_000 }, (_, number) => pod(index * 1_000 + number))),
  );
  catalog.endpoints.setSlices(WEB, slices);
  catalog.commit();
  assert.equal(shown(catalog).endpoints.length, MAX_ENDPOINTS);
  assert.deepEqual(reasons(catalog), ['web TooManyEndpoints']);
});

test('changes of a Service with many endpoints come by the longer, the more it has', () => {
  const { catalog, clock } = started(balanced());
  const many = slice('a', ...Array.from({ length: MAX_ENDPOINTS }, (_, number) => pod(number)));
  catalog.endpoints.setSlices(WEB, [many]);
  catalog.commit();
  catalog.endpoints.setSlices(WEB, [slice('a', pod(1))]);
  clock.advance(499);
  catalog.commit();
  assert.equal(shown(catalog).endpoints.length, MAX_ENDPOINTS);
  clock.advance(1);
  catalog.commit();
  assert.equal(shown(catalog).endpoints.length, 1);
});

test('a pause of the thread while endpoints are worked out holds up no later change', () => {
  const { catalog, clock } = started(balanced());
  const read = slice('a', pod(1));
  const halting: EndpointSlice = {
    ...read,
    get ports() {
      clock.advance(50);
      return read.ports;
    },
  };
  catalog.endpoints.setSlices(WEB, [halting]);
  catalog.commit();
  clock.advance(10);
  catalog.endpoints.setSlices(WEB, [slice('a', pod(2))]);
  catalog.commit();
  assert.deepEqual(shown(catalog).endpoints, ['10.0.0.2:8080 ready']);
});

test('a bug that the endpoints of one Service meet is told of it, and the others go on', () => {
  const blamed: string[] = [];
  const catalog = new Catalog({
    allowExternalName: false,
    waitsFor: 'services',
    clock: new FakeClock(),
    onBug: (_error, doing, { name }) => void blamed.push(`${name}: ${doing}`),
  });
  catalog.replace([balanced(), balanced('other')]);
  const broken = { ...slice('a', pod(1)), ports: undefined } as unknown as EndpointSlice;
  catalog.endpoints.setSlices(WEB, [broken]);
  catalog.endpoints.setSlices({ namespace: 'default', name: 'other' }, [slice('b', pod(2))]);
  catalog.commit();
  assert.deepEqual(blamed, ['web: choosing endpoints']);
  assert.deepEqual(shown(catalog).endpoints, ['10.96.0.1:80 ready'], 'as before');
  assert.deepEqual(shown(catalog, 'default/other:80').endpoints, ['10.0.0.2:8080 ready']);
  assert.deepEqual(
    catalog.refusals().map(({ reason }) => reason),
    ['InternalError'],
  );
});
