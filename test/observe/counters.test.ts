import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { CounterBoard } from '../../src/observe/counter-board.ts';
import { BUCKETS, COUNTERS, MAX_BLOCKS, NO_ROUTE_BLOCK, WorkerCounters } from '../../src/observe/counters.ts';
import fc from '../support/property.ts';

const SERVICE = { namespace: 'ns', name: 'svc' };

test('counters of all regions are added up, and none runs into another', () => {
  const board = new CounterBoard();
  const regions = [board.addRegion(), board.addRegion(), board.addRegion()];
  const block = board.blockOf(SERVICE);
  for (const [worker, region] of regions.entries()) {
    for (const [index, name] of COUNTERS.entries()) region.add(name, (index + 1) * 10 ** worker);
    region.countRequest(NO_ROUTE_BLOCK, 404, 1, Number.NaN);
    region.countRequest(block, 200, 1, 1);
  }
  for (const [index, name] of COUNTERS.entries()) assert.equal(board.sum(name), (index + 1) * 111, name);
  assert.deepEqual([...board.totalsOf(NO_ROUTE_BLOCK).requestsByCode()], [[404, 3]]);
  assert.deepEqual([...board.totalsOf(block).requestsByCode()], [[200, 3]]);
});

test('what worker threads count arrives whole', async () => {
  const board = new CounterBoard();
  const block = board.blockOf(SERVICE);
  const times = 50_000;
  const workers = [1, 2].map(() => {
    const { buffer } = board.addRegion();
    return new Worker(new URL('./counting-worker.ts', import.meta.url), { workerData: { buffer, block, times } });
  });
  await Promise.all(workers.map(worker => once(worker, 'exit')));
  assert.equal(board.sum('requests'), 2 * times);
  const totals = board.totalsOf(block);
  assert.equal(totals.requestsByCode().get(200), 2 * times);
  assert.ok(Math.abs(totals.requestSeconds().sum - 2 * times * 0.002) < 1e-6);
});

test('a view of the same memory sees the same counts', () => {
  const writer = new WorkerCounters();
  const reader = new WorkerCounters(writer.buffer);
  writer.add('responseBytes', 123);
  assert.equal(reader.get('responseBytes'), 123);
});

test("a dead worker's gauges are forgotten, its totals stay, and its heir counts on", () => {
  const board = new CounterBoard();
  const [dead, other] = [board.addRegion(), board.addRegion()];
  for (const region of [dead, other]) for (const name of COUNTERS) region.add(name, 5);
  dead.clearGauges();
  const connections = ['active', 'reading', 'writing', 'waiting', 'tlsHandshaking'];
  const gauges = [...connections, 'upstreamIdle', 'upstreamBusy', 'upstreamPending'];
  for (const name of COUNTERS) assert.equal(board.sum(name), gauges.includes(name) ? 5 : 10, name);
  const heir = new WorkerCounters(dead.buffer);
  heir.add('accepted', 1);
  heir.add('active', 1);
  assert.equal(board.sum('accepted'), 11);
  assert.equal(board.sum('active'), 6);
});

test('a histogram holds an observation in the bucket whose bound it does not pass', () => {
  const board = new CounterBoard();
  const region = board.addRegion();
  for (const bound of BUCKETS) region.countRequest(1, 200, bound, Number.NaN);
  region.countRequest(1, 200, 0, Number.NaN);
  region.countRequest(1, 200, 61, Number.NaN);
  const { buckets, sum } = board.totalsOf(1).requestSeconds();
  assert.deepEqual([...buckets], [2, ...BUCKETS.slice(1).map(() => 1), 1]);
  assert.ok(Math.abs(sum - BUCKETS.reduce((a, b) => a + b, 61)) < 1e-9);
});

test('a request that asked no upstream is not among the upstream times', () => {
  const region = new WorkerCounters();
  const board = new CounterBoard();
  const counted = board.addRegion();
  counted.countRequest(1, 404, 0.5, Number.NaN);
  counted.countRequest(1, 200, 0.5, 0);
  const totals = board.totalsOf(1);
  assert.equal(
    totals.upstreamSeconds().buckets.reduce((a, b) => a + b),
    1,
  );
  assert.equal(
    totals.requestSeconds().buckets.reduce((a, b) => a + b),
    2,
  );
  assert.equal(region.get('requests'), 0);
});

