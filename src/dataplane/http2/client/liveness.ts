import type { Outbox } from '../outbox.ts';
import { LOOK_EVERY_MS, PING_EVERY_MS } from './limits.ts';

const ARE_YOU_THERE = Buffer.from('alive?  ');

/** What the upstream is asked on. */
export interface AskedConnection {
  readonly outbox: Pick<Outbox, 'ping'>;
  /** Bytes that came on it. */
  readonly receivedBytes: number;
}

/**
 * Whether an upstream still answers on a connection where requests are under way: it is looked at now and then. Silence goes on
 * from one request to the next: clients that give up early must not keep a dead connection in use.
 */
export class Liveness {
  readonly #connection: AskedConnection;
  /** What had come at the last look, or when a request began after something had come. */
  #received = -1;
  /** When the next look is due, by the wheel's coarse clock. */
  #lookAt = 0;
  /** A PING waits for its answer; any byte counts as one. */
  #isAsked = false;
  /** No PING before this time, by the same clock. */
  #mayAskAt = 0;

  constructor(connection: AskedConnection) {
    this.#connection = connection;
  }

  /** A request begins where none was under way. @returns milliseconds until the next look */
  begins(now: number): number {
    if (this.#connection.receivedBytes !== this.#received) this.#heard(now);
    return Math.max(0, this.#lookAt - now);
  }

  /**
   * Sends a PING where nothing has come since the last look.
   * @returns false when nothing has come since the PING of the last look, either
   */
  look(now: number): boolean {
    const { receivedBytes, outbox } = this.#connection;
    if (receivedBytes !== this.#received) {
      this.#heard(now);
      return true;
    }
    if (this.#isAsked) return false;
    this.#lookAt = now + LOOK_EVERY_MS;
    if (now < this.#mayAskAt) return true;
    this.#isAsked = true;
    this.#mayAskAt = now + PING_EVERY_MS;
    outbox.ping(ARE_YOU_THERE);
    return true;
  }

  #heard(now: number): void {
    this.#received = this.#connection.receivedBytes;
    this.#isAsked = false;
    this.#lookAt = now + LOOK_EVERY_MS;
  }
}
