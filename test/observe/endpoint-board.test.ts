import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import {
  EJECTED,
  ENDPOINT_SLOTS,
  EndpointBoard,
  type EndpointRow,
  NO_SLOT,
  TRIAL,
  USABLE,
} from '../../src/observe/endpoint-board.ts';
import fc from '../support/property.ts';

function boardOf(workers: number): { board: EndpointBoard; rows: EndpointRow[] } {
  const board = new EndpointBoard(workers);
  return { board, rows: Array.from({ length: workers }, (_, worker) => board.row(worker)) };
}

test('requests in flight are summed over all workers, for each of them and for the main thread', () => {
  const { board, rows } = boardOf(3);
  for (const [worker, row] of rows.entries()) {
    for (let count = 0; count <= worker; count += 1) row.begin(7);
  }
  rows[2]?.end(7);
  assert.equal(board.inFlight(7), 5);
  assert.deepEqual(
    rows.map(row => row.inFlight(7)),
    [5, 5, 5],
  );
  assert.equal(board.inFlight(6), 0);
  assert.equal(board.inFlight(8), 0);
});

test('failures in a row are those of all workers since the last success of any', () => {
  const { board, rows } = boardOf(2);
  const [one, other] = rows as [EndpointRow, EndpointRow];
  assert.equal(one.failed(0), 1);
  assert.equal(other.failed(0), 2);
  assert.equal(one.failed(0), 3);
  assert.equal(board.failuresInARow(0), 3);
  other.succeeded(0, 1);
  assert.equal(board.failuresInARow(0), 0);
  assert.equal(one.failed(0), 1);
  assert.equal(board.failures(0), 4);
  assert.equal(board.successes(0), 1);
});

test('every worker sees the verdict, and a trial is for one request', () => {
  const { board, rows } = boardOf(2);
  const [one, other] = rows as [EndpointRow, EndpointRow];
  assert.equal(one.verdict(4), USABLE);
  board.judge(4, EJECTED);
  assert.equal(one.verdict(4), EJECTED);
  assert.equal(one.takeTrial(4), false);
  board.judge(4, TRIAL);
  assert.equal(other.verdict(4), TRIAL);
  assert.equal(other.takeTrial(4), true);
  assert.equal(one.takeTrial(4), false);
  assert.equal(board.verdict(4), EJECTED);
  assert.equal(board.verdict(5), USABLE);
});

test('of threads that ask at the same time, exactly one gets each trial, and no failure is lost', async () => {
  const workers = 3;
  const slots = 20_000;
  const { board } = boardOf(workers);
  for (let slot = 0; slot < slots; slot += 1) board.judge(slot, TRIAL);
  const file = new URL('./endpoint-worker.ts', import.meta.url);
  const trials = await Promise.all(
    Array.from({ length: workers }, async (_, worker) => {
      const thread = new Worker(file, { workerData: { buffer: board.buffer, worker, slots } });
      const [taken] = (await once(thread, 'message')) as [number];
      return taken;
    }),
  );
  assert.equal(
    trials.reduce((sum, taken) => sum + taken, 0),
    slots,
  );
  for (let slot = 0; slot < slots; slot += 1) {
    assert.equal(board.failuresInARow(slot), workers);
    assert.equal(board.inFlight(slot), workers);
  }
});

test('within a limit, a request begins while all workers together have fewer in flight, and one that does not begin is not counted', () => {
  const { board, rows } = boardOf(2);
  const [one, other] = rows as [EndpointRow, EndpointRow];
  assert.deepEqual(
    [one, other, other, one].map(row => row.beginWithin(5, 3)),
    [true, true, true, false],
  );
  assert.equal(board.inFlight(5), 3);
  other.end(5);
  assert.deepEqual([one.beginWithin(5, 3), other.beginWithin(5, 3)], [true, false]);
  assert.equal(board.inFlight(5), 3);
});

test('no more requests than the limit begin, though many threads begin them at once', async () => {
  const workers = 3;
  const max = 4;
  const board = new EndpointBoard(workers);
  const shared = new SharedArrayBuffer(4);
  const file = new URL('./limited-worker.ts', import.meta.url);
  const most = await Promise.all(
    Array.from({ length: workers }, async (_, worker) => {
      const thread = new Worker(file, { workerData: { buffer: board.buffer, worker, max, times: 50_000, shared } });
      const [seen] = (await once(thread, 'message')) as [number];
      return seen;
    }),
  );
  assert.ok(
    most.every(seen => seen > 0 && seen <= max),
    `${most}`,
  );
  assert.equal(board.inFlight(5), 0);
});

test('the time to the first byte moves towards new times, and is the mean of the workers that know one', () => {
  const { board, rows } = boardOf(3);
  assert.equal(board.firstByteMs(1), undefined);
  rows[0]?.succeeded(1, 8);
  assert.equal(board.firstByteMs(1), 8);
  rows[0]?.succeeded(1, 16);
  assert.equal(board.firstByteMs(1), 9);
  rows[2]?.succeeded(1, 3);
  assert.equal(board.firstByteMs(1), 6);
  assert.deepEqual(
    rows.map(row => row.firstByteMs(1)),
    [9, 0, 3],
    'each worker knows its own',
  );
  rows[1]?.succeeded(2, 0);
  assert.ok((board.firstByteMs(2) ?? 0) > 0);
  rows[1]?.succeeded(3, 2 ** 40);
  assert.ok((board.firstByteMs(3) ?? 0) > 0);
});

