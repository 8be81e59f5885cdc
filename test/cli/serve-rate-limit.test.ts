/** A rate limit is exact: whichever of the workers its clients come to, together they get what one worker would grant. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { machineTime } from '../../src/clock.ts';
import type { RawClient } from '../support/raw-client.ts';
import { RawUpstream } from '../support/raw-upstream.ts';
import { exposed, ServingProgram } from './serve-fixture.ts';

const CLIENTS = 200;
const ROUNDS = 100;
/** As the annotation says. */
const BURST = 50;
const REQUESTS_PER_MS = 10 / 1000;

/** What comes of one request of each client at once, all of them on one budget. */
async function round(clients: readonly RawClient[], budget: number): Promise<{ granted: number; most: number }> {
  const request = `GET /volume HTTP/1.1\r\nHost: test\r\nX-Budget: ${budget}\r\n\r\n`;
  const began = machineTime();
  for (const client of clients) client.push(request);
  const responses = await Promise.all(clients.map(client => client.response()));
  const passedMs = machineTime() - began;
  const counts = new Map<number, number>();
  for (const { status } of responses) counts.set(status, (counts.get(status) ?? 0) + 1);
  assert.deepEqual([...counts.keys()].sort(), [200, 429], JSON.stringify([...counts]));
  return { granted: counts.get(200) ?? 0, most: BURST + Math.floor(passedMs * REQUESTS_PER_MS) };
}

it('two workers grant 200 clients at once what 10/s burst 50 grants: never more, never less, a hundred times', async t => {
  const upstream = await RawUpstream.start(t);
  const annotations = { path: '/volume', 'rate-limit': '10/s burst 50 per header:X-Budget' };
  const manifests = [exposed('volume', upstream, annotations)];
  const args = ['--keepalive-requests', '1000000', '--access-log', 'off'];
  const program = await ServingProgram.start(t, { manifests, workers: 2, args });
  // The kernel spreads them over the sockets of both workers.
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => program.connect()));
  for (let budget = 0; budget < ROUNDS; budget += 1) {
    const { granted, most } = await round(clients, budget);
    assert.ok(granted >= BURST && granted <= most, `round ${budget}: ${granted} of ${BURST} to ${most}`);
  }
});
