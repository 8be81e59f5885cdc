import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndpointState } from '../../../src/dataplane/clusters/endpoint-state.ts';
import { UpstreamPool } from '../../../src/dataplane/clusters/upstream-pool.ts';
import { type CompiledTable, RouteCompiler } from '../../../src/dataplane/route-compiler.ts';
import type { Endpoint } from '../../../src/model/cluster.ts';
import type { PublishedDelta } from '../../../src/model/delta.ts';
import type { Place, Route } from '../../../src/model/route.ts';
import { DEFAULTS } from '../../../src/settings/schema.ts';
import fc from '../../support/property.ts';
import { clusterContext, deltaOf, filterServices, published, route } from '../../support/routes.ts';

const at = (...ports: number[]): Endpoint[] => ports.map(port => ({ address: '10.0.0.1', port }));

/** A route of the Service `shop/web`. */
function to(path = '/web', overrides: Route['overrides'] = {}): Route {
  return route(path, { service: { namespace: 'shop', name: 'web' }, overrides });
}

/** Routes with their clusters, all at these endpoints. */
function change(version: number, upserts: Route[], endpoints: Endpoint[], removals: Place[] = []): PublishedDelta {
  return published(deltaOf({ version, upserts, removals }, endpoints));
}

function turnsOf(table: CompiledTable, count: number, path = '/web'): (number | undefined)[] {
  return Array.from({ length: count }, () => table.match('', path)?.cluster.next()?.port);
}

function tableOf(compiler: RouteCompiler, endpoints: Endpoint[], ...upserts: Route[]): CompiledTable {
  return compiler.apply(undefined, change(1, upserts, endpoints));
}

test('endpoints take turns, over all routes of the cluster', () => {
  const table = tableOf(new RouteCompiler(clusterContext(), filterServices()), at(1, 2, 3), to(), to('/also'));
  const [first = 0] = turnsOf(table, 1);
  const following = [turnsOf(table, 1, '/also'), turnsOf(table, 2)].flat();
  assert.deepEqual(
    following,
    [1, 2, 3].map(step => ((first - 1 + step) % 3) + 1),
  );
});

test('a changed route goes on with the endpoints, the turns and the pools of before', () => {
  const compiler = new RouteCompiler(clusterContext(), filterServices());
  const before = tableOf(compiler, at(1, 2), to());
  const [last] = turnsOf(before, 1);
  const states = before.match('', '/web')?.cluster.endpoints;
  const after = compiler.apply(before, change(2, [to('/web', { maxBodySize: 5 })], at(1, 2)));
  assert.deepEqual(after.match('', '/web')?.cluster.endpoints, states);
  for (const [index, state] of (states ?? []).entries()) {
    assert.equal(after.match('', '/web')?.cluster.endpoints[index], state);
  }
  assert.deepEqual(turnsOf(after, 1), [last === 1 ? 2 : 1]);
});

test('an endpoint that stays keeps its state while others come and go', () => {
  const compiler = new RouteCompiler(clusterContext(), filterServices());
  const before = tableOf(compiler, at(1, 2), to());
  const cluster = before.match('', '/web')?.cluster;
  const stays = cluster?.endpoints[1];
  compiler.apply(before, change(2, [to()], at(2, 3)));
  assert.deepEqual(
    cluster?.endpoints.map(({ port }) => port),
    [2, 3],
  );
  assert.equal(cluster?.endpoints[0], stays);
});

test('whichever endpoints come and go, those that stay keep their state, and those that go are retired', () => {
  const ports = fc.uniqueArray(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(fc.array(ports, { minLength: 2, maxLength: 5 }), lists => {
      const compiler = new RouteCompiler(clusterContext(), filterServices());
      let table: CompiledTable | undefined;
      let before: readonly EndpointState[] = [];
      for (const [index, list] of lists.entries()) {
        table = compiler.apply(table, change(index + 1, [to()], at(...list)));
        const now = table.match('', '/web')?.cluster.endpoints ?? [];
        assert.deepEqual(
          now.map(({ port }) => port),
          list,
        );
        for (const state of before) {
          const stays = list.includes(state.port);
          assert.deepEqual([now.includes(state), state.state], [stays, stays ? 'ready' : 'gone']);
        }
        before = now;
      }
    }),
    { numRuns: 500 },
  );
});

