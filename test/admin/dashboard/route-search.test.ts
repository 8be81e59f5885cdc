import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SortKey } from '../../../src/admin/dashboard/messages.ts';
import { MAX_ROWS, type RouteQuery, RouteSearch } from '../../../src/admin/dashboard/route-search.ts';
import type { GatewayPort } from '../../../src/model/gateway-port.ts';
import { WorkerCounters } from '../../../src/observe/counters.ts';
import { TALLY_SLOTS, Traffic } from '../../../src/observe/tally.ts';
import { RouteTable } from '../../../src/routing/table.ts';
import { gatewayRoute, PORT } from '../../support/gateway-routes.ts';
import { endpointReport } from '../../support/observed-clusters.ts';
import { route, served } from '../../support/routes.ts';

const ALL: RouteQuery = { search: '', sort: 'route', descending: false };

/** @param slow requests among them that took 0.3 to 0.5 seconds */
function traffic(quick: number, slow: number, errors: number): Traffic {
  const counters = new WorkerCounters(new SharedArrayBuffer(64 * 1024));
  for (let count = 0; count < quick + slow; count += 1) {
    const isSlow = count >= quick;
    counters.countRequest(0, count < errors ? 503 : 200, isSlow ? 0.3 + (count % 10) / 50 : 0.0005, Number.NaN);
  }
  const now = new Float64Array(TALLY_SLOTS);
  counters.addTallyTo(now, 0);
  const result = new Traffic(10);
  result.add(undefined, now);
  return result;
}

const TABLE = RouteTable.of([
  route('/b', {
    host: 'x.example',
    service: { namespace: 'shop', name: 'cart' },
    createdAt: '2026-01-03T00:00:00Z',
  }),
  route('/a', { service: { namespace: 'Shop', name: 'search' }, createdAt: '2026-01-01T00:00:00Z' }),
  route('/0', { service: { namespace: 'docs', name: 'web' } }),
]);
const TRAFFIC = new Map([
  [1, traffic(100, 0, 0)],
  [2, traffic(10, 10, 5)],
]);
let samples = 1;
const BLOCKS = new Map([
  ['shop/cart', 1],
  ['Shop/search', 2],
  ['docs/web', 3],
]);
const CLUSTERS = {
  gatewayPorts: (): GatewayPort[] => [],
  cluster: (id: string) => {
    const [key = ''] = id.split(':');
    const [namespace = '', name = ''] = key.split('/');
    return served({ cluster: id, service: { namespace, name } }, { counterBlock: BLOCKS.get(key) ?? 0 });
  },
  reports: {
    outOfUse: (id: string) => (id.startsWith('shop/cart') ? [endpointReport('a', { health: 'ejected' })] : []),
  },
};
const search = new RouteSearch(
  {
    trafficOf: block => TRAFFIC.get(block),
    get samples() {
      return samples;
    },
  },
  CLUSTERS,
);
const paths = (query: Partial<RouteQuery>): string[] =>
  search.find(TABLE, { ...ALL, ...query }).rows.map(({ path }) => path);

test('every word must occur, in any case, in a host, path, Service or endpoint', () => {
  for (const [words, found] of [
    ['', ['/0', '/a', '/b']],
    ['SHOP', ['/a', '/b']],
    ['shop /b', ['/b']],
    ['x.example/b', ['/b']],
    ['docs/web', ['/0']],
    ['127.0.0.1:80', ['/0', '/a', '/b']],
    ['shop docs', []],
    ['.*', []],
  ] as const) {
    assert.deepEqual(paths({ search: words }), found, words);
  }
});

test('each column sorts both ways; what has no figure comes last', () => {
  const orders: Record<SortKey, [ascending: string[], descending: string[]]> = {
    route: [
      ['/0', '/a', '/b'],
      ['/b', '/a', '/0'],
    ],
    service: [
      ['/a', '/0', '/b'],
      ['/b', '/0', '/a'],
    ],
    rate: [
      ['/a', '/b', '/0'],
      ['/b', '/a', '/0'],
    ],
    p50: [
      ['/b', '/a', '/0'],
      ['/a', '/b', '/0'],
    ],
    p99: [
      ['/b', '/a', '/0'],
      ['/a', '/b', '/0'],
    ],
    errors: [
      ['/b', '/a', '/0'],
      ['/a', '/b', '/0'],
    ],
    age: [
      ['/b', '/a', '/0'],
      ['/a', '/b', '/0'],
    ],
  };
  for (const [sort, [ascending, descending]] of Object.entries(orders) as [SortKey, [string[], string[]]][]) {
    assert.deepEqual(paths({ sort }), ascending, `${sort}, ascending`);
    assert.deepEqual(paths({ sort, descending: true }), descending, `${sort}, descending`);
  }
});

