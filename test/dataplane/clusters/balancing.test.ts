import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Balancing } from '../../../src/dataplane/clusters/balancing.ts';
import { EndpointState } from '../../../src/dataplane/clusters/endpoint-state.ts';
import type { Cluster } from '../../../src/model/cluster.ts';
import { EJECTED, EndpointBoard, NO_SLOT, TRIAL, USABLE } from '../../../src/observe/endpoint-board.ts';
import { seededRandom } from '../../../src/seeded-random.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { clusterContext } from '../../support/routes.ts';
import { request } from './balancers/endpoints.ts';

const CLUSTER_SLOT = 1_000;

interface Scene {
  readonly board: EndpointBoard;
  readonly clock: FakeClock;
  /** Of the first worker. */
  readonly balancing: Balancing;
  /** Of the second worker. */
  readonly other: Balancing;
  readonly endpoints: readonly EndpointState[];
  /** How often each endpoint is picked, none of the picks ending, by the last number of its id. */
  picks(count: number, tried?: readonly EndpointState[]): Record<string, number>;
}

function scene(count: number, fields: Partial<Cluster> = {}, since = Number.NEGATIVE_INFINITY): Scene {
  const board = new EndpointBoard(2);
  const clock = new FakeClock();
  const cluster: Cluster = {
    id: 'shop/web:80',
    name: 'shop-web-80',
    service: { namespace: 'shop', name: 'web' },
    balance: { policy: 'least-request' },
    maxRequests: 0,
    slowStartMs: 0,
    ...fields,
  };
  const endpoints = Array.from({ length: count }, (_, slot) => {
    const endpoint = { id: `${slot}`, address: `10.0.0.${slot}`, port: 80, weight: 1, state: 'ready' } as const;
    return new EndpointState(endpoint, slot, cluster.id, since);
  });
  const [balancing, other] = [0, 1].map(worker => {
    const context = clusterContext({ clock, random: seededRandom(worker), row: board.row(worker) });
    const made = new Balancing(cluster, CLUSTER_SLOT, context);
    made.changed(endpoints);
    return made;
  }) as [Balancing, Balancing];
  const picks = (times: number, tried: readonly EndpointState[] = []): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (let turn = 0; turn < times; turn += 1) {
      const id = balancing.pick(request(), tried)?.id ?? 'none';
      counts[id] = (counts[id] ?? 0) + 1;
    }
    return counts;
  };
  return { board, clock, balancing, other, endpoints, picks };
}

const POLICIES: readonly Cluster['balance'][] = [
  { policy: 'least-request' },
  { policy: 'round-robin' },
  { policy: 'ewma' },
  { policy: 'hash', key: { from: 'client-ip' } },
];

test('a request is in flight from its pick to its end, in the sum of all workers', () => {
  const { balancing, other, board, endpoints } = scene(1);
  const [endpoint] = endpoints as [EndpointState];
  balancing.pick(request(), []);
  other.pick(request(), []);
  assert.equal(board.inFlight(0), 2);
  balancing.end(endpoint);
  other.end(endpoint);
  assert.equal(board.inFlight(0), 0);
});

test('a worker sees what the other has in flight', () => {
  const { balancing, other, endpoints } = scene(2);
  for (let count = 0; count < 20; count += 1) other.begin(endpoints[0] as EndpointState);
  for (let count = 0; count < 20; count += 1) assert.equal(balancing.pick(request(), [])?.id, '1');
});

