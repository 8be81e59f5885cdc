import assert from 'node:assert/strict';
import { ClusterHealth, type JudgedEndpoint } from '../../src/control/health/cluster-health.ts';
import type { OutlierLimits } from '../../src/control/health/ejection.ts';
import { FailureWindows } from '../../src/control/health/failure-windows.ts';
import { EndpointBoard } from '../../src/observe/endpoint-board.ts';

export const LIMITS: OutlierLimits = { failures: 5, ejectionMs: 30_000, maxEjectedPercent: 33 };
const WORKERS = 2;

/** A cluster of as many endpoints as a test wants, whose name is their slot, and what was said about them. */
export class Scene {
  readonly board = new EndpointBoard(WORKERS);
  readonly rows = [this.board.row(0), this.board.row(1)] as const;
  readonly said: string[] = [];
  readonly health: ClusterHealth<JudgedEndpoint>;
  limits = LIMITS;
  now = 0;
  readonly #windows = new FailureWindows(this.board);

  constructor(count: number) {
    this.health = new ClusterHealth<JudgedEndpoint>(
      { board: this.board, windows: this.#windows, limits: () => this.limits, now: () => this.now },
      {
        ejected: ({ id }, { reason, times, until, since }) =>
          this.said.push(`${id} ${reason} ${times} ${(until - since) / 1000}s`),
        returned: ({ id }) => this.said.push(`${id} returned`),
      },
    );
    this.health.update(endpointsFrom(count));
  }

  /** Attempts at an endpoint, in turns by the two workers. */
  ok(slot: number, times = 1): void {
    for (let count = 0; count < times; count += 1) this.rows[count % WORKERS === 0 ? 0 : 1].succeeded(slot, 1);
  }

  failed(slot: number, times = 1): void {
    for (let count = 0; count < times; count += 1) {
      const inARow = this.rows[count % WORKERS === 0 ? 0 : 1].failed(slot);
      if (inARow === this.limits.failures) this.health.suspect(this.endpoint(slot));
    }
  }

  pass(seconds: number): void {
    for (let second = 0; second < seconds; second += 1) {
      this.now += 1000;
      this.health.sweep();
    }
  }

  endpoint(slot: number): JudgedEndpoint {
    const found = this.health.endpoints.find(endpoint => endpoint.slot === slot);
    assert.ok(found);
    return found;
  }

  verdicts(): number[] {
    return this.health.endpoints.map(({ slot }) => this.board.verdict(slot));
  }
}

export function endpointsFrom(count: number, first = 0): JudgedEndpoint[] {
  return Array.from({ length: count }, (_, index) => ({ id: String(first + index), slot: first + index }));
}

/** One failure has been seen, from which on requests count for the rate. The count of failures in a row is of no interest. */
export function suspected(): Scene {
  const scene = new Scene(3);
  scene.limits = { ...LIMITS, failures: 1000 };
  scene.failed(1);
  scene.pass(1);
  return scene;
}
