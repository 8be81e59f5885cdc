import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StatusServer } from '../../src/admin/status-server.ts';
import { UnavailableError } from '../../src/errors.ts';
import { ask, exchange, get, header } from '../support/exchange.ts';
import { parts, statusServer } from './admin-fixture.ts';

test('/healthz is 200 for as long as the process lives', async context => {
  const { at, control } = await statusServer(context);
  control.isInitialised = false;
  control.isDraining = true;
  const response = await get(at, '/healthz');
  assert.equal(response.status, 200);
  assert.equal(response.body.length, 0);
});

test('/readyz is 200 when the first table serves and the process does not drain, else 503 and says which', async context => {
  const { at, control } = await statusServer(context);
  for (const [isInitialised, isDraining, status, text] of [
    [true, false, 200, 'ready\n'],
    [false, false, 503, 'not ready: the first route table is not loaded yet\n'],
    [true, true, 503, 'not ready: draining\n'],
    [false, true, 503, 'not ready: draining\n'],
  ] as const) {
    Object.assign(control, { isInitialised, isDraining });
    const response = await get(at, '/readyz');
    assert.deepEqual([response.status, response.body], [status, text]);
  }
});

const WELL = { isAlive: true, version: 1, startedAt: 0, silentMs: 0, answers: 'in time' } as const;
const LATE = { ...WELL, silentMs: 7_400, answers: 'late' } as const;

test('a worker that does not answer is named, and costs neither life nor readiness while another one answers', async context => {
  const { at, control } = await statusServer(context);
  Object.assign(control, { isInitialised: true, workerList: [WELL, LATE] });
  const healthz = await get(at, '/healthz');
  assert.deepEqual([healthz.status, healthz.body], [200, 'worker 2 has not answered for 7 s\n']);
  const readyz = await get(at, '/readyz');
  assert.deepEqual([readyz.status, readyz.body], [200, 'ready\nworker 2 has not answered for 7 s\n']);

  control.workerList = [LATE, LATE];
  assert.equal((await get(at, '/healthz')).status, 200, 'they are about to be replaced');
  const unready = await get(at, '/readyz');
  assert.deepEqual([unready.status, unready.body], [503, 'not ready: no worker answers\n']);
});

test('/healthz is 503 when a worker hangs that cannot be ended', async context => {
  const { at, control } = await statusServer(context);
  control.workerList = [{ ...LATE, answers: 'never' }, WELL];
  const { status, body } = await get(at, '/healthz');
  assert.deepEqual([status, body], [503, 'worker 1 hangs and cannot be ended: only a restart of the process helps\n']);
});

test('/readyz is 200 with a table that may be out of date, and says since when and why', async context => {
  const { at, control } = await statusServer(context);
  const staleSince = '2026-01-02T03:04:05.678Z';
  control.sourceReport = { kind: 'kube', synced: false, staleSince };
  const stale = await get(at, '/readyz');
  assert.equal(stale.status, 200);
  assert.deepEqual(header(stale, 'kube-entry-stale-since'), [staleSince]);
  assert.equal(stale.body, `ready\nstale since ${staleSince}: the routes are those of the state file\n`);
  control.sourceReport = { kind: 'kube', synced: false, lostSince: staleSince, problem: 'secret' };
  const lost = await get(at, '/readyz');
  assert.deepEqual([lost.status, header(lost, 'kube-entry-stale-since')], [200, [staleSince]]);
  assert.equal(lost.body, `ready\nstale since ${staleSince}: the source of routes is lost, the last ones are served\n`);
  // A watch that is begun again is nothing to know of.
  control.sourceReport = { kind: 'kube', synced: false, lostSince: new Date().toISOString() };
  assert.equal((await get(at, '/readyz')).body, 'ready\n');
  control.isDraining = true;
  assert.equal((await get(at, '/readyz')).status, 503);
  Object.assign(control, { isDraining: false, sourceReport: { kind: 'kube', synced: true } });
  assert.deepEqual(header(await get(at, '/readyz'), 'kube-entry-stale-since'), []);
});

test('/metrics and /nginx_status are what they are on the admin socket', async context => {
  const { at, control } = await statusServer(context);
  control.metricsBody = 'nginx_up 1\n';
  const metrics = await get(at, '/metrics');
  assert.deepEqual(header(metrics, 'content-type'), ['text/plain; version=0.0.4; charset=utf-8']);
  assert.equal(metrics.body, 'nginx_up 1\n');
  assert.match((await get(at, '/nginx_status')).body, /^Active connections: 1 \n/);
});

test('/ is the dashboard, and names the other paths for those without scripts', async context => {
  const { at } = await statusServer(context);
  const index = await get(at, '/');
  assert.equal(index.status, 200);
  assert.match(header(index, 'content-type').join(), /^text\/html\b/);
  const [, aside = ''] = /<noscript>(.*)<\/noscript>/s.exec(index.body) ?? [];
  const paths = [...aside.matchAll(/href="([^"]+)"/g)].map(([, path]) => `/${path}`);
  assert.deepEqual(paths, ['/metrics', '/nginx_status', '/healthz', '/readyz']);
  for (const path of paths) assert.equal((await get(at, path)).status, 200);
});

test('nothing can be configured over TCP, and the paths of the admin socket are not there', async context => {
  const { at, control } = await statusServer(context);
  for (const target of ['/configuration/backends', '/configuration/general', '/configuration', '/routes', '/explain']) {
    for (const method of ['GET', 'POST', 'PUT']) {
      assert.equal((await ask(at, method, target, method === 'GET' ? undefined : '[]')).status, 404, target);
    }
  }
  assert.deepEqual([control.pushedBackends, control.pushedGeneral], [[], []]);
});

test('without the dashboard there are probes and metrics alone', async context => {
  const server = await StatusServer.listen({ host: '127.0.0.1', port: 0 }, { ...parts().options, dashboard: false });
  context.after(() => server.close());
  for (const target of ['/', '/dashboard/main.js', '/dashboard/events', '/dashboard/routes', '/dashboard/explain']) {
    assert.equal((await get(server.address, target)).status, 404, target);
  }
  for (const target of ['/healthz', '/readyz', '/metrics', '/nginx_status']) {
    assert.equal((await get(server.address, target)).status, 200, target);
  }
});

test('anything else is 404, other methods 405', async context => {
  const { at } = await statusServer(context);
  for (const target of ['/x', '/healthz/', '/is-dynamic-lb-initialized']) {
    assert.equal((await get(at, target)).status, 404, target);
  }
  for (const path of ['/', '/healthz', '/readyz', '/metrics', '/nginx_status']) {
    const head = await exchange(at, `HEAD ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    assert.match(head, /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\n$/s);
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const response = await ask(at, method, path);
      assert.equal(response.status, 405, `${method} ${path}`);
      assert.deepEqual(header(response, 'allow'), ['GET, HEAD']);
    }
  }
});

test('a port that is taken is an error that says so', async context => {
  const { server } = await statusServer(context);
  const { host, port } = server.address;
  await assert.rejects(StatusServer.listen({ host, port }, parts().options), (error: unknown) => {
    assert.ok(error instanceof UnavailableError);
    assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${port} .*another program listens.*--status-listen`));
    return true;
  });
});

test('an address that is not of this machine is an error', async () => {
  const attempt = StatusServer.listen({ host: '192.0.2.1', port: 0 }, parts().options);
  await assert.rejects(attempt, (error: unknown) => {
    assert.ok(error instanceof UnavailableError);
    assert.match(error.message, /cannot listen on 192\.0\.2\.1:0 .*this machine has no such address.*--status-listen/);
    return true;
  });
});
