import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClusterRegistry } from '../../src/control/catalog/cluster-registry.ts';
import { type Route, serviceKey } from '../../src/model/route.ts';
import { CounterBoard, RESTING_BLOCKS } from '../../src/observe/counter-board.ts';
import { MAX_BLOCKS, NO_ROUTE_BLOCK } from '../../src/observe/counters.ts';
import { EndpointBoard } from '../../src/observe/endpoint-board.ts';
import { RouteTable } from '../../src/routing/table.ts';
import { EndpointSlots } from '../../src/workers/endpoint-slots.ts';
import { InForce } from '../../src/workers/in-force.ts';
import fc from '../support/property.ts';
import { clusterOf, route } from '../support/routes.ts';

/** A state that changes as the fleet's does. */
class Published {
  readonly board = new CounterBoard();
  readonly #registry = new ClusterRegistry();
  readonly #state = new InForce(this.board, new EndpointSlots(new EndpointBoard(1)));

  get table(): RouteTable {
    return this.#state.table ?? RouteTable.EMPTY;
  }

  change(upserts: readonly Route[], removals: readonly Route[] = []): void {
    const version = this.table.version + 1;
    for (const one of upserts) this.#registry.set(clusterOf(one), []);
    const gone = [...upserts, ...removals].flatMap(place => this.table.get(place) ?? []);
    this.#state.apply({ version, routes: { upserts, removals }, ...this.#registry.commit(upserts, gone) }, version);
  }

  blockOf({ cluster }: Route): number | undefined {
    return this.#state.cluster(cluster)?.counterBlock;
  }

  blockAt(path: string): number | undefined {
    const leading = this.table.get({ host: '', path });
    return leading && this.blockOf(leading);
  }

  /** Services with a block of their own, in order. */
  owners(): string[] {
    return [...this.board.blocks()]
      .filter(({ block }) => block !== NO_ROUTE_BLOCK && block !== MAX_BLOCKS - 1)
      .map(({ service }) => serviceKey(service))
      .sort();
  }
}

function of(name: string, path: string): Route {
  return route(path, { service: { namespace: 'default', name } });
}

test('routes of one Service share a block, which no other Service has', () => {
  const published = new Published();
  published.change([of('a', '/a'), of('b', '/b'), of('a', '/a/2')]);
  assert.equal(published.blockAt('/a'), published.blockAt('/a/2'));
  assert.notEqual(published.blockAt('/a'), published.blockAt('/b'));
  assert.notEqual(published.blockAt('/a'), NO_ROUTE_BLOCK);
});

test('a block is given back with the last route of its Service, not before', () => {
  const published = new Published();
  const [first, second] = [of('a', '/a'), of('a', '/b')];
  published.change([first, second]);
  published.change([], [first]);
  assert.deepEqual(published.owners(), ['default/a']);
  published.change([], [second]);
  assert.deepEqual(published.owners(), []);
});

test('a route that is edited keeps its block and its counts', () => {
  const published = new Published();
  const region = published.board.addRegion();
  published.change([of('a', '/a')]);
  const block = published.blockAt('/a') ?? 0;
  region.countRequest(block, 200, 0.1, 0.1);
  published.change([{ ...of('a', '/a'), stripPrefix: false }]);
  assert.equal(published.blockAt('/a'), block);
  published.change([of('a', '/moved')], [of('a', '/a')]);
  assert.equal(published.blockAt('/moved'), block);
  assert.equal(published.board.totalsOf(block).requestsByCode().get(200), 1);
});

test('a path that passes to another Service passes to its block', () => {
  const published = new Published();
  published.change([of('a', '/shared'), of('b', '/b')]);
  published.change([of('b', '/shared')]);
  assert.equal(published.blockAt('/shared'), published.blockAt('/b'));
  assert.deepEqual(published.owners(), ['default/b']);
});

test('more Services than there are blocks may come and go, and no count passes from one to another', () => {
  const published = new Published();
  const region = published.board.addRegion();
  let last: Route | undefined;
  for (let index = 0; index < MAX_BLOCKS + 100; index += 1) {
    const next = of(`s${index}`, '/only');
    published.change([next]);
    const block = published.blockAt('/only') ?? 0;
    if (block === MAX_BLOCKS - 1) assert.fail(`service ${index} got no block of its own`);
    const codes = published.board.totalsOf(block).requestsByCode();
    if (codes.size > 0) assert.fail(`service ${index} begins with counts`);
    region.countRequest(block, 200, 0.1, Number.NaN);
    last = next;
  }
  assert.deepEqual(published.owners(), [serviceKey(last?.service ?? { namespace: '', name: '' })]);
});

test('Services that come and go for long use the blocks of those before them, and of none that just went', () => {
  const published = new Published();
  const lately: (number | undefined)[] = [];
  for (let index = 0; index < 3 * RESTING_BLOCKS; index += 1) {
    published.change([of(`s${index}`, '/only')]);
    const block = published.blockAt('/only') ?? 0;
    if (block > RESTING_BLOCKS + 2) assert.fail(`service ${index} got block ${block}`);
    lately.push(block);
  }
  assert.equal(new Set(lately.slice(-RESTING_BLOCKS)).size, RESTING_BLOCKS);
});

test('whatever changes, exactly the Services with routes have a block, each its own', () => {
  const paths = ['/', '/a', '/a/b', '/c', '/d'];
  const edit = fc.record({
    path: fc.constantFrom(...paths),
    service: fc.option(fc.constantFrom('s1', 's2', 's3', 's4'), { nil: undefined }),
  });
  const change = fc.uniqueArray(edit, { selector: ({ path }) => path, maxLength: paths.length });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 12 }), changes => {
      const published = new Published();
      for (const edits of changes) {
        const upserts = edits.flatMap(({ path, service }) => (service === undefined ? [] : [of(service, path)]));
        const removals = edits.flatMap(({ path, service }) => (service === undefined ? [of('', path)] : []));
        published.change(upserts, removals);
        const byService = Map.groupBy(published.table.routes(), ({ service }) => serviceKey(service));
        assert.deepEqual(published.owners(), [...byService.keys()].sort());
        const blocks = [...byService.values()].map(routes => new Set(routes.map(one => published.blockOf(one))));
        assert.ok(blocks.every(({ size }) => size === 1));
        assert.equal(new Set(blocks.flatMap(set => [...set])).size, blocks.length);
      }
    }),
  );
});