for (const balance of POLICIES) {
  const { policy } = balance;

  test(`${policy}: an ejected endpoint gets nothing`, () => {
    const { board, picks } = scene(3, { balance });
    board.judge(1, EJECTED);
    assert.equal(picks(300)['1'], undefined);
    board.judge(1, USABLE);
    assert.ok(picks(300)['1']);
  });

  test(`${policy}: ejected endpoints are used where no other is left`, () => {
    const { board, picks, endpoints } = scene(2, { balance });
    board.judge(0, EJECTED);
    assert.deepEqual(picks(5, [endpoints[1] as EndpointState]), { 0: 5 });
    board.judge(1, EJECTED);
    assert.equal(picks(100).none, undefined);
  });

  test(`${policy}: one request gets the trial, whatever the balancer says of the endpoint`, () => {
    const { board, picks, balancing, endpoints } = scene(3, { balance });
    for (let count = 0; count < 100; count += 1) balancing.judge(endpoints[1] as EndpointState, 'timeout', 60_000);
    board.judge(1, TRIAL);
    assert.equal(picks(300)['1'], 1);
    assert.equal(board.verdict(1), EJECTED);
  });

  test(`${policy}: endpoints that were tried are not picked, and none where all were`, () => {
    const { picks, endpoints } = scene(6, { balance });
    const tried = endpoints.slice(0, 5);
    assert.deepEqual(picks(100, tried), { 5: 100 });
    assert.deepEqual(picks(1, endpoints), { none: 1 });
  });

  test(`${policy}: after a failed connect, others are asked first for a second`, () => {
    const { picks, balancing, clock, endpoints } = scene(3, { balance });
    balancing.judge(endpoints[1] as EndpointState, 'connect', 1);
    assert.equal(picks(100)['1'], undefined);
    assert.deepEqual(picks(1, [endpoints[0], endpoints[2]] as EndpointState[]), { 1: 1 }, 'no other is left');
    clock.advance(1_000);
    // By ewma it is a slow one for now.
    if (policy !== 'ewma') assert.ok(picks(300)['1']);
  });

  test(`${policy}: an endpoint that refused is tried by one request a second, until it answers one`, () => {
    const { balancing, clock, endpoints } = scene(2, { balance });
    const [refusing, other] = endpoints as [EndpointState, EndpointState];
    /** Of requests that end at once. */
    const turns = (tried: readonly EndpointState[] = []): number => {
      let count = 0;
      for (let turn = 0; turn < 300; turn += 1) {
        const endpoint = balancing.pick(request({ clientIp: `10.0.0.${turn}` }), tried);
        if (endpoint === refusing) count += 1;
        if (endpoint !== undefined) balancing.end(endpoint);
      }
      return count;
    };
    balancing.judge(refusing, 'connect', 1);
    clock.advance(1_000);
    assert.equal(turns(), 1);
    assert.equal(turns(), 0);
    assert.equal(turns([other]), 300, 'where no other is left, it is asked');
    clock.advance(1_000);
    balancing.judge(refusing, 'ok', 2_000.5);
    assert.ok(turns() <= 1, 'an answer to a request from before the refusal says nothing');
    balancing.judge(refusing, 'ok', 0);
    // By ewma it is a slow one for now.
    if (policy !== 'ewma') assert.ok(turns() > 100);
    assert.equal(refusing.isSuspect, false);
  });

  test(`${policy}: a retry goes to no endpoint that refused and has not answered since, while another is left`, () => {
    const { balancing, clock, picks, endpoints } = scene(6, { balance });
    for (const index of [1, 2, 3]) balancing.judge(endpoints[index] as EndpointState, 'connect', 1);
    clock.advance(60_000);
    const turns = picks(300, [endpoints[0] as EndpointState]);
    assert.deepEqual([turns['1'], turns['2'], turns['3'], turns.none], [undefined, undefined, undefined, undefined]);
  });

  test(`${policy}: a retry goes to no endpoint whose last request has failed in whichever worker, while another is left`, () => {
    const { picks, other, endpoints } = scene(6, { balance });
    const [first, ...others] = endpoints as [EndpointState, ...EndpointState[]];
    for (const endpoint of others.slice(0, 3)) other.judge(endpoint, 'reset', 1);
    const turns = picks(300, [first]);
    assert.deepEqual([turns['1'], turns['2'], turns['3'], turns.none], [undefined, undefined, undefined, undefined]);
    const tried = [first, ...others.slice(3)];
    assert.equal(picks(300, tried).none, undefined, 'where no other is left, they are asked');
    other.judge(others[0] as EndpointState, 'ok', 1);
    assert.deepEqual(picks(100, tried), { 1: 100 });
  });

  test(`${policy}: after an endpoint closed a kept connection, others are asked first for a second, unless a key leads to it`, () => {
    const { picks, clock, endpoints, balancing } = scene(3, { balance });
    (endpoints[1] as EndpointState).closedKept(clock.monotonic());
    assert.equal('1' in picks(300), policy === 'hash');
    assert.equal(
      balancing.pick(request(), [endpoints[0], endpoints[2]] as EndpointState[])?.id,
      '1',
      'where no other is left',
    );
    clock.advance(1_000);
    assert.equal('1' in picks(300), true);
  });

  test(`${policy}: no endpoint has more in flight than it may, over all workers`, () => {
    const { board, picks, other, balancing } = scene(3, { balance, maxRequests: 4 });
    for (let count = 0; count < 6; count += 1) other.pick(request(), []);
    assert.deepEqual(picks(10).none, 4);
    for (const slot of [0, 1, 2]) assert.equal(board.inFlight(slot), 4);
    assert.equal(balancing.isFull, true);
  });

  test(`${policy}: a new endpoint takes a tenth of its share, and all of it after the window`, () => {
    const { picks, clock, balancing, endpoints } = scene(5, { balance, slowStartMs: 30_000 });
    const fresh = new EndpointState(
      { ...(endpoints[4] as EndpointState), id: 'fresh', state: 'ready' },
      NO_SLOT,
      '',
      0,
    );
    balancing.changed([...endpoints.slice(0, 4), fresh]);
    // An endpoint without a slot has nothing in flight, and so it would draw all.
    const early = picks(1_000).fresh ?? 0;
    clock.advance(30_000);
    const late = picks(1_000).fresh ?? 0;
    assert.ok(late > 2 * early, `${early} and ${late}`);
  });
}

