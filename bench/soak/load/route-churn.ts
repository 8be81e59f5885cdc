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
  #connection: ClientConnection;

  constructor(options: RouteChurnOptions) {
    this.#options = options;
    this.#connection = new ClientConnection(options.port);
  }

  async run(): Promise<void> {
    const { signal, journal } = this.#options;
    while (!signal.aborted) {
      const began = performance.now();
      try {
        await this.#push();
        await this.#expect(this.pushes, '200');
        // Any of those that stay must not notice.
        await this.#expect(this.pushes - Math.floor((PASSING / 2) * Math.random()), '200');
        await this.#expect(this.pushes - PASSING, '404');
      } catch (error) {
        journal.addUnexplained(`push: ${reasonOf(error)}`);
      }
      await sleep(Math.max(0, began + INTERVAL_MS - performance.now()));
    }
    this.#connection.finish();
    await this.#connection.closed;
  }

  async #push(): Promise<void> {
    const { admin, ports } = this.#options;
    const newest = this.pushes + 1;
    const count = Math.min(PASSING, newest);
    const passing = Array.from({ length: count }, (_, index) => nameOf(newest - index));
    await admin.pushBackends(backendRecords(ports, newest, passing));
    this.pushes = newest;
  }

  async #expect(number: number, expected: '200' | '404'): Promise<void> {
    if (number < 1) return;
    const { port, journal } = this.#options;
    // Any answer may be the last on its connection: there is a limit to their number.
    if (!this.#connection.isOpen) this.#connection = new ClientConnection(port);
    const outcome = await this.#connection.send(get(`/${nameOf(number)}/small`));
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
