/** kube-entry with two workers, as a program that follows the cluster. */
import { mkdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dig, listAt } from '../../../test/deploy/objects.ts';
import { serverPort } from '../../../test/support/server-port.ts';
import { BenchError } from '../../support/bench-error.ts';
import { installation } from '../../support/installation.ts';
import { Program } from '../../support/program.ts';
import type { Exposed } from './cluster.ts';

export const WORKERS = 2;
const START_MS = 60_000;
const POLL_MS = 5;
const NAME = 'kube-entry';

export interface EntryOptions {
  readonly kubeconfig: string;
  /** Its own and not there yet. */
  readonly folder: string;
  readonly cpus: string;
  /** `debug` tells of every list. */
  readonly logLevel?: 'info' | 'debug';
}

export interface Start {
  readonly entry: Entry;
  /** Milliseconds from the start of the process until every worker had the table. */
  readonly fromStartMs: number;
  /** The same from when it listened, which is when it turns to the API server. */
  readonly fromListeningMs: number;
}

export class Entry implements AsyncDisposable {
  readonly port: number;
  readonly program: Program;
  readonly #folder: string;

  private constructor({ kubeconfig, folder, cpus, logLevel = 'info' }: EntryOptions, port: number) {
    mkdirSync(folder);
    this.port = port;
    this.#folder = folder;
    const { program, environment } = installation();
    this.program = new Program({
      name: NAME,
      command: [
        ...([process.execPath, program, 'serve', '--workers', String(WORKERS)] as const),
        ...['--kubeconfig', kubeconfig, '--access-log', 'off', '--log-level', logLevel],
        ...['--listen', `127.0.0.1:${port}`, '--admin-socket', this.#socket, '--status-listen', '127.0.0.1:0'],
      ],
      environment,
      cpus,
      folder,
      // Unlike SIGTERM it does not wait for endpoints to notice.
      stopSignal: 'SIGINT',
    });
  }

  /** @returns when every worker serves the first complete table */
  static async start(options: EntryOptions): Promise<Start> {
    const port = await serverPort();
    const startedAt = performance.timeOrigin + performance.now();
    const entry = new Entry(options, port);
    try {
      while (!(await entry.#isInitialised())) {
        entry.program.assertRunning();
        if (performance.timeOrigin + performance.now() > startedAt + START_MS) throw new BenchError('no first sync');
        await sleep(POLL_MS);
      }
    } catch (error) {
      await entry.program.stop();
      throw error;
    }
    const endedAt = performance.timeOrigin + performance.now();
    return { entry, fromStartMs: endedAt - startedAt, fromListeningMs: endedAt - entry.#listeningAt() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program.stop();
  }

  /** Version of the table, and what is in it. */
  async table(): Promise<{ version: number; routes: Exposed[] }> {
    const { status, body } = await this.#ask('/routes');
    if (status !== 200) throw new BenchError(`/routes: ${status}`);
    const view: unknown = JSON.parse(body);
    const routes = listAt(view, 'routes').map(route => ({
      path: String(dig(route, 'path')),
      name: String(dig(route, 'service', 'name')),
    }));
    return { version: Number(dig(view, 'version')), routes };
  }

  /** How many lines of its log say this. */
  logged(message: string): number {
    return this.#log().filter(line => dig(line, 'msg') === message).length;
  }

  /** In milliseconds since 1970. */
  #listeningAt(): number {
    const line = this.#log().find(one => dig(one, 'msg') === 'listening');
    return Date.parse(String(dig(line, 'time')));
  }

  #log(): unknown[] {
    const lines = readFileSync(join(this.#folder, `${NAME}.err`), 'utf8').split('\n');
    return lines.filter(line => line.startsWith('{') && line.endsWith('}')).map(line => JSON.parse(line) as unknown);
  }

  async #isInitialised(): Promise<boolean> {
    // There is no socket yet while it starts.
    return await this.#ask('/is-dynamic-lb-initialized').then(
      ({ status }) => status === 200,
      () => false,
    );
  }

  get #socket(): string {
    return join(this.#folder, 'admin.sock');
  }

  #ask(path: string): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      const asking = request({ socketPath: this.#socket, path, agent: false }, response => {
        let body = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          body += chunk;
        });
        response.once('error', reject).once('end', () => resolve({ status: response.statusCode ?? 0, body }));
      });
      asking.once('error', reject).end();
    });
  }
}
