import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULTS } from '../../src/settings/schema.ts';
import { eventually } from '../support/eventually.ts';
import type { RawClient } from '../support/raw-client.ts';
import { RawUpstream } from '../support/raw-upstream.ts';
import { deltaOf, route } from '../support/routes.ts';
import { ask, deltaTo, type RunningFleet, startFleet } from './fleet-fixture.ts';

/** Waits until the place of a dead worker is taken: a connection goes to its region of the counters. */
async function connectToReplacement(running: RunningFleet, worker: number): Promise<RawClient> {
  return eventually('a connection to the replacement', async () => {
    const found = await running.connectKnowing().catch(() => undefined);
    if (found?.worker === worker) return found.client;
    found?.client.destroy();
    return undefined;
  });
}

test('when a worker dies only its connections end, and it is replaced', async context => {
  const upstream = await RawUpstream.start(context);
  const running = await startFleet(context, { settings: { workers: 2 } });
  await running.fleet.publish(deltaTo(upstream, { version: 1, upserts: [route('/a')], removals: [] })).answering;
  const clients = await running.connectToAll();
  for (const client of clients.values()) assert.equal((await ask(client, '/a')).status, 200);

  await running.crash(0);
  await clients.get(0)?.closed();
  const survivor = clients.get(1);
  assert.ok(survivor?.isOpen);
  assert.equal((await ask(survivor, '/a')).status, 200);

  const client = await connectToReplacement(running, 0);
  assert.equal((await ask(client, '/a')).status, 200);
  assert.equal((await ask(survivor, '/a')).status, 200);
  assert.equal(running.fleet.restarts, 1);
  assert.equal(running.fleet.size, 2);
  assert.deepEqual(
    running.log.map(({ msg }) => msg),
    ['a worker died: its connections are lost, the others go on', 'replacing a worker'],
  );
});

test('what a dead worker counted stays; what was true of it does not', async context => {
  const upstream = await RawUpstream.start(context);
  const running = await startFleet(context, { settings: { workers: 2 } });
  await running.fleet.publish(deltaTo(upstream, { version: 1, upserts: [route('/a')], removals: [] })).answering;
  const clients = await running.connectToAll();
  for (const client of clients.values()) {
    for (let count = 0; count < 3; count += 1) await ask(client, '/a');
  }
  const { board } = running;
  const service = { namespace: 'default', name: 'web' };
  const answered = (): number | undefined => board.totalsOf(board.blockOf(service)).requestsByCode().get(200);
  const dead = board.regions[0];
  assert.ok(dead);
  const isIdle = (): boolean => dead.get('active') === 1 && dead.get('upstreamIdle') === 1;
  await eventually('all requests to be counted, and one client to be left', () => answered() === 6 && isIdle());
  const totals = { accepted: dead.get('accepted'), requests: dead.get('requests') };

  await running.crash(0);
  for (const gauge of ['active', 'reading', 'writing', 'waiting', 'upstreamIdle', 'upstreamBusy'] as const) {
    assert.equal(dead.get(gauge), 0, gauge);
  }
  assert.deepEqual({ accepted: dead.get('accepted'), requests: dead.get('requests') }, totals);
  assert.equal(answered(), 6);

  const client = await connectToReplacement(running, 0);
  await ask(client, '/a');
  await eventually('the replacement to count on', () => answered() === 7);
  assert.equal(dead.get('active'), 1);
});

for (const workers of [1, 2]) {
  test(`with ${workers}: a dead worker holds up no change, and its replacement serves the newest table`, async context => {
    const upstream = await RawUpstream.start(context);
    const running = await startFleet(context, { settings: { workers }, errorPage: 'old page' });
    const { fleet } = running;
    const [first, second, third] = ['/one', '/two', '/three'].map(path => route(path));
    assert.ok(first && second && third);
    await fleet.publish(deltaTo(upstream, { version: 1, upserts: [first], removals: [] })).answering;

    const crashed = running.crash(0);
    // Before its death is noticed, while it is dead, and while the next one starts.
    await fleet.publish(deltaTo(upstream, { version: 2, upserts: [second], removals: [first] })).answering;
    await crashed;
    fleet.updateErrorPage('new page');
    fleet.updateSettings({ ...DEFAULTS, accessLog: 'off', clientMaxBodySize: 1 });
    await fleet.publish(deltaOf({ version: 3, upserts: [], removals: [] })).answering;
    await eventually('the next thread', () => running.threads.length === workers + 1);
    const unavailable = route('/none', { service: { namespace: 'default', name: 'none' } });
    fleet.publish(deltaOf({ version: 4, upserts: [unavailable], removals: [] }, []));
    await fleet.publish(deltaTo(upstream, { version: 5, upserts: [third], removals: [] })).answering;

    const client = await connectToReplacement(running, 0);
    const statuses = [];
    for (const path of ['/one', '/two', '/three']) statuses.push((await ask(client, path)).status);
    assert.deepEqual(statuses, [404, 200, 200]);
    const { status, body } = await ask(client, '/none');
    assert.deepEqual([status, `${body}`], [503, 'new page']);
    assert.equal((await ask(client, '/two', 'Content-Length: 2\r\n')).status, 413);
  });
}

test('with no worker alive a change is taken at once: whoever comes next begins with it', async context => {
  const running = await startFleet(context, { settings: { workers: 1 } });
  assert.equal(running.fleet.alive, 1);
  await running.crash(0);
  assert.equal(running.fleet.alive, 0);
  await running.fleet.publish(deltaOf({ version: 1, upserts: [], removals: [] })).answering;
  assert.equal(running.threads.length, 1, 'nobody has come yet');
});

test('a worker that keeps dying is started ever less often', async context => {
  const running = await startFleet(context, { settings: { workers: 1 } });
  for (const started of [1, 2, 3]) {
    const index = await eventually('the next worker to serve', async () => {
      const client = await running.connect().catch(() => undefined);
      client?.destroy();
      return client && running.threads.length === started && { last: started - 1 };
    });
    await running.crash(index.last);
  }
  const waits = running.log.filter(({ msg }) => msg === 'replacing a worker').map(({ restartInMs }) => restartInMs);
  assert.deepEqual(waits, [100, 200, 400]);
});

test('what a dead worker had in flight to an endpoint is gone from the sum of all', async context => {
  const running = await startFleet(context, { settings: { workers: 2 } });
  const { endpoints } = running;
  endpoints.row(0).begin(3);
  endpoints.row(1).begin(3);
  assert.equal(endpoints.inFlight(3), 2);
  await running.crash(0);
  await eventually('the row to be cleared', () => endpoints.inFlight(3) === 1);
});
