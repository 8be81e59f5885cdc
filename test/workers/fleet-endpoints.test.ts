/** Endpoints that change while a fleet of real threads serves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainEndpoint } from '../../src/model/cluster.ts';
import type { Delta } from '../../src/model/delta.ts';
import { eventually } from '../support/eventually.ts';
import { RawUpstream } from '../support/raw-upstream.ts';
import { clusterOf, deltaOf, route } from '../support/routes.ts';
import { startFleet } from './fleet-fixture.ts';

const ROUTE = route('/a');
const NONE = { upserts: [], removals: [] };

function endpointsAt(revision: number, ...upstreams: readonly RawUpstream[]): Pick<Delta, 'endpoints'> {
  const endpoints = upstreams.map(({ address: { host: address, port } }) => plainEndpoint({ address, port }));
  return { endpoints: [{ cluster: ROUTE.cluster, revision, endpoints }] };
}

test('endpoints change under a table that stays, and a worker that starts later has the newest', async context => {
  const [first, second] = [await RawUpstream.start(context), await RawUpstream.start(context)];
  const running = await startFleet(context, { settings: { workers: 1 } });
  const { fleet } = running;
  const balanced = { upserts: [{ ...clusterOf(ROUTE), balance: { policy: 'least-request' as const } }], removals: [] };
  const start = deltaOf({ version: 1, upserts: [ROUTE], removals: [] });
  await fleet.publish({ ...start, clusters: balanced, ...endpointsAt(1, first) }).answering;
  assert.equal((await running.get('/a')).status, 200);
  const { table } = fleet;

  await fleet.publish({ version: 1, routes: NONE, clusters: NONE, ...endpointsAt(2, second) }).answering;
  assert.equal((await running.get('/a')).status, 200);
  assert.deepEqual([first.requests.length, second.requests.length], [1, 1]);
  assert.deepEqual([...fleet.table.routes()], [...table.routes()]);
  assert.equal(fleet.table.version, 1);

  await running.crash(0);
  const response = await eventually('the replacement', () => running.get('/a').catch(() => undefined));
  assert.equal(response.status, 200);
  assert.deepEqual([first.requests.length, second.requests.length], [1, 2]);
  await fleet.publish({ version: 1, routes: NONE, clusters: NONE, ...endpointsAt(3) }).answering;
  assert.equal((await running.get('/a')).status, 503);
});
