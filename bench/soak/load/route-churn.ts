/** Routes that come and go all the time; what a push has answered for is true at once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf } from '../../support/bench-error.ts';
import type { Journal } from '../journal.ts';
import type { Admin } from '../target/admin.ts';
import { type BackendPorts, backendRecords } from '../target/services.ts';
import { ClientConnection, outcomeText } from './client-connection.ts';
import { get } from './requests.ts';

const INTERVAL_MS = 100;
/** Passing Services at a time; with each push one comes and the oldest goes. */
const PASSING = 20;
/** Passing Services are counted together: their own counters go with them. */
const PASSING_NAME = 'passing';

export interface RouteChurnOptions {
  readonly port: number;
  readonly admin: Admin;
  readonly ports: BackendPorts;
  readonly journal: Journal;
  readonly signal: AbortSignal;
}

export class RouteChurn {
  /** Pushes that were answered. */
  pushes = 0;
  readonly #options: RouteChurnOptions;

  constructor(options: RouteChurnOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    const { port, signal, journal } = this.#options;
    let connection = new ClientConnection(port);
    while (!signal.aborted) {
      const began = performance.now();
      try {
        await this.#push();
        if (!connection.isOpen) connection = new ClientConnection(port);
        await this.#expect(connection, this.pushes, '200');
        // Any of those that stay must not notice.
        await this.#expect(connection, this.pushes - Math.floor((PASSING / 2) * Math.random()), '200');
        await this.#expect(connection, this.pushes - PASSING, '404');
      } catch (error) {
        journal.addUnexplained(`push: ${reasonOf(error)}`);
      }
      await sleep(Math.max(0, began + INTERVAL_MS - performance.now()));
    }
    connection.finish();
    await connection.closed;
  }

  async #push(): Promise<void> {
    const { admin, ports } = this.#options;
    const newest = this.pushes + 1;
    const count = Math.min(PASSING, newest);
    const passing = Array.from({ length: count }, (_, index) => nameOf(newest - index));
    await admin.pushBackends(backendRecords(ports, newest, passing));
    this.pushes = newest;
  }

  async #expect(connection: ClientConnection, number: number, expected: '200' | '404'): Promise<void> {
    if (number < 1) return;
    const { journal } = this.#options;
    const outcome = await connection.send(get(`/${nameOf(number)}/small`));
    if (outcome.status === 0) journal.uncertain += 1;
    else journal.countAnswer(PASSING_NAME, outcome.status);
    const text = outcomeText(outcome);
    if (text !== expected) journal.addUnexplained(`a route that has ${expected === '200' ? 'come' : 'gone'}: ${text}`);
    else if (text === '404') journal.countProvoked('gone route: 404');
  }
}

function nameOf(number: number): string {
  return `p${number}`;
}
