/** Healthy clients of a healthy Service: every request must be answered with its own, whole answer. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Journal } from '../journal.ts';
import { STEADY } from '../target/services.ts';
import { ClientConnection, type Outcome, outcomeText } from './client-connection.ts';
import { get, POSTED_LENGTH, post, postChunked } from './requests.ts';

export const CONNECTIONS = 64;
/** What is late by more is left out: a pause of the machine is not made up for by a burst. */
const MAX_LATE_MS = 500;
/** Requests on a connection, at most: new ones keep coming, to either worker. */
const MAX_REQUESTS = 2_000;

interface Kind {
  readonly name: string;
  readonly bytes: (idHeader: string) => string;
  /** What the response's head has to hold besides the id. */
  readonly header: string;
}

const SMALL: Kind = { name: 'small', bytes: id => get(`/${STEADY}/small`, id), header: '' };
const OTHERS: readonly Kind[] = [
  { name: 'large', bytes: id => get(`/${STEADY}/large`, id), header: '\r\nContent-Length: 65536\r\n' },
  { name: 'chunked', bytes: id => get(`/${STEADY}/chunked`, id), header: '\r\nTransfer-Encoding: chunked\r\n' },
  { name: 'post', bytes: id => post(`/${STEADY}/length`, id), header: POSTED_LENGTH },
  { name: 'chunked post', bytes: id => postChunked(`/${STEADY}/length`, id), header: POSTED_LENGTH },
];
/** One request in so many is one of the others. */
const OTHERS_EVERY = 5;

export class SteadyClients {
  /** Requests answered. */
  done = 0;
  readonly #port: number;
  readonly #journal: Journal;
  readonly #signal: AbortSignal;
  /** Between two requests; 0: each as soon as the one before is answered. */
  #intervalMs = 0;
  #nextAt = 0;
  #id = 0;

  constructor(port: number, journal: Journal, signal: AbortSignal) {
    this.#port = port;
    this.#journal = journal;
    this.#signal = signal;
  }

  /** @param perSecond over all connections */
  pace(perSecond: number): void {
    this.#intervalMs = 1000 / perSecond;
    this.#nextAt = performance.now();
  }

  async run(): Promise<void> {
    await Promise.all(Array.from({ length: CONNECTIONS }, () => this.#runOne()));
  }

  async #runOne(): Promise<void> {
    while (!this.#signal.aborted) {
      const connection = new ClientConnection(this.#port);
      const requests = Math.ceil(MAX_REQUESTS * Math.random());
      for (let count = 0; count < requests && connection.isOpen && !this.#signal.aborted; count += 1) {
        await this.#turn();
        await this.#exchange(connection);
      }
      connection.finish();
      await connection.closed;
    }
  }

  async #turn(): Promise<void> {
    if (this.#intervalMs === 0) return;
    const now = performance.now();
    const at = Math.max(this.#nextAt, now - MAX_LATE_MS);
    this.#nextAt = at + this.#intervalMs;
    if (at > now) await sleep(at - now);
  }

  async #exchange(connection: ClientConnection): Promise<void> {
    this.#id += 1;
    const id = this.#id;
    const kind = id % OTHERS_EVERY === 0 ? (OTHERS[(id / OTHERS_EVERY) % OTHERS.length] ?? SMALL) : SMALL;
    const outcome = await connection.send(kind.bytes(`X-Soak-Id: ${id}\r\n`));
    if (outcome.status === 0) this.#journal.uncertain += 1;
    else this.#journal.countAnswer(STEADY, outcome.status);
    const problem = problemOf(outcome, id, kind);
    if (problem === undefined) this.done += 1;
    else this.#journal.addUnexplained(`${STEADY}, ${kind.name}: ${problem}`);
  }
}

function problemOf(outcome: Outcome, id: number, { header }: Kind): string | undefined {
  if (outcome.end !== 'complete' || outcome.status !== 200) return outcomeText(outcome);
  if (!outcome.head.includes(`\r\nX-Soak-Id: ${id}\r\n`)) return 'the answer to another request';
  return outcome.head.includes(header) ? undefined : 'a message that was changed on its way';
}
