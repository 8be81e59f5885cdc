/** Clients that do all that HTTP asks of them, and repeat nothing: every request of theirs that fails is a failure. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../src/errors.ts';
import type { ListenAddress } from '../../src/formats/listen-address.ts';
import { RawClient } from '../support/raw-client.ts';
import { value } from '../support/raw-message.ts';
import { DOWNLOAD_BYTES } from './backend.ts';

/** Far more than any answer takes. */
const PATIENCE_MS = 60_000;
/** A client that has failed pauses before its next try. */
const FAILED_PAUSE_MS = 100;
/**
 * A client that does not think pauses behind so many requests. A drain takes as long as its time limits say, and clients that never
 * pause would take both CPUs from everything that runs meanwhile.
 */
const BURST = 20;
const BURST_PAUSE_MS = 50;
const UPLOAD_PIECES = 10;
const UPLOAD_PIECE = 'u'.repeat(1000);
const UPLOAD_MS = 40;

interface Kind {
  /** Connections, each with one request after the other. */
  readonly connections: number;
  /** Between an answer and the next request; 0 sends it in the same turn. */
  readonly thinkMs: number;
  readonly ask: (client: RawClient) => Promise<void>;
  readonly expected: number;
}

const KINDS: Readonly<Record<string, Kind>> = {
  quick: { connections: 2, thinkMs: 0, ask: client => client.send(get('/quick')), expected: '0 bytes'.length },
  thinking: { connections: 8, thinkMs: 30, ask: client => client.send(get('/quick')), expected: '0 bytes'.length },
  slow: { connections: 4, thinkMs: 0, ask: client => client.send(get('/slow')), expected: '0 bytes'.length },
  download: { connections: 2, thinkMs: 0, ask: client => client.send(get('/download')), expected: DOWNLOAD_BYTES },
  upload: { connections: 4, thinkMs: 0, ask: upload, expected: '10000 bytes'.length },
};

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`;
}

async function upload(client: RawClient): Promise<void> {
  const length = UPLOAD_PIECES * UPLOAD_PIECE.length;
  await client.send(`POST /upload HTTP/1.1\r\nHost: test\r\nContent-Length: ${length}\r\n\r\n`);
  for (let count = 0; count < UPLOAD_PIECES; count += 1) {
    await delay(UPLOAD_MS);
    await client.send(UPLOAD_PIECE);
  }
}

export class Clients {
  /** Answers, by kind of request. */
  readonly answered = new Map<string, number>();
  readonly failures: string[] = [];
  /** Connections that a server announced to end. */
  announcedEnds = 0;
  readonly #address: ListenAddress;
  readonly #running: Promise<void>[];
  #isOver = false;

  /** They begin at once, and end with the test at the latest. */
  constructor(t: TestContext, address: ListenAddress) {
    this.#address = address;
    t.after(() => {
      this.#isOver = true;
    });
    this.#running = Object.entries(KINDS).flatMap(([name, kind]) =>
      Array.from({ length: kind.connections }, () => this.#run(name, kind)),
    );
  }

  /** @returns when every request that was begun is over */
  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#running);
  }

  /** Waits until each kind of request has been answered so many times more. */
  async served(times: number): Promise<void> {
    const before = new Map(this.answered);
    const isSo = (name: string): boolean =>
      (this.answered.get(name) ?? 0) >= (before.get(name) ?? 0) + times || this.failures.length > 0;
    while (!Object.keys(KINDS).every(isSo)) await delay(10);
  }

  async #run(name: string, kind: Kind): Promise<void> {
    while (!this.#isOver) {
      let client: RawClient | undefined;
      try {
        client = await RawClient.connect(this.#address);
        await this.#useUp(client, name, kind);
      } catch (error) {
        this.failures.push(`${name}: ${messageOf(error)}`);
        await delay(FAILED_PAUSE_MS);
      } finally {
        client?.destroy();
      }
    }
  }

  /** Asks for as long as the connection may be used. One that has ended while it was idle is simply not used again. */
  async #useUp(client: RawClient, name: string, { thinkMs, ask, expected }: Kind): Promise<void> {
    for (let asked = 1; !this.#isOver && client.isOpen; asked += 1) {
      await ask(client);
      const { status, body, headers } = await client.response({ deadlineMs: PATIENCE_MS });
      assert.deepEqual([status, body.length], [200, expected]);
      this.answered.set(name, (this.answered.get(name) ?? 0) + 1);
      if (value(headers, 'connection')?.toLowerCase() === 'close') {
        this.announcedEnds += 1;
        return;
      }
      if (thinkMs > 0) await delay(thinkMs);
      else if (asked % BURST === 0) await delay(BURST_PAUSE_MS);
    }
  }
}
