import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Diagnostics, Point, TableChange, TrafficSample } from '../../../src/admin/dashboard/messages.ts';
import { MAX_VIEWERS } from '../../../src/admin/dashboard/viewers.ts';
import { refused } from '../../support/diagnostics.ts';
import { eventually } from '../../support/eventually.ts';
import { ask, exchange, get, header } from '../../support/exchange.ts';
import { startDashboard, Watcher } from './dashboard-fixture.ts';

const HOSTILE = '<img src=x onerror=alert(1)>\n\nevent: problems\ndata: {}\r\n\u2028</script>';

test('who comes gets all there is, as server-sent events', async context => {
  const { at, control } = await startDashboard(context);
  control.refusalList = [refused({ namespace: 'a', name: 'b' }, 'BadAnnotation', 'no')];
  const watcher = await Watcher.open(context, at);
  const { refusals } = await watcher.until<Diagnostics>('problems', () => true);
  const item = { service: { namespace: 'a', name: 'b' }, reason: 'BadAnnotation', message: 'no', paths: [] };
  assert.deepEqual(refusals, { total: 1, items: [item] });
  const { health } = await watcher.until<TrafficSample>('sample', () => true);
  assert.equal(health.phase, 'serving');
  assert.deepEqual(health.program, control.program);
  assert.deepEqual(health.source, { ...control.sourceReport, problem: '' });
  assert.equal(health.stale, null);
  assert.match(watcher.text, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(watcher.text, /\r\ncontent-type: text\/event-stream\r\n/i);
  assert.equal(watcher.events('history').length, 1);
});

test('requests come as rates, errors and quantiles of the time between two samples', async context => {
  const { at, counters } = await startDashboard(context);
  const watcher = await Watcher.open(context, at);
  await watcher.until<TrafficSample>('sample', ({ point }) => point !== null);
  for (let count = 0; count < 100; count += 1) counters.countRequest(0, count < 10 ? 503 : 200, 0.0075, 0.007);
  const { point } = await watcher.until<TrafficSample>('sample', sample => (sample.point?.requests ?? 0) > 0);
  assert.ok(point);
  assert.ok(Math.abs(point.errors / point.requests - 0.1) < 1e-9);
  // Between the bounds of the bucket.
  for (const quantile of [point.p50, point.p90, point.p99])
    assert.ok(Number(quantile) > 0.005 && Number(quantile) <= 0.01);
  assert.ok(Number(point.p50) < Number(point.p99));
});

test('states are sent again only when they have changed', async context => {
  const { at, control } = await startDashboard(context);
  const watcher = await Watcher.open(context, at);
  await eventually('several samples', () => watcher.events('sample').length > 3);
  assert.equal(watcher.events('problems').length, 1);
  const change = { version: 2, at: 1, tookMs: 1, added: 1, changed: 0, removed: 0, routes: [] };
  control.changeList = [change];
  assert.deepEqual(await watcher.until<TableChange[]>('changes', ([first]) => first !== undefined), [change]);
  assert.equal(watcher.events('changes').length, 2);
});

test('nothing that a Service says can end an event or make one', async context => {
  const { at, control } = await startDashboard(context);
  control.refusalList = [refused({ namespace: 'a', name: HOSTILE }, 'BadAnnotation', HOSTILE)];
  control.sourceReport = { kind: 'kube', synced: false, problem: HOSTILE };
  const watcher = await Watcher.open(context, at);
  const { health } = await watcher.until<TrafficSample>('sample', () => true);
  assert.equal(health.source.problem, HOSTILE);
  // The next sample comes after all that came with the first.
  await eventually('another sample', () => watcher.events('sample').length > 1);
  const problems = watcher.events('problems') as Diagnostics[];
  assert.deepEqual(
    problems.map(({ refusals }) => refusals.items[0]?.message),
    [HOSTILE],
  );
});

test('of very many problems the first are sent, and how many there are', async context => {
  const { at, control } = await startDashboard(context);
  control.refusalList = Array.from({ length: 5_000 }, (_, index) =>
    refused({ namespace: 'a', name: `s${index}` }, 'NoPort', 'it has no port'),
  );
  const watcher = await Watcher.open(context, at);
  const { refusals } = await watcher.until<Diagnostics>('problems', () => true);
  assert.deepEqual([refusals.total, refusals.items.length], [5_000, 100]);
});

test('figures are taken while nobody watches: the first to come has the history', async context => {
  const { at, feed } = await startDashboard(context);
  await eventually('points', () => feed.sampler.history.length > 5);
  const watcher = await Watcher.open(context, at);
  const history = await watcher.until<Point[]>('history', () => true);
  assert.ok(history.length > 5);
});

test('a viewer keeps its place by saying that it is there', async context => {
  const { at } = await startDashboard(context);
  const watcher = await Watcher.open(context, at);
  const viewer = await watcher.until<string>('viewer', () => true);
  assert.equal((await get(at, `/dashboard/watching?viewer=${viewer}`)).status, 204);
  for (const unknown of ['?viewer=x', '', '?viewer=a&viewer=b']) {
    assert.ok([400, 404].includes((await get(at, `/dashboard/watching${unknown}`)).status), unknown);
  }
  watcher.destroy();
  await eventually('that it is forgotten', async () => {
    return (await get(at, `/dashboard/watching?viewer=${viewer}`)).status === 404;
  });
});

test('so many may watch and no more', async context => {
  const { at } = await startDashboard(context);
  const watchers = await Promise.all(Array.from({ length: MAX_VIEWERS }, () => Watcher.open(context, at)));
  await Promise.all(watchers.map(watcher => watcher.until<TrafficSample>('sample', () => true)));
  const refused = await get(at, '/dashboard/events');
  assert.equal(refused.status, 503);
  assert.deepEqual(header(refused, 'retry-after'), ['5']);
  watchers[0]?.destroy();
  await eventually('a free place', async () => {
    const late = await Watcher.open(context, at);
    await eventually('an answer', () => late.text !== '');
    return late.text.startsWith('HTTP/1.1 200');
  });
});

test('HEAD of the stream has its head and ends', async context => {
  const { at } = await startDashboard(context);
  const head = await exchange(at, 'HEAD /dashboard/events HTTP/1.1\r\nHost: localhost\r\n\r\n');
  assert.match(head, /^HTTP\/1\.1 200 OK\r\n.*content-type: text\/event-stream\r\n.*\r\n\r\n$/s);
});

test('streams end when the server closes, and it does not wait for them', async context => {
  const { at, close } = await startDashboard(context);
  const watcher = await Watcher.open(context, at);
  await watcher.until<TrafficSample>('sample', () => true);
  await close();
  await watcher.ended();
  await assert.rejects(ask(at, 'GET', '/'));
});
