import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { get } from '../support/exchange.ts';
import type { Sample } from '../support/prometheus-text.ts';
import { answer, NOBODY, RawUpstream } from '../support/raw-upstream.ts';
import { readStubStatus } from '../support/stub-status.ts';
import { scratchDirectory } from './cli-fixture.ts';
import { exposed, pushed, ServingProgram } from './serve-fixture.ts';

test('the access log is one combined line a request on standard output, and json when that is pushed', async context => {
  const upstream = await RawUpstream.start(context);
  const program = await ServingProgram.start(context);
  await program.post('/configuration/backends', [pushed('a', [upstream], '/a')]);
  const client = await program.connect();
  await client.send('GET /a/x?y="z HTTP/1.1\r\nHost: test\r\nUser-Agent: one\\two\r\nX-Request-ID: id-1\r\n\r\n');
  await client.response();
  const [combined = ''] = await program.lines(1);
  const when = '\\d{2}/[A-Z][a-z]{2}/\\d{4}:\\d{2}:\\d{2}:\\d{2} \\+0000';
  const line = `^127\\.0\\.0\\.1 - - \\[${when}\\] "GET /a/x\\?y=\\\\x22z HTTP/1\\.1" 200 2 "-" "one\\\\x5Ctwo" id-1 \\d+ \\d\\.\\d{3} pushed/a /a 127\\.0\\.0\\.1:\\d+ 200 \\d\\.\\d{3} -$`;
  assert.match(combined, new RegExp(line));

  await program.post('/configuration/general', { accessLog: 'json' });
  const json = await eventually('a line of JSON', async () => {
    await program.get('/a/json');
    return (await program.lines(1)).find(found => found.startsWith('{'));
  });
  const { requestLine, status, service, routePath, upstream: asked } = JSON.parse(json);
  assert.deepEqual(
    { requestLine, status, service, routePath, asked },
    {
      requestLine: 'GET /a/json HTTP/1.1',
      status: 200,
      service: 'pushed/a',
      routePath: '/a',
      asked: `127.0.0.1:${upstream.address.port}`,
    },
  );

  await program.post('/configuration/general', { accessLog: 'off' });
  const before = await eventually('silence', async () => {
    const lines = program.stdout;
    await program.get('/a/off');
    // Longer than lines wait to be written.
    await new Promise(resolve => setTimeout(resolve, 200));
    return program.stdout === lines && { lines };
  });
  assert.equal(program.stdout, before.lines);
});

test('a standard output that nobody reads stops neither requests nor the end', async context => {
  const upstream = await RawUpstream.start(context);
  const pipe = join(await scratchDirectory(context), 'pipe');
  execFileSync('mkfifo', [pipe]);
  const stdout = openSync(pipe, 'r+');
  context.after(() => closeSync(stdout));
  const program = await ServingProgram.start(context, { stdout, args: ['--access-log', 'json'] });
  await program.post('/configuration/backends', [pushed('a', [upstream], '/a')]);
  // 8 KiB a line: the pipe is full after a few, what may wait in memory after some hundreds.
  const path = `/a/${'x'.repeat(7_000)}`;
  const client = await program.connect();
  const dropped = async (): Promise<number> =>
    (await program.metrics()).find(({ name }) => name === 'kube_entry_access_log_dropped_total')?.value ?? 0;
  for (let batch = 0; (await dropped()) === 0; batch += 1) {
    assert.ok(batch < 40, 'lines are dropped in the end');
    for (let count = 0; count < 20; count += 1) {
      await client.send(`GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`);
      assert.equal((await client.response()).status, 200);
    }
  }
  assert.equal((await program.get('/a')).status, 200);
  assert.ok(
    program.log.every(({ msg }) => msg !== 'the access log cannot be written'),
    'a full pipe is no error',
  );
  program.kill('SIGTERM');
  await program.logged('draining');
  program.kill('SIGTERM');
  assert.deepEqual(await program.ended(), { code: 0, signal: null });
});

