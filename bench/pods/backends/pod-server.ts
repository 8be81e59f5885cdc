/**
 * Ten pods in one process, each with a few places to work in and a queue before them, so that a pod that is slow or gets too
 * much makes requests wait. Argument: {@link PodServerArguments}. `POST /INDEX/STATE` to its control port changes a pod.
 */
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';

export const STATES = ['normal', 'slow', 'refusing', 'unavailable'] as const;

export type PodState = (typeof STATES)[number];

export interface PodServerArguments {
  readonly addresses: readonly string[];
  readonly port: number;
  readonly controlPort: number;
  /** Requests that a pod works on at a time. */
  readonly places: number;
  /** 0: answered at once. */
  readonly workMs: number;
}

const SLOWER = 10;
const UNAVAILABLE_MS = 1;

class Pod {
  readonly #address: string;
  readonly #arguments: PodServerArguments;
  readonly #queue: ServerResponse[] = [];
  #server: Server | undefined;
  #state: PodState = 'normal';
  #working = 0;

  constructor(address: string, args: PodServerArguments) {
    this.#address = address;
    this.#arguments = args;
  }

  async listen(): Promise<void> {
    const server = createServer((_request, response) => {
      this.#queue.push(response);
      this.#work();
    });
    this.#server = server;
    server.keepAliveTimeout = 0;
    await once(server.listen(this.#arguments.port, this.#address, 4096), 'listening');
  }

  async become(state: PodState): Promise<void> {
    this.#state = state;
    if (state === 'refusing') {
      const server = this.#server;
      this.#server = undefined;
      server?.close();
      server?.closeAllConnections();
    } else if (this.#server === undefined) await this.listen();
  }

  #work(): void {
    const { places, workMs } = this.#arguments;
    while (this.#working < places) {
      const response = this.#queue.shift();
      if (response === undefined) return;
      if (this.#state === 'unavailable') this.#answerAfter(UNAVAILABLE_MS, 503, response);
      else if (workMs === 0) answer(response, 200);
      else this.#answerAfter(this.#state === 'slow' ? workMs * SLOWER : workMs, 200, response);
    }
  }

  #answerAfter(milliseconds: number, status: number, response: ServerResponse): void {
    this.#working += 1;
    setTimeout(() => {
      this.#working -= 1;
      answer(response, status);
      this.#work();
    }, milliseconds);
  }
}

function answer(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'Content-Type': 'text/plain', 'Content-Length': 2 }).end('ok');
}

const args = JSON.parse(process.argv[2] ?? '') as PodServerArguments;
const pods = args.addresses.map(address => new Pod(address, args));
for (const pod of pods) await pod.listen();
const control = createServer(async (request, response) => {
  const [, index = '', state = ''] = (request.url ?? '').split('/');
  const known = STATES.find(name => name === state);
  const pod = pods[Number(index)];
  if (known !== undefined) await pod?.become(known);
  response.writeHead(known === undefined || pod === undefined ? 404 : 200).end();
});
control.listen(args.controlPort, '127.0.0.1');
