import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { test } from 'node:test';
import { atEnd } from '../../support/cleanup.ts';
import { DEADLINE_MS } from '../../support/eventually.ts';
import { startProxy } from '../../support/proxy-under-test.ts';

const CROWD = 96;

test('of a crowd that comes at once, several are let in with each turn of the event loop', async t => {
  const proxy = await startProxy(t, 'wire', { routes: [] });
  const { host, port } = proxy.address;
  const clients = Array.from({ length: CROWD }, () => connect({ host, port }));
  for (const client of clients) atEnd(t, () => void client.destroy());
  const connected = Promise.all(clients.map(client => once(client, 'connect')));
  // All are in the kernel's queue before the event loop has its next turn: they come at once, however busy the kernel is.
  await new Promise<void>(process.nextTick);
  const end = performance.now() + DEADLINE_MS;
  while (waitingToBeAccepted(port) < CROWD) assert.ok(performance.now() < end, 'the kernel has not taken all of them');
  let turns = 0;
  for (let before = 0, letIn = 0; letIn < CROWD; before = letIn) {
    await new Promise(setImmediate);
    letIn = proxy.counters.get('handled');
    if (letIn > before) turns += 1;
  }
  await connected;
  // One a turn would be as many turns as clients.
  assert.ok(turns < CROWD / 2, `${turns} turns for ${CROWD} clients`);
});

/** Connections that the kernel has made for the listeners of a port of 127.0.0.1, and that it has not accepted yet. */
function waitingToBeAccepted(port: number): number {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  let waiting = 0;
  for (const line of readFileSync('/proc/net/tcp', 'latin1').split('\n')) {
    const [, address, , state, queues = ''] = line.trim().split(/\s+/);
    // 0A is LISTEN; behind the colon stands what waits to be read, of a listener the length of its accept queue.
    if (address === local && state === '0A') waiting += Number.parseInt(queues.split(':')[1] ?? '', 16);
  }
  return waiting;
}