test('any requests in any regions are counted as a plain list of them would be', () => {
  const request = fc.record({
    region: fc.nat(2),
    block: fc.nat(3),
    status: fc.oneof(fc.constantFrom(200, 404, 499, 502), fc.integer({ min: 100, max: 1200 })),
    seconds: fc.double({ min: 0, max: 120, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(request), requests => {
      const board = new CounterBoard();
      const regions = [board.addRegion(), board.addRegion(), board.addRegion()];
      for (const { region, block, status, seconds } of requests) {
        regions[region]?.countRequest(block, status, seconds, Number.NaN);
      }
      for (let block = 0; block < 4; block += 1) {
        const own = requests.filter(one => one.block === block);
        const totals = board.totalsOf(block);
        for (const code of [200, 404, 499, 502]) {
          const expected = own.filter(one => one.status === code).length;
          assert.equal(totals.requestsByCode().get(code) ?? 0, expected);
        }
        const all = [...totals.requestsByCode().values()].reduce((a, b) => a + b, 0);
        assert.equal(all, own.length);
        let cumulative = 0;
        for (const [index, bound] of BUCKETS.entries()) {
          cumulative += totals.requestSeconds().buckets[index] ?? 0;
          assert.equal(cumulative, own.filter(one => one.seconds <= bound).length);
        }
      }
    }),
    { numRuns: 50 },
  );
});

test('status codes without a slot of their own share one', () => {
  const board = new CounterBoard();
  const region = board.addRegion();
  for (const status of [299, 599, 999, 1000, 0, Number.NaN]) region.countRequest(1, status, 0, Number.NaN);
  assert.deepEqual([...board.totalsOf(1).requestsByCode()], [[0, 6]]);
});

test('a Service keeps its block until it is released, and no two share one', () => {
  const board = new CounterBoard();
  const blocks = Array.from({ length: 100 }, (_, index) => board.blockOf({ namespace: 'ns', name: `s${index}` }));
  assert.equal(new Set(blocks).size, 100);
  assert.ok(!blocks.includes(NO_ROUTE_BLOCK));
  assert.equal(board.blockOf({ namespace: 'ns', name: 's7' }), blocks[7]);
  assert.deepEqual(
    [...board.blocks()].map(({ service, block }) => [service.namespace, service.name, block]).slice(0, 3),
    [
      ['', '', NO_ROUTE_BLOCK],
      ['ns', 's0', blocks[0]],
      ['ns', 's1', blocks[1]],
    ],
  );
});

test('a released Service has no block, and one that comes back begins at zero', () => {
  const board = new CounterBoard();
  const region = board.addRegion();
  const block = board.blockOf(SERVICE);
  region.countRequest(block, 200, 1, 1);
  board.release(SERVICE);
  board.release(SERVICE);
  assert.deepEqual([...board.blocks()].length, 1);
  const again = board.blockOf(SERVICE);
  assert.deepEqual([...board.totalsOf(again).requestsByCode()], []);
});

test('blocks are used again, cleared, when all have been used, the longest free first; then Services share', () => {
  const board = new CounterBoard();
  const regions = [board.addRegion(), board.addRegion()];
  const name = (index: number) => ({ namespace: 'ns', name: `s${index}` });
  const last = MAX_BLOCKS - 1;
  for (let index = 1; index < last; index += 1) assert.equal(board.blockOf(name(index)), index);
  for (const region of regions) region.countRequest(5, 200, 1, 1);
  board.release(name(5));
  board.release(name(3));

  assert.equal(board.blockOf({ namespace: 'new', name: 'a' }), 5);
  assert.deepEqual([...board.totalsOf(5).requestsByCode()], []);
  assert.equal(board.totalsOf(5).requestSeconds().sum, 0);
  assert.equal(board.totalsOf(5).upstreamSeconds().sum, 0);
  assert.equal(board.blockOf({ namespace: 'new', name: 'b' }), 3);

  assert.equal(board.blockOf({ namespace: 'new', name: 'c' }), last);
  assert.equal(board.blockOf({ namespace: 'new', name: 'd' }), last);
  regions[0]?.countRequest(last, 200, 1, 1);
  const shared = [...board.blocks()].filter(({ block }) => block === last);
  assert.deepEqual(shared, [{ service: { namespace: '', name: 'other' }, block: last }]);
  board.release({ namespace: 'new', name: 'c' });
  assert.deepEqual([...board.totalsOf(last).requestsByCode()], [[200, 1]]);
});
