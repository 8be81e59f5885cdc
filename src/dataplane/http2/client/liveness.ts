import type { Outbox } from '../outbox.ts';
import { PING_EVERY_MS } from './limits.ts';

const ARE_YOU_THERE = Buffer.from('alive?  ');

/** What the upstream is asked on. */
export interface AskedConnection {
  readonly outbox: Pick<Outbox, 'ping'>;
  /** Bytes that came on it. */
  readonly receivedBytes: number;
}

/** Whether an upstream still answers on a connection where requests are under way: it is looked at now and then. */
export class Liveness {
  readonly #connection: AskedConnection;
  /** What had come at the last look. */
  #received = 0;
  /** A PING waits for its answer; any byte counts as one. */
  #isAsked = false;
  /** No PING before this time, by the wheel's coarse clock. */
  #mayAskAt = 0;

  constructor(connection: AskedConnection) {
    this.#connection = connection;
  }

  /**
   * Sends a PING where nothing has come since the last look.
   * @returns false when nothing has come since the PING of the last look, either
   */
  look(now: number): boolean {
    const { receivedBytes, outbox } = this.#connection;
    if (receivedBytes !== this.#received) {
      this.#received = receivedBytes;
      this.#isAsked = false;
      return true;
    }
    if (this.#isAsked) return false;
    if (now < this.#mayAskAt) return true;
    this.#isAsked = true;
    this.#mayAskAt = now + PING_EVERY_MS;
    outbox.ping(ARE_YOU_THERE);
    return true;
  }
}
