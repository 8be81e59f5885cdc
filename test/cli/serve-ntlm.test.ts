/** Backends that authenticate connections, behind the real program. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { login, NtlmUpstream } from '../support/ntlm-upstream.ts';
import { exposed, ServingProgram } from './serve-fixture.ts';

test('a login by NTLM works through the program, and nobody else is taken for who logged in', async t => {
  const { upstream } = await NtlmUpstream.start(t);
  const program = await ServingProgram.start(t, {
    manifests: [exposed('intranet', upstream)],
    // Both clients are one worker's: they share its pools.
  });
  const alice = await program.connect();
  const statuses: number[] = [];
  let body = '';
  for (const request of login('/intranet', 'NTLM', 'alice')) {
    await alice.send(request);
    const response = await alice.response();
    statuses.push(response.status);
    body = response.body;
  }
  assert.deepEqual([statuses, body], [[401, 401, 200], 'hello alice']);
  const get = 'GET /intranet HTTP/1.1\r\nHost: test\r\n\r\n';
  for (let count = 0; count < 5; count += 1) {
    const other = await program.connect();
    await other.send(get);
    assert.equal((await other.response()).status, 401, 'a new client is not alice');
    other.destroy();
  }
  await alice.send(get);
  assert.equal((await alice.response()).body, 'hello alice');
});
