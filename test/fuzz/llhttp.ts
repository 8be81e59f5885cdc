/** Node's own parser (llhttp) as a third opinion: what it makes of a stream that node:http is given as a connection. */
import { createServer, METHODS, type Server } from 'node:http';
import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import type { ReferenceRequest } from './reference-requests.ts';

/** The least that is said of a reading. */
export interface LlhttpReading {
  readonly requests: readonly LlhttpRequest[];
  /** It read no further than to the last of them, or not all of that. */
  readonly isRefused: boolean;
}

/** Far more than a stream of a few requests takes. */
const MAX_TURNS = 50;

export interface LlhttpRequest {
  readonly method: string;
  readonly target: string;
  body: string;
  isComplete: boolean;
}

/** Whether llhttp takes a request as an upstream gets it: it knows a fixed list of methods, and targets in ASCII. */
export function llhttpTakes(method: string, target: string): boolean {
  return METHODS.includes(method) && !/[^\x21-\x7e]/.test(target);
}

/** Behind such a request llhttp expects no other. */
export function isLastForLlhttp({ minorVersion, options }: ReferenceRequest): boolean {
  return options.has('close') || options.has('upgrade') || (minorVersion === 0 && !options.has('keep-alive'));
}

export class Llhttp {
  readonly #server: Server;
  #requests: LlhttpRequest[] = [];
  #isRefused = false;

  constructor() {
    this.#server = createServer({ maxHeaderSize: 128 * 1024, requireHostHeader: false }, (incoming, response) => {
      const { method = '', url = '' } = incoming;
      const request: LlhttpRequest = { method, target: url, body: '', isComplete: false };
      this.#requests.push(request);
      incoming.setEncoding('latin1').on('data', (text: string) => {
        request.body += text;
      });
      incoming.on('error', () => undefined);
      incoming.on('end', () => {
        request.isComplete = true;
        response.end();
      });
    });
    this.#server.maxHeadersCount = 0;
    for (const event of ['checkContinue', 'checkExpectation'] as const) {
      this.#server.on(event, (...args) => this.#server.emit('request', ...args));
    }
    // What was read before stays of interest.
    this.#server.on('clientError', () => {
      this.#isRefused = true;
    });
  }

  /** @param count how many requests are awaited; there may be more */
  async read(bytes: Buffer, count: number): Promise<LlhttpReading> {
    this.#requests = [];
    this.#isRefused = false;
    const connection = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
    connection.on('error', () => undefined);
    this.#server.emit('connection', connection);
    connection.push(bytes);
    // The requests of one piece are parsed at once; their bodies are handed over in later turns.
    const isDone = (): boolean => this.#requests.filter(({ isComplete }) => isComplete).length >= count;
    for (let turns = 0; turns < MAX_TURNS && !isDone(); turns += 1) await turn();
    connection.destroy();
    return { requests: this.#requests, isRefused: this.#isRefused };
  }
}
