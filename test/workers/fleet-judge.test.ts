/** What the judge of endpoints hears of a fleet, and how it is obeyed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Delta } from '../../src/model/delta.ts';
import { EJECTED } from '../../src/observe/endpoint-board.ts';
import type { EndpointJudge } from '../../src/workers/endpoint-judge.ts';
import { eventually } from '../support/eventually.ts';
import { NOBODY, RawUpstream } from '../support/raw-upstream.ts';
import { deltaOf, route } from '../support/routes.ts';
import { startFleet } from './fleet-fixture.ts';

class Judge implements EndpointJudge {
  readonly heard: string[] = [];
  slots: readonly number[] | undefined;

  update(...[{ id }, endpoints, slots]: Parameters<EndpointJudge['update']>): void {
    this.heard.push(`${id} has ${endpoints.map(({ port }) => port).join()}`);
    this.slots = slots;
  }

  remove(id: string): void {
    this.heard.push(`${id} is gone`);
  }

  suspect(id: string, slot: number): void {
    this.heard.push(`${id} suspects ${this.slots?.indexOf(slot)}`);
  }
}

function balanced(version: number, ports: readonly number[], policy: 'round-robin' | 'service' = 'round-robin'): Delta {
  const { clusters, ...delta } = deltaOf(
    { version, upserts: [route('/')], removals: [] },
    ports.map(port => ({ address: '127.0.0.1', port })),
  );
  const upserts = clusters.upserts.map(cluster => ({ ...cluster, balance: { policy } }));
  return { ...delta, clusters: { upserts, removals: [] } };
}

test('the judge hears of each change of a cluster, with the slots of its endpoints, and of its end', async context => {
  const judge = new Judge();
  const { fleet } = await startFleet(context, { settings: { workers: 1 }, health: judge });
  const id = route('/').cluster;
  await fleet.publish(balanced(1, [81, 82])).answering;
  assert.equal(judge.slots?.length, 2);
  await fleet.publish({ ...balanced(2, [82]), clusters: { upserts: [], removals: [] } }).answering;
  assert.equal(judge.slots?.length, 1);
  await fleet.publish(balanced(3, [80], 'service')).answering;
  assert.equal(judge.slots, undefined);
  const routes = { upserts: [], removals: [route('/')] };
  await fleet.publish({ version: 4, routes, clusters: { upserts: [], removals: [id] }, endpoints: [] }).answering;
  assert.deepEqual(judge.heard, [`${id} has 81,82`, `${id} has 82`, `${id} has 80`, `${id} is gone`]);
});

test('workers name an endpoint once, when it has failed as often in a row as ejects it; a success begins anew', async context => {
  const judge = new Judge();
  const settings = { workers: 2, outlierFailures: 3 };
  const running = await startFleet(context, { settings, health: judge });
  const { fleet } = running;
  const id = route('/').cluster;
  await fleet.publish(balanced(1, [NOBODY.port])).answering;
  judge.heard.length = 0;
  for (let request = 0; request < 3; request += 1) assert.equal((await running.get('/')).status, 502);
  await eventually('the message', () => judge.heard.length > 0);
  for (let request = 0; request < 3; request += 1) await running.get('/');
  running.endpoints.row(0).succeeded(judge.slots?.[0] ?? 0, 1);
  for (let request = 0; request < 3; request += 1) await running.get('/');
  await eventually('the second message', () => judge.heard.length > 1);
  assert.deepEqual(judge.heard, [`${id} suspects 0`, `${id} suspects 0`]);
});

test('with the setting at 0 no worker names any', async context => {
  const judge = new Judge();
  const running = await startFleet(context, { settings: { workers: 1, outlierFailures: 0 }, health: judge });
  await running.fleet.publish(balanced(1, [NOBODY.port])).answering;
  judge.heard.length = 0;
  for (let request = 0; request < 10; request += 1) await running.get('/');
  await running.fleet.updateErrorPage('later').answering;
  assert.deepEqual(judge.heard, []);
});

test('all workers obey a verdict from their next request on', async context => {
  const [one, other] = await Promise.all([RawUpstream.start(context), RawUpstream.start(context)]);
  const judge = new Judge();
  const running = await startFleet(context, { settings: { workers: 2 }, health: judge });
  await running.fleet.publish(balanced(1, [one.address.port, other.address.port])).answering;
  running.endpoints.judge(judge.slots?.[0] ?? 0, EJECTED);
  for (let request = 0; request < 20; request += 1) assert.equal((await running.get('/')).status, 200);
  assert.deepEqual([one.requests.length, other.requests.length], [0, 20]);
});
