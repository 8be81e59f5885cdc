import assert from 'node:assert/strict';
import { it } from 'node:test';
import { get } from '../support/exchange.ts';
import { RawUpstream } from '../support/raw-upstream.ts';
import { exposed, ServingProgram } from './serve-fixture.ts';

/** Nothing can listen on it: the kernel gives it to no socket. */
const NOWHERE = 'redis://:a-secret@127.0.0.1:1';

it('without the Redis of rate-limit-redis requests are limited here alone, which is said, and its password is not', async t => {
  const upstream = await RawUpstream.start(t);
  const service = exposed('volume', upstream, { path: '/volume', 'rate-limit': '2/h' });
  const environment = { KUBE_ENTRY_RATE_LIMIT_REDIS: NOWHERE };
  const program = await ServingProgram.start(t, { manifests: [service], environment });
  await program.logged('rate-limit-redis does not answer: until it does, each replica keeps rate limits alone');
  const statuses = [];
  for (let turn = 0; turn < 3; turn += 1) statuses.push((await program.get('/volume')).status);
  assert.deepEqual(statuses, [200, 200, 429]);
  const metrics = (await get(program.status, '/metrics')).body;
  assert.match(metrics, /^kube_entry_rate_limit_redis_up 0$/m);
  assert.match(metrics, /^kube_entry_rate_limit_unshared_total \d/m);
  const settings = (await get(program.admin, '/configuration/general')).body;
  assert.match(settings, /"rateLimitRedis":"redis:\/\/:\*\*\*@127\.0\.0\.1:1"/);
  for (const text of [JSON.stringify(program.log), program.complaints, metrics, settings]) {
    assert.ok(!text.includes('a-secret'));
  }
});

it('a URL of rate-limit-redis that cannot be used is refused, and not repeated', async t => {
  const environment = { KUBE_ENTRY_RATE_LIMIT_REDIS: 'http://:a-secret@redis' };
  const program = await ServingProgram.spawn(t, { environment });
  const { code } = await program.ended();
  assert.notEqual(code, 0);
  assert.match(program.complaints, /RATE_LIMIT_REDIS.*redis:\/\/HOST:PORT/i);
  assert.ok(!program.complaints.includes('a-secret'));
});