test('a row has the figures of its Service', () => {
  const [none, a] = search.find(TABLE, ALL).rows.map(({ figures }) => figures);
  assert.deepEqual([a?.rate, a?.errors], [2, 0.25]);
  assert.ok(Number(a?.p50) <= 0.001 && Number(a?.p99) > 0.25 && Number(a?.p99) <= 0.5);
  assert.deepEqual(none, { rate: 0, p50: null, p99: null, errors: null });
});

test('a Service with several routes shows its figures once, in the first of its rows', () => {
  const shop = { service: { namespace: 'shop', name: 'cart' } };
  const table = RouteTable.of([route('/x', shop), route('/y'), route('/z', shop)], 2);
  for (const [descending, order] of [
    [false, ['/x', '/y', '/z']],
    [true, ['/z', '/y', '/x']],
  ] as const) {
    const { rows } = search.find(table, { ...ALL, descending });
    assert.deepEqual(
      rows.map(({ path }) => path),
      order,
    );
    assert.deepEqual(
      rows.map(({ figures }) => figures?.rate),
      [10, 0, undefined],
    );
    assert.deepEqual(
      rows.map(({ siblings }) => siblings),
      [1, 0, 1],
    );
  }
});

test('endpoints that get no requests are marked in the rows of their Service alone', () => {
  const rows = search.find(TABLE, ALL).rows.map(({ path, outOfUse }) => [path, outOfUse]);
  assert.deepEqual(
    rows.filter(([, outOfUse]) => outOfUse?.length !== 0),
    [['/b', ['10.0.0.1:80 ejected']]],
  );
});

test('an order by figures is made anew with each sample, and only then', () => {
  const asked: number[] = [];
  const counting = new RouteSearch(
    {
      trafficOf: block => {
        asked.push(block);
        return TRAFFIC.get(block);
      },
      get samples() {
        return samples;
      },
    },
    CLUSTERS,
  );
  const query: RouteQuery = { search: 'nothing fits', sort: 'p99', descending: true };
  for (let count = 0; count < 5; count += 1) counting.find(TABLE, query);
  assert.equal(asked.length, 3, 'once for each route');
  samples += 1;
  counting.find(TABLE, query);
  assert.equal(asked.length, 6);
});

test('of ten thousand routes a page has the first, and says how many there are', () => {
  const many = RouteTable.of(Array.from({ length: 10_000 }, (_, index) => route(`/r${index}`)));
  const page = search.find(many, { ...ALL, search: '/r1' });
  assert.deepEqual([page.total, page.matched, page.rows.length], [10_000, 1_111, MAX_ROWS]);
  assert.equal(search.find(TABLE, ALL).total, 3, 'another table is looked at anew');
});

test('a route of a Gateway or an Ingress is found by the kind and the name of its object, which its row shows', () => {
  const object = { kind: 'HTTPRoute', namespace: 'shop', name: 'front' } as const;
  const own = { namespace: 'shop', name: 'cart' };
  const table = RouteTable.of([
    route('/own', { service: own }),
    { ...route('/web', { service: own }), gateway: { object, rule: '0' } },
    { ...route('/old', { service: own }), ingress: { ingress: { namespace: 'shop', name: 'legacy' } } },
  ]);
  const rows = (words: string) => search.find(table, { ...ALL, search: words }).rows.map(row => [row.path, row.object]);
  assert.deepEqual(rows('httproute front'), [['/web', 'HTTPRoute shop/front']]);
  assert.deepEqual(rows('ingress'), [['/old', 'Ingress shop/legacy']]);
  assert.deepEqual(rows('/own'), [['/own', undefined]]);
});

test('a route of a Gateway says where a question about it has to be asked', () => {
  const listeners = [{ name: 'infra/public/http', hostname: '', serves: 'http', certificates: [] }] as const;
  const port: GatewayPort = {
    ...{ id: PORT, listen: { host: '127.0.0.1', port: 10_080 }, publicPort: 80, transport: 'plain', listeners },
  };
  const recent = { trafficOf: () => undefined, samples: 1 };
  const of = new RouteSearch(recent, { ...CLUSTERS, gatewayPorts: () => [port] });
  const { rows } = of.find(RouteTable.of([gatewayRoute('a', '/a'), route('/b')]), ALL);
  assert.deepEqual(
    rows.map(({ at }) => at),
    [{ gateway: 'infra/public', port: 80 }, undefined],
  );
});
