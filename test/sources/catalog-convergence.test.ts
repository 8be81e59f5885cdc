/** What a catalog comes to does not depend on what happened before. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { viewBackend } from '../../src/admin/backend-view.ts';
import { Catalog } from '../../src/control/catalog.ts';
import type { Route } from '../../src/model/route.ts';
import type { ServiceObject } from '../../src/resources/service-object.ts';
import type { PushedBackend } from '../../src/sources/pushed.ts';
import fc from '../support/property.ts';
import { service } from '../support/services.ts';
import { annotated, OPTIONS, pushed } from './catalog-fixture.ts';

const SERVICES: readonly ServiceObject[] = [
  service('a', { createdAt: '2020-01-01T00:00:00Z' }),
  service('a', { annotations: { path: '/b,/own' } }),
  service('a', { annotations: { path: 'bad' } }),
  service('a', { annotations: {} }),
  service('b', { createdAt: '2021-01-01T00:00:00Z' }),
  service('b', { annotations: { path: '/a,/b' } }),
  service('c', { annotations: { path: '/a' }, spec: { ports: [{ port: 81 }] } }),
  service('c', { annotations: { path: '/c', pathe: '/a' } }),
];
const BACKENDS: readonly PushedBackend[] = [
  { name: 'default-a-80', endpoints: [{ address: '10.0.0.1', port: '80' }] },
  { name: 'default-c-81', endpoints: [{ address: '10.0.0.2', port: '80' }] },
  annotated('default-b-80', '/own'),
  annotated('own', '/own', []),
  annotated('second', '/a'),
  annotated('second', '/c'),
  { ...Object(annotated('main', '/main')), alternativeBackends: ['canary'] },
  { ...Object(annotated('main', '/main')), alternativeBackends: ['second'] },
  {
    name: 'canary',
    endpoints: [{ address: '10.0.0.3', port: 80 }],
    noServer: true,
    trafficShapingPolicy: { weight: 9 },
  },
  {
    name: 'canary',
    endpoints: [{ address: '10.0.0.3', port: 80 }],
    noServer: true,
    trafficShapingPolicy: { weight: 50 },
  },
  {
    name: 'namesake',
    endpoints: [{ address: '::1', port: 1 }],
    service: { metadata: { name: 'b', namespace: 'default', annotations: { 'kube-entry.io/path': '/b' } } },
  },
].flatMap(record => pushed(record));

type Step = (catalog: Catalog) => void;
const anyServices = fc
  .subarray([...SERVICES])
  .map(list => [...new Map(list.map(object => [object.metadata.name, object])).values()]);
/** Backends that stay are the same objects, as a reader of pushes gives them. */
const anyPush = fc
  .shuffledSubarray([...BACKENDS])
  .map(list => [...new Map(list.map(backend => [backend.name, backend])).values()]);
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  anyServices.map(
    (services): Step =>
      catalog =>
        catalog.replace(services),
  ),
  fc.constantFrom(...SERVICES).map(
    (object): Step =>
      catalog =>
        catalog.upsert(object),
  ),
  fc.constantFrom(...SERVICES).map(
    (object): Step =>
      catalog =>
        catalog.remove(object.metadata),
  ),
  anyPush.map(
    (push): Step =>
      catalog =>
        catalog.replacePushed(push),
  ),
  fc.constant<Step>(catalog => void catalog.commit()),
);

/** All that a catalog shows, without the order in which it came. */
function stateOf(catalog: Catalog): unknown {
  const sorted = (values: readonly unknown[]) => values.map(value => JSON.stringify(value)).sort();
  return {
    routes: sorted([...catalog.table.routes()] satisfies Route[]),
    clusters: sorted([...catalog.table.routes()].map(({ cluster }) => catalog.cluster(cluster))),
    conflicts: sorted(catalog.conflicts()),
    refusals: sorted(catalog.refusals()),
    warnings: sorted(catalog.warnings()),
    backends: sorted(catalog.backends().map(viewBackend)),
  };
}

test('whatever happened before and in whatever order, the same Services and the same push make the same table', () => {
  fc.assert(
    fc.property(
      fc.array(anyStep, { maxLength: 12 }),
      anyServices,
      anyPush,
      fc.boolean(),
      (steps, services, push, pushedFirst) => {
        const used = new Catalog(OPTIONS);
        for (const step of steps) step(used);
        if (pushedFirst) used.replacePushed(push);
        used.replace([...services].reverse());
        if (!pushedFirst) used.replacePushed(push);
        used.commit();

        const fresh = new Catalog(OPTIONS);
        fresh.replacePushed(push);
        fresh.replace(services);
        fresh.commit();
        assert.deepEqual(stateOf(used), stateOf(fresh));
        assert.equal(used.commit(), undefined);
      },
    ),
    { numRuns: 1_000 },
  );
});
