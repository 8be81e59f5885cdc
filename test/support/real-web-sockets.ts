/** Clients that open a WebSocket, talk for a moment, close it and open the next, and count every one that did not go well. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../src/errors.ts';

const CLIENTS = 4;
const MESSAGES = 5;
/** Between two messages. */
const PAUSE_MS = 10;
const TIMEOUT_MS = 30_000;

export interface WebSocketReport {
  readonly sessions: number;
  /** What went wrong, and how often. */
  readonly failures: Readonly<Record<string, number>>;
}

export class WebSocketHammer implements AsyncDisposable {
  readonly #url: URL;
  readonly #clients: Promise<void>[];
  readonly #failures: Record<string, number> = {};
  #sessions = 0;
  #isOver = false;

  /** Begins at once. @param url http: */
  constructor(url: string) {
    this.#url = new URL(url);
    this.#clients = Array.from({ length: CLIENTS }, () => this.#hammer());
  }

  /** So far. */
  get failures(): Readonly<Record<string, number>> {
    return { ...this.#failures };
  }

  /** Sessions that are under way are waited for. */
  async stop(): Promise<WebSocketReport> {
    this.#isOver = true;
    await Promise.all(this.#clients);
    return { sessions: this.#sessions, failures: this.#failures };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #hammer(): Promise<void> {
    while (!this.#isOver) {
      try {
        await this.#session();
      } catch (error) {
        const how = messageOf(error);
        this.#failures[how] = (this.#failures[how] ?? 0) + 1;
      }
      this.#sessions += 1;
      await delay(PAUSE_MS);
    }
  }

  /** @throws Error with what was not as it should be */
  async #session(): Promise<void> {
    const { hostname, port, pathname } = this.#url;
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    try {
      socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('no answer in time')));
      await once(socket, 'connect');
      await this.#talk(
        socket,
        `GET ${pathname} HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
      );
    } finally {
      socket.destroy();
    }
  }

  async #talk(socket: Socket, upgrade: string): Promise<void> {
    const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
    const next = async (): Promise<string> => {
      const { done, value } = await lines.next();
      if (done) throw socket.errored ?? new Error('closed in the middle of a session');
      return value;
    };
    socket.write(upgrade);
    const status = await next();
    if (!status.startsWith('HTTP/1.1 101 ')) throw new Error(status);
    while ((await next()) !== '');
    for (let count = 0; count < MESSAGES; count += 1) {
      const message = `message ${count}`;
      socket.write(`${message}\n`);
      const echo = await next();
      if (echo !== message) throw new Error(`${message} came back as ${echo}`);
      await delay(PAUSE_MS);
    }
  }
}
