/** Metrics of a program in a known state, and what a scrape of them says. */
import assert from 'node:assert/strict';
import { CounterBoard } from '../../src/observe/counter-board.ts';
import type { EndpointStatistics } from '../../src/observe/endpoint-series.ts';
import { Metrics, type ProgramState } from '../../src/observe/registry.ts';
import { type Family, parsePrometheusText, type Sample } from '../support/prometheus-text.ts';

export const STATE: ProgramState = {
  ready: true,
  draining: false,
  workers: 4,
  workerConnections: 1024,
  routes: 3,
  configVersion: 17,
  configLastChangeMs: 1_700_000_000_250,
  refusalReasons: ['HEADLESS', 'BAD_PATH', 'HEADLESS'],
  conflicts: 2,
  configStaleSinceMs: undefined,
  workerRestarts: 1,
  workerLagsMs: [0, 7_500],
  controlErrors: 2,
  descriptorsExhausted: 3,
  kubeWatch: {
    events: 40,
    restarts: 5,
    lastEventMs: 1_700_000_001_500,
    synced: true,
    serviceEvents: { posted: 7, leftOut: 2 },
    statusWrites: { written: 12, conflicts: 1, failed: 0 },
  },
};

export const ENDPOINTS: EndpointStatistics = {
  figures: () => [],
  ejections: { failures_in_a_row: 4, failed_trial: 0 },
  counts: () => [
    {
      service: { namespace: 'shop', name: 'cart' },
      counts: new Map([
        ['ready', 2],
        ['ejected', 1],
      ]),
    },
    { service: { namespace: 'shop', name: 'empty' }, counts: new Map([['ready', 0]]) },
  ],
};

export function setUp(state: Partial<ProgramState> = {}) {
  const board = new CounterBoard();
  const metrics = new Metrics({
    board,
    state: () => ({ ...STATE, ...state }),
    endpoints: ENDPOINTS,
    version: '1.2.3',
    engine: 'node',
  });
  return { board, metrics };
}

export async function scrape(metrics: Metrics): Promise<Map<string, Family>> {
  const { contentType, body } = await metrics.scrape();
  assert.equal(contentType, 'text/plain; version=0.0.4; charset=utf-8');
  return parsePrometheusText(Buffer.from(body).toString());
}

export function samples(families: Map<string, Family>, name: string): readonly Sample[] {
  const family = families.get(name);
  assert.ok(family, name);
  return family.samples;
}

/** The value of the only series. */
export function single(families: Map<string, Family>, name: string): number {
  const [sample, ...more] = samples(families, name);
  assert.ok(sample, name);
  assert.deepEqual([sample.labels, more], [{}, []], name);
  return sample.value;
}

/** Values by one label. */
export function by(families: Map<string, Family>, name: string, label: string): Record<string, number> {
  return Object.fromEntries(samples(families, name).map(({ labels, value }) => [labels[label] ?? '', value]));
}