test('a second attempt goes to the next endpoint, to the same one where there is no other, and nowhere where there is none', () => {
  const clusterOf = (...ports: number[]) =>
    tableOf(new RouteCompiler(clusterContext(), filterServices()), at(...ports), to()).match('', '/web')?.cluster;
  const [one, two] = at(1, 2);
  assert.equal(clusterOf(1, 2)?.after(two as Endpoint)?.port, 1);
  assert.equal(clusterOf(1, 2)?.after(one as Endpoint)?.port, 2);
  assert.equal(clusterOf(1)?.after(one as Endpoint)?.port, 1);
  assert.equal(clusterOf()?.after(one as Endpoint), undefined);
  assert.equal(clusterOf(3, 4)?.after(one as Endpoint)?.port, 3, 'it has gone meanwhile');
});

test('endpoints change without any change of routes', () => {
  const compiler = new RouteCompiler(clusterContext(), filterServices());
  const before = tableOf(compiler, at(1), to(), to('/also'));
  const routes = [...before.routes()];
  const { endpoints } = change(1, [to()], at(2));
  const none = { upserts: [], removals: [] };
  const after = compiler.apply(before, { version: 1, routes: none, clusters: none, endpoints });
  assert.deepEqual([...after.routes()], routes);
  assert.ok([...after.routes()].every((one, index) => one === routes[index]));
  assert.deepEqual(turnsOf(after, 1, '/also'), [2]);
});

test('an endpoint whose address has changed is asked at its new one', () => {
  const compiler = new RouteCompiler(clusterContext(), filterServices());
  const before = tableOf(compiler, at(1), to());
  const cluster = before.match('', '/web')?.cluster;
  const [state] = cluster?.endpoints ?? [];
  assert.ok(state !== undefined);
  const pool = new UpstreamPool(state);
  pool.users.add(state);
  state.pool = pool;
  const moved = change(2, [to()], at(1));
  const endpoints = moved.endpoints.map(set => ({
    ...set,
    endpoints: set.endpoints.map(endpoint => ({ ...endpoint, address: '10.0.0.2' })),
  }));
  compiler.apply(before, { ...moved, endpoints });
  const [after] = cluster?.endpoints ?? [];
  assert.deepEqual([after?.address, after?.pool], ['10.0.0.2', undefined]);
  assert.equal(pool.isRetired, true, 'connections to the address of before are kept no more');
});

test('a route whose cluster is missing changes nothing', () => {
  const compiler = new RouteCompiler(clusterContext(), filterServices());
  const before = tableOf(compiler, at(1), to());
  const cluster = before.match('', '/web')?.cluster;
  const stray = route('/stray', { cluster: 'missing' });
  const delta = change(2, [to('/new')], at(1), [to()]);
  const broken = { ...delta, routes: { ...delta.routes, upserts: [...delta.routes.upserts, stray] } };
  assert.throws(() => compiler.apply(before, broken), /missing/);
  assert.equal(before.match('', '/web')?.cluster, cluster);
  const after = compiler.apply(before, delta);
  assert.equal(after.match('', '/new')?.cluster, cluster);
});

test('the state of a cluster lasts until the cluster is taken back', () => {
  const compiler = new RouteCompiler(clusterContext(), filterServices());
  const table = tableOf(compiler, at(1), to(), to('/also'));
  const cluster = table.match('', '/web')?.cluster;
  const one = compiler.apply(table, change(2, [], [], [{ host: '', path: '/also' }]));
  const again = compiler.apply(one, change(3, [to()], at(1)));
  assert.equal(again.match('', '/web')?.cluster, cluster);
  const last = change(4, [], [], [{ host: '', path: '/web' }]);
  const none = compiler.apply(again, { ...last, clusters: { upserts: [], removals: [to().cluster] } });
  const back = compiler.apply(none, change(5, [to()], at(1)));
  assert.notEqual(back.match('', '/web')?.cluster, cluster);
});

test("limits are the Service's own, else those of the settings in force", () => {
  const compiled = tableOf(
    new RouteCompiler(clusterContext(), filterServices()),
    at(1),
    to('/web', { readTimeoutMs: 7 }),
  ).match('', '/web');
  assert.deepEqual(compiled?.limits(DEFAULTS), {
    connectTimeoutMs: DEFAULTS.proxyConnectTimeout,
    readTimeoutMs: 7,
    sendTimeoutMs: DEFAULTS.proxySendTimeout,
    maxBodySize: DEFAULTS.clientMaxBodySize,
  });
  assert.equal(compiled?.limits({ ...DEFAULTS, clientMaxBodySize: 9 }).maxBodySize, 9);
});
