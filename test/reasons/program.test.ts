/** What an operator gets to see of failed requests, from the real program. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { exposed, ServingProgram } from '../cli/serve-fixture.ts';
import { atEnd } from '../support/cleanup.ts';
import { eventually } from '../support/eventually.ts';
import { RawClient } from '../support/raw-client.ts';
import { NOBODY } from '../support/raw-upstream.ts';
import { SECRET } from './request-cases.ts';

const FLOOD = 300;

it('a flood of failures is counted, and logged in a few lines without the secrets of clients', {
  timeout: 600_000,
}, async t => {
  const program = await ServingProgram.start(t, { manifests: [exposed('app', { address: NOBODY })] });
  const client = await RawClient.connect(program.address);
  atEnd(t, () => client.destroy());
  const request =
    `GET /app/x?token=${SECRET} HTTP/1.1\r\nHost: test\r\nCookie: ${SECRET}\r\n` +
    `Authorization: Bearer ${SECRET}\r\nX-Request-ID: last\r\n\r\n`;
  const startedAt = performance.now();
  for (let count = 0; count < FLOOD; count += 1) {
    await client.send(request);
    assert.equal((await client.response()).status, 502);
  }
  const told = (): typeof program.log => program.log.filter(({ reason }) => reason === 'upstream_refused');
  const sum = (): number => told().reduce((all, { others }) => all + 1 + Number(others), 0);
  await eventually('all of them to be logged or counted as others', () => sum() === FLOOD);
  const [first] = told();
  assert.ok(first !== undefined);
  const { level, service, status, path, upstream, detail, requestId, msg } = first;
  assert.deepEqual(
    { level, service, status, path, upstream, detail, requestId },
    {
      level: 'info',
      service: 'default/app',
      status: 502,
      path: '/app/x',
      upstream: '127.0.0.1:1',
      detail: 'ECONNREFUSED',
      requestId: 'last',
    },
  );
  assert.equal(msg, 'request failed: The upstream refused the connection: nothing listens there.');
  const seconds = (performance.now() - startedAt) / 1_000;
  assert.ok(told().length <= 2 + seconds, `${told().length} lines in ${seconds} s`);
  assert.ok(!JSON.stringify(program.log).includes(SECRET));
  const samples = (await program.metrics()).filter(({ name }) => name === 'kube_entry_request_failures_total');
  assert.deepEqual(
    samples.filter(({ value }) => value > 0).map(({ labels, value }) => [labels.reason, value]),
    [['upstream_refused', FLOOD]],
  );
  const line = /502 .* 127\.0\.0\.1:1, 127\.0\.0\.1:1 502, 502 \S+, \S+ upstream_refused\n/;
  await eventually('its line in the access log', () => line.test(program.stdout));
});
