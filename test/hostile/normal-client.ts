import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ListenAddress } from '../../src/formats/listen-address.ts';
import { RawClient } from '../support/raw-client.ts';

const PAUSE_MS = 5;
const CONNECTIONS = 4;
/** Far more than a request takes even on a busy machine that stands still now and then. */
const PATIENCE_MS = 60_000;

/** Somebody who only wants to be served, on kept connections and on new ones. */
export class NormalClient {
  readonly #address: ListenAddress;
  readonly #times: number[] = [];
  readonly #running: Promise<void>[];
  #isOver = false;

  /** Begins at once. */
  constructor(address: ListenAddress) {
    this.#address = address;
    this.#running = Array.from({ length: CONNECTIONS }, () => this.#ask());
  }

  /** @throws what went wrong in the meantime */
  async assertServed(t: TestContext): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#running);
    this.#times.sort((a, b) => a - b);
    const quantile = (share: number): string => (this.#times[Math.floor(this.#times.length * share)] ?? 0).toFixed(1);
    t.diagnostic(`a normal client: ${this.#times.length} answers, p50 ${quantile(0.5)} ms, p99 ${quantile(0.99)} ms`);
    assert.ok(this.#times.length > 10);
  }

  async #ask(): Promise<void> {
    while (!this.#isOver) {
      const client = await RawClient.connect(this.#address);
      try {
        for (let count = 0; count < 10; count += 1) {
          const began = performance.now();
          await client.send('GET /page HTTP/1.1\r\nHost: test\r\n\r\n');
          const { status, body } = await client.response({ deadlineMs: PATIENCE_MS });
          assert.deepEqual([status, body], [200, 'ok']);
          this.#times.push(performance.now() - began);
          await delay(PAUSE_MS);
        }
      } finally {
        client.destroy();
      }
    }
  }
}
