/** Many failures make few lines, each with an example and the number of the others. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FailureReporter } from '../../src/dataplane/pipeline/failure-reporter.ts';
import type { FailureExample, FailureNotice } from '../../src/failures/failure-example.ts';
import { FailureThrottle } from '../../src/failures/failure-throttle.ts';
import { FAILURE_REASONS, FAILURES, type FailureReason } from '../../src/failures/failures.ts';
import { CounterBoard } from '../../src/observe/counter-board.ts';
import { WorkerCounters } from '../../src/observe/counters.ts';
import { FailureLog } from '../../src/observe/failure-log.ts';
import type { Logger } from '../../src/observe/logger.ts';

function exampleOf(reason: FailureReason, service: string, more: Partial<FailureExample> = {}): FailureExample {
  return { reason, at: 1, service, status: 502, requestId: 'id', path: '/a', upstream: 'u:1', detail: '', ...more };
}

/** A throttle whose time a test moves. */
class Bench {
  now = 0;
  readonly told: FailureNotice[] = [];
  made = 0;
  readonly throttle = new FailureThrottle(
    notice => this.told.push(notice),
    () => this.now,
  );

  fail(service: string, reason: FailureReason = 'upstream_refused', path = '/a'): void {
    this.throttle.add(reason, service, 1, () => {
      this.made += 1;
      return exampleOf(reason, service, { path });
    });
  }

  pass(milliseconds: number): void {
    this.now += milliseconds;
    this.throttle.advance();
  }

  /** What has been told since this was asked last. */
  take(): [service: string, path: string, others: number][] {
    return this.told.splice(0).map(({ example, others }) => [example.service, example.path, others]);
  }
}

describe('FailureThrottle', () => {
  it('tells the first at once, then one a second with the number of the others', () => {
    const bench = new Bench();
    bench.fail('a/b');
    assert.deepEqual(bench.take(), [['a/b', '/a', 0]]);
    bench.fail('a/b', 'upstream_refused', '/second');
    for (let count = 0; count < 999; count += 1) bench.fail('a/b', 'upstream_refused', '/later');
    assert.equal(bench.made, 2, 'an example that is not used is not made');
    bench.pass(999);
    assert.deepEqual(bench.take(), []);
    bench.pass(1);
    assert.deepEqual(bench.take(), [['a/b', '/second', 999]]);
    bench.pass(1_000);
    assert.deepEqual(bench.take(), []);
    bench.fail('a/b');
    assert.deepEqual(bench.take(), [['a/b', '/a', 0]]);
    bench.throttle.end();
  });

  it('has a second for each reason and Service', () => {
    const bench = new Bench();
    bench.fail('a/b');
    bench.fail('a/c');
    bench.fail('a/b', 'upstream_reset');
    bench.fail('', 'no_route');
    assert.equal(bench.take().length, 4);
    bench.throttle.end();
  });

  it('tells no more than a hundred Services apart, and one more of each reason', () => {
    const bench = new Bench();
    for (let round = 0; round < 2; round += 1) {
      for (let service = 0; service < 5_000; service += 1) bench.fail(`a/${service}`);
    }
    assert.equal(bench.take().length, 101);
    bench.pass(1_000);
    const later = bench.take();
    assert.equal(later.length, 101);
    assert.equal(
      later.reduce((sum, [, , others]) => sum + others + 1, 0),
      10_000 - 101,
    );
    bench.throttle.end();
  });

  it('tells the rest at the end', () => {
    const bench = new Bench();
    for (let count = 0; count < 3; count += 1) bench.fail('a/b');
    bench.take();
    bench.throttle.end();
    assert.deepEqual(bench.take(), [['a/b', '/a', 1]]);
  });
});

describe('FailureReporter', () => {
  it('counts every failure, and cuts what a client made long', () => {
    const counters = new WorkerCounters();
    const told: FailureNotice[] = [];
    const reporter = new FailureReporter(counters, notice => told.push(notice));
    const long = '/x'.repeat(10_000);
    for (let count = 0; count < 5; count += 1) {
      reporter.report('no_route', '', () => exampleOf('no_route', '', { path: long, detail: long }));
    }
    reporter.end();
    assert.equal(counters.failures('no_route'), 5);
    assert.equal(told.length, 2);
    for (const { example } of told) assert.ok(JSON.stringify(example).length < 1_000);
  });

  it('counts each reason on its own', () => {
    const counters = new WorkerCounters();
    for (const [index, reason] of FAILURE_REASONS.entries()) {
      for (let count = 0; count <= index; count += 1) counters.countFailure(reason);
    }
    assert.deepEqual(
      FAILURE_REASONS.map(reason => counters.failures(reason)),
      FAILURE_REASONS.map((_, index) => index + 1),
    );
    assert.equal(counters.get('accessLogDropped'), 0);
  });
});

describe('FailureLog', () => {
  function bench() {
    const lines: [level: string, fields: Readonly<Record<string, unknown>>, message: string][] = [];
    const write = (level: string) => (fields: object, message: string) => lines.push([level, { ...fields }, message]);
    const logger = { info: write('info'), error: write('error') } as unknown as Logger;
    const board = new CounterBoard();
    return { lines, region: board.addRegion(), log: new FailureLog(board, logger) };
  }

  it('a line says what happened, where, and for how many others it stands', () => {
    const { lines, log } = bench();
    log.take({ example: exampleOf('upstream_refused', 'a/b', { detail: 'ECONNREFUSED' }), others: 41 });
    assert.deepEqual(lines, [
      [
        'info',
        {
          reason: 'upstream_refused',
          service: 'a/b',
          status: 502,
          requestId: 'id',
          path: '/a',
          upstream: 'u:1',
          detail: 'ECONNREFUSED',
          others: 41,
        },
        `request failed: ${FAILURES.upstream_refused.meaning}`,
      ],
    ]);
    log.end();
  });

  it('notices of several workers make one line a second', () => {
    const { lines, log } = bench();
    for (let worker = 0; worker < 4; worker += 1) log.take({ example: exampleOf('no_route', ''), others: 9 });
    assert.equal(lines.length, 1);
    log.end();
    assert.deepEqual(
      lines.map(([, { others }]) => others),
      [9, 29],
    );
  });

  it('a bug is an error with its stack', () => {
    const { lines, log } = bench();
    log.take({ example: exampleOf('internal', 'a/b', { detail: 'TypeError: x\n    at y' }), others: 0 });
    const [[level, fields] = []] = lines;
    assert.equal(level, 'error');
    assert.equal(fields?.stack, 'TypeError: x\n    at y');
    log.end();
  });

  it('reports the reasons that have come up, with how often and the last examples, the newest first', () => {
    const { region, log } = bench();
    assert.deepEqual(log.report(), []);
    for (let count = 0; count < 3; count += 1) region.countFailure('upstream_reset');
    region.countFailure('no_route');
    const examples = ['a/c', 'a/b'].map(service => exampleOf('upstream_reset', service));
    for (const example of examples.toReversed()) log.take({ example, others: 0 });
    assert.deepEqual(log.report(), [
      { reason: 'no_route', count: 1, examples: [] },
      { reason: 'upstream_reset', count: 3, examples },
    ]);
    log.end();
  });
});
