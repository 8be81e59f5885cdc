import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CompiledTable, RouteCompiler } from '../../../src/dataplane/route-compiler.ts';
import type { Endpoint, Route } from '../../../src/model/route.ts';
import { DEFAULTS } from '../../../src/settings/schema.ts';
import { route } from '../../support/routes.ts';

const at = (...ports: number[]): Endpoint[] => ports.map(port => ({ address: '10.0.0.1', port }));

/** A route of the Service `shop/web`. */
function to(endpoints: Endpoint[], path = '/web', overrides: Route['overrides'] = {}): Route {
  const service = { namespace: 'shop', name: 'web' };
  return { ...route(path, { backend: { name: 'shop-web-80', endpoints } }), service, overrides };
}

function turnsOf(table: CompiledTable, count: number, path = '/web'): (number | undefined)[] {
  return Array.from({ length: count }, () => table.match('', path)?.cluster.next()?.port);
}

function tableOf(compiler: RouteCompiler, ...upserts: Route[]): CompiledTable {
  return compiler.apply(undefined, { version: 1, upserts, removals: [] });
}

test('endpoints take turns, over all routes of the cluster', () => {
  const table = tableOf(new RouteCompiler(), to(at(1, 2, 3)), to(at(1, 2, 3), '/also'));
  const [first = 0] = turnsOf(table, 1);
  const following = [turnsOf(table, 1, '/also'), turnsOf(table, 2)].flat();
  assert.deepEqual(
    following,
    [1, 2, 3].map(step => ((first - 1 + step) % 3) + 1),
  );
});

test('a changed route goes on with the endpoints, the turns and the pools of before', () => {
  const compiler = new RouteCompiler();
  const before = tableOf(compiler, to(at(1, 2)));
  const [last] = turnsOf(before, 1);
  const states = before.match('', '/web')?.cluster.endpoints;
  const after = compiler.apply(before, {
    version: 2,
    upserts: [to(at(1, 2), '/web', { maxBodySize: 5 })],
    removals: [],
  });
  assert.equal(after.match('', '/web')?.cluster.endpoints, states);
  assert.deepEqual(turnsOf(after, 1), [last === 1 ? 2 : 1]);
});

test('an endpoint that stays keeps its state while others come and go', () => {
  const compiler = new RouteCompiler();
  const before = tableOf(compiler, to(at(1, 2)));
  const cluster = before.match('', '/web')?.cluster;
  const stays = cluster?.endpoints[1];
  compiler.apply(before, { version: 2, upserts: [to(at(2, 3))], removals: [] });
  assert.deepEqual(
    cluster?.endpoints.map(({ port }) => port),
    [2, 3],
  );
  assert.equal(cluster?.endpoints[0], stays);
});

test('a second attempt goes to the next endpoint, to the same one where there is no other, and nowhere where there is none', () => {
  const clusterOf = (...ports: number[]) => tableOf(new RouteCompiler(), to(at(...ports))).match('', '/web')?.cluster;
  const [one, two] = at(1, 2);
  assert.equal(clusterOf(1, 2)?.after(two as Endpoint)?.port, 1);
  assert.equal(clusterOf(1, 2)?.after(one as Endpoint)?.port, 2);
  assert.equal(clusterOf(1)?.after(one as Endpoint)?.port, 1);
  assert.equal(clusterOf()?.after(one as Endpoint), undefined);
  assert.equal(clusterOf(3, 4)?.after(one as Endpoint)?.port, 3, 'it has gone meanwhile');
});

test('Services whose backends have the same name do not share endpoints', () => {
  const named = (namespace: string, name: string, port: number): Route => ({
    ...route(`/${name}`, { backend: { name: 'a-b-c-80', endpoints: at(port) } }),
    service: { namespace, name },
  });
  const table = tableOf(new RouteCompiler(), named('a', 'b-c', 1), named('a-b', 'c', 2));
  assert.deepEqual([turnsOf(table, 1, '/b-c'), turnsOf(table, 1, '/c')], [[1], [2]]);
});

test('a cluster is forgotten with its last route', () => {
  const compiler = new RouteCompiler();
  const table = tableOf(compiler, to(at(1)), to(at(1), '/also'));
  const cluster = table.match('', '/web')?.cluster;
  const one = compiler.apply(table, { version: 2, upserts: [], removals: [{ host: '', path: '/also' }] });
  const again = compiler.apply(one, { version: 3, upserts: [to(at(1))], removals: [] });
  assert.equal(again.match('', '/web')?.cluster, cluster);
  const none = compiler.apply(again, { version: 4, upserts: [], removals: [{ host: '', path: '/web' }] });
  const back = compiler.apply(none, { version: 5, upserts: [to(at(1))], removals: [] });
  assert.notEqual(back.match('', '/web')?.cluster, cluster);
});

test("limits are the Service's own, else those of the settings in force", () => {
  const compiled = tableOf(new RouteCompiler(), to(at(1), '/web', { readTimeoutMs: 7 })).match('', '/web');
  assert.deepEqual(compiled?.limits(DEFAULTS), {
    connectTimeoutMs: DEFAULTS.proxyConnectTimeout,
    readTimeoutMs: 7,
    sendTimeoutMs: DEFAULTS.proxySendTimeout,
    maxBodySize: DEFAULTS.clientMaxBodySize,
  });
  assert.equal(compiled?.limits({ ...DEFAULTS, clientMaxBodySize: 9 }).maxBodySize, 9);
});
