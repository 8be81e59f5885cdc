import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TableSummary } from '../../../src/cli/admin-answers.ts';
import { type Frame, renderLine, renderScreen } from '../../../src/cli/watch/frame.ts';
import { PLAIN } from '../../../src/formats/colour.ts';

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
        connections: { active: 0, accepted: 0, handled: 0, requests: 0, reading: 0, writing: 0, waiting: 0 },
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
    [{ draining: true }, / draining;/, /is not ready: draining, it ends when its requests have ended$/],
  ] as const) {
    const frame = frameOf(table);
    assert.match(renderLine(frame), line);
    assert.match(renderScreen(frame, { columns: 200, rows: 20, paint: PLAIN })[0] ?? '', headline);
  }
});
