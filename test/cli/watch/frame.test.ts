import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TableSummary } from '../../../src/cli/admin-answers.ts';
import { type Frame, renderLine, renderScreen } from '../../../src/cli/watch/frame.ts';
import { PLAIN } from '../../../src/text/colour.ts';

function frameOf(table: Partial<TableSummary>): Frame {
  return {
    socket: 'admin.sock',
    time: 0,
    sample: {
      status: {
        build: { version: '1.2.3' },
        table: {
          version: 1,
          initialised: true,
          draining: false,
          source: { kind: 'push', synced: true },
          routes: 1,
          refusals: 0,
          conflicts: 0,
          ...table,
        },
        endpoints: {},
        gateways: {},
        certificates: { count: 0, problems: {} },
        connections: { active: 0, accepted: 0, handled: 0, requests: 0, reading: 0, writing: 0, waiting: 0 },
        lateWorkers: [],
      },
      upstreams: { idle: 0, busy: 0 },
      workers: 2,
      workerRestarts: 0,
      startedAt: undefined,
      changedAt: undefined,
      counts: new Map(),
      places: new Map(),
    },
    traffic: undefined,
    outage: undefined,
  };
}

test('a line and a screen tell an instance that drains from one that waits and one that is ready', () => {
  for (const [table, line, headline] of [
    [{}, / ready;/, /is ready$/],
    [{ initialised: false }, / not ready;/, /is not ready: no complete route table yet$/],
    [
      { source: { kind: 'kube', synced: false, lostSince: '1969-12-31T23:59:00.000Z', problem: 'no answer' } },
      / stale;/,
      /is ready, stale since 1969-12-31T23:59:00\.000Z: the source of routes is lost, the last ones are served$/,
    ],
    [{ source: { kind: 'kube', synced: false, lostSince: '1969-12-31T23:59:59.000Z' } }, / ready;/, /is ready$/],
    [{ draining: true }, / draining;/, /is not ready: draining, it exits when its requests have ended$/],
  ] as const) {
    const frame = frameOf(table);
    assert.match(renderLine(frame), line);
    assert.match(renderScreen(frame, { columns: 200, rows: 20, paint: PLAIN })[0] ?? '', headline);
  }
});

test('on a narrow terminal what is wrong is continued below, and never more than fits', () => {
  const problem = 'cannot reach the Kubernetes API at https://10.0.0.1:6443 (connect ECONNREFUSED 10.0.0.1:6443)';
  const frame = frameOf({ source: { kind: 'kube', synced: false, problem } });
  const screen = renderScreen(frame, { columns: 50, rows: 30, paint: PLAIN });
  assert.ok(screen.every(line => line.length <= 50));
  assert.ok(
    screen
      .map(line => line.trim())
      .join(' ')
      .includes(problem),
  );
  const endless = frameOf({ source: { kind: 'kube', synced: false, problem: 'word '.repeat(500) } });
  assert.ok(renderScreen(endless, { columns: 50, rows: 60, paint: PLAIN }).length < 20);
  const away = {
    ...frame,
    outage: { since: 0, reason: `there is no admin socket at /run/${'long/'.repeat(20)}admin.sock` },
  };
  assert.match(renderScreen(away, { columns: 50, rows: 30, paint: PLAIN }).join(''), /admin\.sock/);
});
