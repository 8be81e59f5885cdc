import assert from 'node:assert/strict';
import { it } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { RawUpstream } from '../support/raw-upstream.ts';
import { route } from '../support/routes.ts';
import { ask, deltaTo, startFleet } from './fleet-fixture.ts';

const TWO = { kind: 'max-connections', owner: 'default/web', most: 2 } as const;
const GET = 'GET /limited HTTP/1.1\r\nHost: test\r\n\r\n';

it('max-connections holds over workers, and a worker that dies gives back what it held', async t => {
  const upstream = await RawUpstream.start(t, () => undefined);
  const running = await startFleet(t, { settings: { workers: 2 } });
  const upserts = [route('/limited', { policies: [TWO] })];
  await running.fleet.publish(deltaTo(upstream, { version: 1, upserts, removals: [] })).everywhere;
  const clients = await running.connectToAll();
  for (const client of clients.values()) await client.send(GET);
  await upstream.request(1);
  assert.equal((await ask(await running.connect(), '/limited')).status, 429);

  await running.crash(0);
  await eventually('the replacement to run', () => running.fleet.restarts === 1 && running.fleet.alive === 2);
  await (await running.connect()).send(GET);
  await upstream.request(2);
  assert.equal((await ask(await running.connect(), '/limited')).status, 429);
});