test('metrics tell exactly what was asked, and agree with nginx_status', async context => {
  const shop = await RawUpstream.start(context);
  const program = await ServingProgram.start(context, {
    manifests: [
      exposed('shop', shop),
      exposed('broken', { address: NOBODY }),
      exposed('refused', shop, { path: 'no-slash' }),
      exposed('unlucky', shop, { path: '/shop' }),
    ],
  });
  const client = await program.connect();
  for (const status of ['200 OK', '200 OK', '200 OK', '404 Not Found', '299 Odd']) {
    shop.handler = async request => {
      await request.connection.send(answer('ok', '', status));
    };
    await client.send('GET /shop/secret-label HTTP/1.1\r\nHost: evil-label.example\r\n\r\n');
    await client.response();
  }
  assert.equal((await program.get('/broken')).status, 502);
  assert.equal((await program.get('/nothing-label')).status, 404);
  await client.send('BREW-LABEL /other HTTP/1.1\r\nHost: test\r\n\r\n');
  await client.response();
  client.destroy();

  // A response is counted when it is over, and its connection goes after that: the client may know both first.
  const samples = await eventually('all requests to be counted and their connections to be gone', async () => {
    const now = await program.metrics();
    const gauges = ['active', 'reading', 'writing', 'waiting'].map(gauge => total(now, `nginx_connections_${gauge}`));
    const isWhole = total(now, 'kube_entry_requests_total') >= 8 && gauges.join() === '1,0,1,0';
    return isWhole && now;
  });
  const requests = samples.filter(({ name }) => name === 'kube_entry_requests_total');
  const counts = requests.map(({ labels: { namespace, service, code }, value }) => [namespace, service, code, value]);
  const expected = [
    ['default', 'broken', '502', 1],
    ['default', 'shop', '200', 3],
    ['default', 'shop', '404', 1],
    ['default', 'shop', 'other', 1],
  ];
  const unrouted = counts.filter(([, service]) => service === '');
  assert.deepEqual(counts.filter(([, service]) => service !== '').sort(), expected);
  assert.equal(
    unrouted.reduce((sum, [, , , count]) => sum + Number(count), 0),
    2,
  );
  const texts = samples.flatMap(({ labels }) => Object.values(labels)).join(' ');
  assert.doesNotMatch(texts, /label|secret|evil|BREW/i, 'nothing a client sent');

  assert.equal(total(samples, 'kube_entry_routes'), 2);
  assert.equal(total(samples, 'kube_entry_route_refusals'), 1);
  assert.equal(total(samples, 'kube_entry_route_conflicts'), 1);
  assert.equal(total(samples, 'kube_entry_config_version'), 1);
  assert.equal(total(samples, 'kube_entry_worker_restarts_total'), 0);
  assert.equal(total(samples, 'kube_entry_request_duration_seconds_count'), 8);
  assert.equal(total(samples, 'kube_entry_upstream_response_seconds_count'), 5);

  const before = await program.metrics();
  const { body } = await get(program.admin, '/nginx_status');
  const { active, accepted, handled, requests: asked, reading, writing, waiting } = readStubStatus(body);
  // Between the two: the connection of the second, and the end of the first.
  assert.equal(accepted, total(before, 'nginx_connections_accepted') + 1);
  assert.equal(handled, total(before, 'nginx_connections_handled') + 1);
  assert.equal(asked, total(before, 'nginx_http_requests_total') + 1);
  assert.deepEqual({ active, reading, writing, waiting }, { active: 1, reading: 0, writing: 1, waiting: 0 });
  for (const gauge of ['active', 'reading', 'writing', 'waiting'] as const) {
    const seen = { active, reading, writing, waiting }[gauge];
    assert.equal(total(before, `nginx_connections_${gauge}`), seen, gauge);
  }
  assert.equal((await get(program.status, '/nginx_status')).body.split('\n')[0], 'Active connections: 1 ');
});

function total(samples: readonly Sample[], name: string): number {
  return samples.filter(sample => sample.name === name).reduce((sum, { value }) => sum + value, 0);
}