test('a place that another worker takes between the choice and the begin is taken once', () => {
  const { board, clock, balancing } = scene(2, { balance: { policy: 'ewma' }, maxRequests: 1 });
  const other = board.row(1);
  let isTaken = false;
  // Both have been found to have room when their costs are compared, for which the clock is asked.
  clock.monotonic = () => {
    if (!isTaken) for (const slot of [0, 1]) other.begin(slot);
    isTaken = true;
    return 0;
  };
  assert.equal(balancing.pick(request(), []), undefined);
  assert.deepEqual([board.inFlight(0), board.inFlight(1), isTaken], [1, 1, true]);
});

test('where all endpoints are new, none of them is held back', () => {
  const { picks } = scene(3, { slowStartMs: 30_000 }, 0);
  assert.equal(picks(1_000).none, undefined);
});

test('what an attempt says of its endpoint is counted for all workers; a client that left says nothing', () => {
  const { board, balancing, other, endpoints } = scene(1);
  const [endpoint] = endpoints as [EndpointState];
  balancing.judge(endpoint, 'connect', 1);
  other.judge(endpoint, 'status', 1);
  balancing.judge(endpoint, 'reset', 1);
  other.judge(endpoint, 'timeout', 60_000);
  balancing.judge(endpoint, 'cancelled', 1);
  assert.deepEqual([board.failuresInARow(0), board.failures(0), board.successes(0)], [4, 4, 0]);
  other.judge(endpoint, 'ok', 12);
  assert.deepEqual([board.failuresInARow(0), board.successes(0), board.firstByteMs(0)], [0, 1, 12]);
});

test('three retries are always allowed, and more of them up to a fifth of the requests in flight, over all workers', () => {
  const { balancing, other, endpoints } = scene(2);
  /** Begins retries in both workers, as long as they may be begun. @returns how many */
  const begun = (): number => {
    for (let count = 0; ; count += 1) {
      const worker = count % 2 === 0 ? balancing : other;
      if (!worker.mayRetry) return count;
      worker.beginRetry();
    }
  };
  assert.equal(begun(), 3);
  for (let count = 0; count < 24; count += 1) other.begin(endpoints[count % 2] as EndpointState);
  assert.equal(begun(), 2);
  balancing.endRetry(CLUSTER_SLOT);
  assert.equal(begun(), 1);
});

test('a request without the key that is hashed goes where the fewest requests are, as with least-request', () => {
  for (const subset of [undefined, 2]) {
    const { other, endpoints, picks } = scene(3, {
      balance: { policy: 'hash', key: { from: 'client-ip' }, ...(subset && { subset }) },
    });
    for (let count = 0; count < 6; count += 1) other.begin(endpoints[count % 2] as EndpointState);
    assert.deepEqual(picks(3), { 2: 3 });
  }
});

test('another policy takes over where the cluster changes, with the endpoints that are there', () => {
  const { balancing, picks } = scene(2);
  const cluster = { id: 'x', name: 'x', service: { namespace: 'shop', name: 'web' }, maxRequests: 1, slowStartMs: 0 };
  balancing.change({ ...cluster, balance: { policy: 'round-robin' } }, CLUSTER_SLOT);
  assert.deepEqual(picks(3), { 0: 1, 1: 1, none: 1 });
});
