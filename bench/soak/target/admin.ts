/** The admin socket of the proxy under test. */
import { request } from 'node:http';
import type { StubStatus } from '../../../src/admin/stub-status.ts';
import { readStubStatus } from '../../../test/support/stub-status.ts';
import { BenchError } from '../../support/bench-error.ts';

const TIMEOUT_MS = 10_000;

/** Samples of a scrape by their name and labels, as the text has them. */
export type Metrics = ReadonlyMap<string, number>;

export class Admin {
  /** The proxy counts them beside those of its clients. */
  requests = 0;
  readonly #socketPath: string;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  /** @returns once every worker serves it */
  async pushBackends(records: readonly object[]): Promise<void> {
    await this.#ask('/configuration/backends', 201, JSON.stringify(records));
  }

  async nginxStatus(): Promise<StubStatus> {
    return readStubStatus(await this.#ask('/nginx_status', 200));
  }

  async metrics(): Promise<Metrics> {
    const lines = (await this.#ask('/metrics', 200)).split('\n').filter(line => line !== '' && !line.startsWith('#'));
    return new Map(
      lines.map(line => {
        const space = line.lastIndexOf(' ');
        return [line.slice(0, space), Number(line.slice(space + 1))] as const;
      }),
    );
  }

  #ask(path: string, expected: number, body?: string): Promise<string> {
    this.requests += 1;
    return new Promise((resolve, reject) => {
      const method = body === undefined ? 'GET' : 'POST';
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const asking = request({ socketPath: this.#socketPath, path, method, agent: false, signal }, response => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.once('error', reject).once('end', () => {
          if (response.statusCode === expected) resolve(text);
          else reject(new BenchError(`${method} ${path}: ${response.statusCode} ${text}`));
        });
      });
      asking.once('error', reject).end(body);
    });
  }
}