test('what a dead worker had in flight is gone; what it counted stays', () => {
  const { board, rows } = boardOf(2);
  for (const row of rows) {
    row.begin(9);
    row.failed(9);
    row.succeeded(9, 5);
  }
  board.clearRow(0);
  assert.equal(board.inFlight(9), 1);
  assert.equal(board.failures(9), 2);
  assert.equal(board.successes(9), 2);
  board.clearRow(1);
  assert.equal(board.inFlight(9), 0);
});

test('a slot that is given to another endpoint knows nothing of the one before; its neighbours stay', () => {
  const { board, rows } = boardOf(2);
  for (const slot of [10, 11, 12]) {
    for (const row of rows) {
      row.begin(slot);
      row.succeeded(slot, 5);
      row.failed(slot);
    }
    board.judge(slot, EJECTED);
  }
  board.clearSlot(11);
  const seen = (slot: number): unknown[] => [
    board.inFlight(slot),
    board.successes(slot),
    board.failures(slot),
    board.failuresInARow(slot),
    board.firstByteMs(slot),
    board.verdict(slot),
  ];
  assert.deepEqual(seen(11), [0, 0, 0, 0, undefined, USABLE]);
  for (const slot of [10, 12]) assert.deepEqual(seen(slot), [2, 2, 2, 1, 5, EJECTED]);
});

test('an endpoint without a slot is always usable, and nothing is counted for it', () => {
  const { board, rows } = boardOf(1);
  const [row] = rows as [EndpointRow];
  row.begin(NO_SLOT);
  row.succeeded(NO_SLOT, 5);
  assert.equal(row.failed(NO_SLOT), 0);
  assert.equal(row.inFlight(NO_SLOT), 0);
  board.judge(NO_SLOT, TRIAL);
  assert.equal(row.takeTrial(NO_SLOT), false);
  assert.equal(row.verdict(NO_SLOT), USABLE);
  assert.equal(row.firstByteMs(NO_SLOT), 0);
  assert.equal(board.verdict(NO_SLOT), USABLE);
  assert.equal(board.inFlight(NO_SLOT), 0);
  assert.equal(board.failures(NO_SLOT), 0);
  assert.equal(board.failuresInARow(NO_SLOT), 0);
  assert.equal(board.firstByteMs(NO_SLOT), undefined);
});

test('totals wrap around, and their differences stay right', () => {
  const { board, rows } = boardOf(2);
  const [row] = rows as [EndpointRow];
  // As after 2³¹ - 2 requests.
  new Int32Array(board.buffer).fill(2 ** 31 - 2, ENDPOINT_SLOTS * 2, ENDPOINT_SLOTS * 2 + 4);
  const before = board.failures(0);
  for (let count = 0; count < 5; count += 1) row.failed(0);
  assert.equal((board.failures(0) - before) | 0, 5);
});

test('a board costs no memory before its slots are used, also when rows are cleared and read', () => {
  const workers = 128;
  const before = process.memoryUsage.rss();
  const { board } = boardOf(workers);
  for (let worker = 0; worker < workers; worker += 1) board.clearRow(worker);
  for (let slot = 0; slot < ENDPOINT_SLOTS; slot += 1000) board.inFlight(slot);
  const grown = process.memoryUsage.rss() - before;
  assert.ok(board.buffer.byteLength > 2 ** 28);
  // 128 rows are 256 MiB of addresses. What else the process does meanwhile takes some.
  assert.ok(grown < 2 ** 26, `${grown} bytes`);
});

test('any requests of any workers are counted as a plain list of them would be', () => {
  const step = fc.record({
    worker: fc.nat(2),
    slot: fc.constantFrom(0, 1, ENDPOINT_SLOTS - 1),
    what: fc.constantFrom('begin', 'end', 'succeeded', 'failed', 'die'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), steps => {
      const { board, rows } = boardOf(3);
      const inFlight = new Map<string, number>();
      const inARow = new Map<number, number>();
      for (const { worker, slot, what } of steps) {
        const [row, key] = [rows[worker] as EndpointRow, `${worker} ${slot}`];
        const open = inFlight.get(key) ?? 0;
        if (what === 'begin') {
          row.begin(slot);
          inFlight.set(key, open + 1);
        } else if (what === 'end' && open > 0) {
          row.end(slot);
          inFlight.set(key, open - 1);
        } else if (what === 'succeeded') {
          row.succeeded(slot, 1);
          inARow.set(slot, 0);
        } else if (what === 'failed') {
          inARow.set(slot, (inARow.get(slot) ?? 0) + 1);
          assert.equal(row.failed(slot), inARow.get(slot));
        } else if (what === 'die') {
          board.clearRow(worker);
          for (const one of [0, 1, ENDPOINT_SLOTS - 1]) inFlight.delete(`${worker} ${one}`);
        }
      }
      for (const slot of [0, 1, ENDPOINT_SLOTS - 1]) {
        const expected = [0, 1, 2].reduce((sum, worker) => sum + (inFlight.get(`${worker} ${slot}`) ?? 0), 0);
        assert.equal(board.inFlight(slot), expected);
        assert.equal(rows[1]?.inFlight(slot), expected);
        assert.equal(board.failuresInARow(slot), inARow.get(slot) ?? 0);
      }
    }),
    { numRuns: 50 },
  );
});
