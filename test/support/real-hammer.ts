/** Clients that ask all the time, and count every answer that is not the right one. */
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { type RequestOptions, Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';

const KEEP_ALIVE_CLIENTS = 4;
const ONE_SHOT_CLIENTS = 2;
/** Between two requests of a client: the machine has work besides. */
const PAUSE_MS = 5;
const TIMEOUT_MS = 30_000;

export interface HammerReport {
  readonly requests: number;
  /** What went wrong, and how often. */
  readonly failures: Readonly<Record<string, number>>;
  /** Between two right answers, the longest time in milliseconds. */
  readonly longestGapMs: number;
}

export class Hammer implements AsyncDisposable {
  readonly #url: string;
  readonly #expected: string;
  readonly #options: RequestOptions;
  readonly #agent: Agent;
  readonly #clients: Promise<void>[];
  readonly #failures: Record<string, number> = {};
  #requests = 0;
  #lastAnswerAt = performance.now();
  #longestGapMs = 0;
  #isOver = false;

  /** Begins at once. @param expected the body of every answer @param options of every request, as for a host that DNS does not know */
  constructor(url: string, expected: string, options: RequestOptions = {}) {
    this.#url = url;
    this.#options = options;
    this.#agent = url.startsWith('https:') ? new TlsAgent({ keepAlive: true }) : new Agent({ keepAlive: true });
    this.#expected = expected;
    this.#clients = [
      ...Array.from({ length: KEEP_ALIVE_CLIENTS }, () => this.#hammer(this.#agent)),
      ...Array.from({ length: ONE_SHOT_CLIENTS }, () => this.#hammer(false)),
    ];
  }

  /** So far. */
  get requests(): number {
    return this.#requests;
  }

  /** So far. */
  get failures(): Readonly<Record<string, number>> {
    return { ...this.#failures };
  }

  /** Answers that are under way are waited for. */
  async stop(): Promise<HammerReport> {
    this.#isOver = true;
    await Promise.all(this.#clients);
    this.#agent.destroy();
    return { requests: this.#requests, failures: this.#failures, longestGapMs: this.#longestGapMs };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #failed(how: string): void {
    this.#failures[how] = (this.#failures[how] ?? 0) + 1;
  }

  async #hammer(agent: Agent | false): Promise<void> {
    while (!this.#isOver) {
      try {
        const problem = await this.#ask(agent);
        if (problem !== undefined) this.#failed(problem);
      } catch (error) {
        this.#failed(String(error));
      }
      this.#requests += 1;
      await delay(PAUSE_MS);
    }
  }

  /** @returns what is wrong with the answer @throws Error when there is none */
  async #ask(agent: Agent | false): Promise<string | undefined> {
    const send = this.#url.startsWith('https:') ? tlsRequest : request;
    const asked = send(this.#url, { ...this.#options, agent, timeout: TIMEOUT_MS });
    asked.once('timeout', () => asked.destroy(new Error('no answer in time'))).end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    const body = await text(response);
    if (response.statusCode !== 200 || body !== this.#expected) return `${response.statusCode} ${body}`;
    const now = performance.now();
    this.#longestGapMs = Math.max(this.#longestGapMs, now - this.#lastAnswerAt);
    this.#lastAnswerAt = now;
    return undefined;
  }
}
