import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { atEnd } from '../../support/cleanup.ts';
import { startProxy } from '../../support/proxy-under-test.ts';

const CROWD = 96;

test('of a crowd that comes at once, several are let in with each turn of the event loop', async t => {
  const proxy = await startProxy(t, 'wire', { routes: [] });
  const { host, port } = proxy.address;
  const clients = Array.from({ length: CROWD }, () => connect({ host, port }));
  for (const client of clients) atEnd(t, () => void client.destroy());
  const connected = Promise.all(clients.map(client => once(client, 'connect')));
  let turns = 0;
  for (let before = 0, letIn = 0; letIn < CROWD; before = letIn) {
    await new Promise(setImmediate);
    letIn = proxy.counters.get('handled');
    // Where the kernel still has to finish a handshake, turns pass without a connection.
    if (letIn > before) turns += 1;
  }
  await connected;
  // One a turn would be as many turns as clients.
  assert.ok(turns < CROWD / 2, `${turns} turns for ${CROWD} clients`);
});
