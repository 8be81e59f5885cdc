/** Who has which slot of the endpoint board, and when it may have another owner. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Balance, ClusterEndpoint } from '../../src/model/cluster.ts';
import { plainEndpoint } from '../../src/model/cluster.ts';
import type { Delta } from '../../src/model/delta.ts';
import { CounterBoard } from '../../src/observe/counter-board.ts';
import { EndpointBoard, NO_SLOT } from '../../src/observe/endpoint-board.ts';
import { EndpointSlots } from '../../src/workers/endpoint-slots.ts';
import { InForce } from '../../src/workers/in-force.ts';
import fc from '../support/property.ts';
import { clusterOf, deltaOf, route } from '../support/routes.ts';

const at = (...ports: number[]): ClusterEndpoint[] => ports.map(port => plainEndpoint({ address: '10.0.0.1', port }));

test('a slot is used again when every worker has taken the change and no request is counted there', () => {
  const board = new EndpointBoard(2);
  const slots = new EndpointSlots(board, 2);
  const [first, second] = [slots.take(), slots.take()];
  assert.deepEqual([first, second, slots.take()], [0, 1, NO_SLOT]);
  board.row(1).failed(first);
  slots.giveBack(first, 5);
  assert.equal(slots.take(), NO_SLOT, 'a worker may still choose the endpoint');
  slots.takenEverywhere(4);
  assert.equal(slots.take(), NO_SLOT);
  board.row(0).begin(first);
  slots.takenEverywhere(5);
  assert.equal(slots.take(), NO_SLOT, 'a request is under way there');
  board.row(0).end(first);
  assert.equal(slots.take(), first);
  assert.deepEqual([board.failures(first), board.failuresInARow(first)], [0, 0], 'it begins anew');
});

test('what goes on for hours keeps no other slot from being used again', () => {
  const board = new EndpointBoard(1);
  const slots = new EndpointSlots(board, 100);
  const all = Array.from({ length: 100 }, () => slots.take());
  for (const slot of all.slice(0, 99)) board.row(0).begin(slot);
  for (const slot of all) slots.giveBack(slot, 1);
  slots.takenEverywhere(1);
  const taken = Array.from({ length: 10 }, () => slots.take());
  assert.deepEqual(
    taken.filter(slot => slot !== NO_SLOT),
    [all[99]],
  );
});

/** A cluster of one route, whose balance and endpoints change. */
class Changing {
  readonly board = new EndpointBoard(1);
  readonly slots = new EndpointSlots(this.board, 8);
  readonly state = new InForce(new CounterBoard(), this.slots);
  #number = 0;

  apply(delta: Partial<Delta>): ReturnType<InForce['apply']> {
    this.#number += 1;
    const none = { upserts: [], removals: [] };
    return this.state.apply({ version: 1, routes: none, clusters: none, endpoints: [], ...delta }, this.#number);
  }

  start(policy: 'service' | 'least-request', endpoints: readonly ClusterEndpoint[]): void {
    const delta = deltaOf({ version: 1, upserts: [ONLY], removals: [] });
    this.apply({ ...delta, ...this.balanced(policy), endpoints: [{ cluster: ONLY.cluster, revision: 1, endpoints }] });
  }

  balanced(policy: Exclude<Balance['policy'], 'hash'>): Pick<Delta, 'clusters'> {
    return { clusters: { upserts: [{ ...clusterOf(ONLY), balance: { policy } }], removals: [] } };
  }

  move(endpoints: readonly ClusterEndpoint[]): readonly number[] | undefined {
    const { endpoints: moved } = this.apply({ endpoints: [{ cluster: ONLY.cluster, revision: 2, endpoints }] });
    return moved[0]?.slots;
  }

  get slotsNow(): readonly number[] | undefined {
    return this.state.cluster(ONLY.cluster)?.slots;
  }
}

const ONLY = route('/only');

test('a ClusterIP has no slot, and neither has its cluster', () => {
  const changing = new Changing();
  changing.start('service', at(1));
  const { slot, slots } = changing.state.cluster(ONLY.cluster) ?? {};
  assert.deepEqual([slot, slots], [undefined, undefined]);
});

test('each endpoint has a slot, which it keeps while others come and go, and so has the cluster', () => {
  const changing = new Changing();
  changing.start('least-request', at(1, 2, 3));
  const { slot, slots = [] } = changing.state.cluster(ONLY.cluster) ?? {};
  assert.equal(new Set([slot, ...slots]).size, 4);
  const moved = changing.move(at(4, 3, 1)) ?? [];
  assert.deepEqual([moved[1], moved[2]], [slots[2], slots[0]]);
  assert.equal(new Set([slot, ...slots, ...moved]).size, 5, 'the new one has none that anybody had');
  assert.equal(changing.state.cluster(ONLY.cluster)?.slot, slot);
  const snapshot = changing.state.snapshot();
  assert.deepEqual(snapshot?.endpoints[0]?.slots, moved, 'a worker that starts late has the same');
});

test('endpoints get slots when their Service begins to be balanced, and lose them when it ends', () => {
  const changing = new Changing();
  changing.start('service', at(1, 2));
  const begun = changing.apply(changing.balanced('least-request'));
  assert.equal(begun.endpoints[0]?.slots?.length, 2);
  assert.notEqual(begun.clusters.upserts[0]?.slot, undefined);
  const unchanged = changing.apply(changing.balanced('least-request'));
  assert.deepEqual(unchanged.endpoints, []);
  const ended = changing.apply(changing.balanced('service'));
  assert.deepEqual(
    ended.endpoints.map(({ slots }) => slots),
    [undefined],
  );
});

test('slots of a cluster that goes are free for others, and an endpoint that found none asks again', () => {
  const changing = new Changing();
  changing.start('least-request', at(1, 2, 3, 4, 5, 6, 7, 8));
  assert.equal(changing.slotsNow?.filter(slot => slot === NO_SLOT).length, 1);
  changing.move(at(1, 8));
  changing.slots.takenEverywhere(2);
  const slots = changing.move(at(1, 8)) ?? [];
  assert.ok(slots.every(slot => slot !== NO_SLOT));
  const gone = { upserts: [], removals: [ONLY.cluster] };
  changing.apply({ routes: { upserts: [], removals: [ONLY] }, clusters: gone });
  changing.slots.takenEverywhere(4);
  const again = Array.from({ length: 9 }, () => changing.slots.take());
  assert.deepEqual(again.sort(), [NO_SLOT, 0, 1, 2, 3, 4, 5, 6, 7]);
});

test('however endpoints come and go, each keeps its slot, no two have the same, and none is lost', () => {
  const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 6 }), { maxLength: 6 });
  fc.assert(
    fc.property(fc.array(numbers, { minLength: 1, maxLength: 5 }), moves => {
      const changing = new Changing();
      changing.start('least-request', []);
      let before = new Map<number, number>();
      for (const [step, move] of moves.entries()) {
        const slots = changing.move(at(...move)) ?? [];
        const now = new Map(move.map((number, index) => [number, slots[index] ?? NO_SLOT]));
        for (const [number, slot] of now) assert.equal(slot, before.get(number) ?? slot);
        assert.equal(new Set(slots).size, move.length);
        changing.slots.takenEverywhere(step + 2);
        before = now;
      }
      changing.move([]);
      changing.slots.takenEverywhere(moves.length + 2);
      const free = Array.from({ length: 8 }, () => changing.slots.take()).filter(slot => slot !== NO_SLOT);
      assert.equal(free.length, 7, 'all but that of the cluster');
    }),
    { numRuns: 500 },
  );
});
