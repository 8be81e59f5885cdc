/** One kept connection to each worker, to see when each of them serves something. */
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { threadNanos } from '../../measure/threads.ts';
import { BenchError } from '../../support/bench-error.ts';
import { type Entry, WORKERS } from './entry.ts';

/** Requests by which a connection shows which thread serves it. */
const SHOWING = 50;
/** The kernel spreads connections at random: with two workers all of so many reach one of them once in 2^31 times. */
const MOST_TRIES = 32;
const POLL_MS = 1;
/** Longer than the API server takes to give a change up itself, in 34 s: what is not served then was lost on the way. */
const DEADLINE_MS = 60_000;

export interface WorkerAnswer {
  readonly status: number;
  readonly body: string;
}

export class WorkerConnections implements Disposable {
  readonly #port: number;
  readonly #agents = new Map<number, Agent>();

  private constructor(port: number) {
    this.#port = port;
  }

  /** Call it only while the program does no other work. */
  static async open({ port, program }: Entry): Promise<WorkerConnections> {
    const connections = new WorkerConnections(port);
    for (let tries = 0; connections.#agents.size < WORKERS && tries < MOST_TRIES; tries += 1) {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const thread = await connections.#threadOf(agent, program.pid);
      if (connections.#agents.has(thread)) agent.destroy();
      else connections.#agents.set(thread, agent);
    }
    if (connections.#agents.size === WORKERS) return connections;
    throw new BenchError(`connections to ${connections.#agents.size} of ${WORKERS} workers only`);
  }

  [Symbol.dispose](): void {
    for (const agent of this.#agents.values()) agent.destroy();
  }

  /** @returns when, by performance.now(), the last of the workers was seen to answer with 200 */
  served(path: string): Promise<number> {
    return this.answered(path, ({ status }) => status === 200);
  }

  /** @returns when, by performance.now(), the last of the workers was seen to give such an answer */
  async answered(path: string, isIt: (answer: WorkerAnswer) => boolean): Promise<number> {
    const each = [...this.#agents.values()].map(async agent => {
      const deadline = performance.now() + DEADLINE_MS;
      for (let answer = await this.#ask(agent, path); !isIt(answer); answer = await this.#ask(agent, path)) {
        if (performance.now() > deadline) throw new BenchError(`${path} is still answered with ${answer.status}`);
        await sleep(POLL_MS);
      }
      return performance.now();
    });
    return Math.max(...(await Promise.all(each)));
  }

  /** The thread that works most while this connection is used. */
  async #threadOf(agent: Agent, pid: number): Promise<number> {
    const before = threadNanos(pid);
    for (let asked = 0; asked < SHOWING; asked += 1) await this.#ask(agent, '/no-route');
    const spent = [...threadNanos(pid)].map(([thread, nanos]) => ({
      thread,
      nanos: nanos - (before.get(thread) ?? 0),
    }));
    return spent.reduce((most, one) => (one.nanos > most.nanos ? one : most)).thread;
  }

  async #ask(agent: Agent, path: string): Promise<WorkerAnswer> {
    const asking = request({ host: '127.0.0.1', port: this.#port, path, agent }).end();
    const [response] = (await once(asking, 'response')) as [IncomingMessage];
    return { status: response.statusCode ?? 0, body: await text(response) };
  }
}
