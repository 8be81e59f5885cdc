import assert from 'node:assert/strict';
import { after, describe, it, type TestContext } from 'node:test';
import { messageOf } from '../../src/errors.ts';
import type { ProxyKind } from '../support/proxy-under-test.ts';
import { ENGINES, type Gap } from './engines.ts';

export interface Suite {
  readonly engine: ProxyKind;
  /** One requirement of the contract, which must hold or be a known gap of this engine. */
  readonly test: (name: string, body: (t: TestContext) => Promise<void>) => void;
}

/** Far above what any test needs: it ends a test that hangs. */
const TIMEOUT_MS = 300_000;

/** Declares an area of the contract: its tests run once for each engine, several at a time. */
export function conformance(area: string, declare: (suite: Suite) => void): void {
  for (const { name: engine, gaps } of ENGINES) {
    const known = new Map(Object.entries(gaps[area] ?? {}));
    describe(`${engine}: ${area}`, { concurrency: 8, timeout: 4 * TIMEOUT_MS }, () => {
      declare({
        engine,
        test: (name, body) => {
          const gap = known.get(name);
          known.delete(name);
          it(name, { timeout: TIMEOUT_MS }, gap === undefined ? body : t => expectGap(t, gap, body));
        },
      });
      const forgotten = [...known.keys()];
      after(() => assert.deepEqual(forgotten, [], 'gaps in engines.ts that name no test of this area'));
    });
  }
}

async function expectGap(t: TestContext, gap: Gap, body: (t: TestContext) => Promise<void>): Promise<void> {
  let failure: unknown;
  try {
    await body(t);
  } catch (error) {
    failure = error;
  }
  assert.notEqual(failure, undefined, 'this gap is closed: remove it from engines.ts');
  assert.match(messageOf(failure), gap.fails, 'this fails in another way than engines.ts says');
  t.diagnostic(`known gap: ${gap.reason}`);
}
