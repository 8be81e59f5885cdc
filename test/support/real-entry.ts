/** The program itself, as a process, and what its listeners say. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import {
  Agent,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type RequestOptions,
  request,
} from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { eventually } from './eventually.ts';
import { programFile } from './program-file.ts';
import { parsePrometheusText } from './prometheus-text.ts';
import { patiently, RealProcess, START_DEADLINE_MS, TemporaryFolder } from './real-process.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** GET /routes and `kube-entry routes --output json`, as far as tests look at them. */
export interface TableView {
  readonly routes: readonly RouteView[];
  readonly refusals: readonly { readonly service: Named; readonly reason: string; readonly message: string }[];
  readonly warnings: readonly object[];
  readonly conflicts: readonly { readonly path: string; readonly winner: Named; readonly loser: Named }[];
}

export interface RouteView {
  readonly host: string;
  readonly path: string;
  readonly stripPrefix: boolean;
  readonly backend: { readonly endpoints: readonly { readonly address: string; readonly port: number }[] };
  readonly service: Named;
  readonly createdAt: string;
}

export interface RunningView extends TableView {
  readonly version: number;
  readonly initialised: boolean;
  readonly source: {
    readonly kind: string;
    readonly synced: boolean;
    readonly staleSince?: string;
    readonly problem?: string;
  };
}

interface Named {
  readonly namespace: string;
  readonly name: string;
}

/** A line of its log. */
export interface LogLine {
  /** As pino counts: 30 is info, 40 a warning. */
  readonly level: string;
  readonly msg: string;
  readonly code?: string;
  readonly listen?: string;
  readonly statusListen?: string;
  /** With `--tls-listen`. */
  readonly tlsListen?: string;
}

export class RealEntry implements AsyncDisposable {
  readonly #process: RealProcess;
  readonly #folder = new TemporaryFolder();
  /** The entry closes what is idle for 75 s: no request may meet that. */
  readonly #agent = new Agent({ keepAlive: true, timeout: 30_000 });
  #address = '';
  #statusAddress = '';
  #tlsAddress = '';

  private constructor(args: readonly string[], environment: Readonly<Record<string, string>>) {
    const all = [
      ...[programFile(), 'serve', '--listen', '127.0.0.1:0', '--status-listen', '127.0.0.1:0', '--workers', '2'],
      ...['--admin-socket', this.adminSocket, '--access-log', 'off', '--log-level', 'debug'],
      ...args,
    ];
    this.#process = new RealProcess(process.execPath, all, environment);
  }

  /** Resolves when it listens: it need not be ready then. @param args further ones */
  static start(...args: readonly string[]): Promise<RealEntry> {
    return RealEntry.startIn({}, ...args);
  }

  /** @param environment what it sees besides $PATH */
  static async startIn(environment: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<RealEntry> {
    const entry = new RealEntry(args, environment);
    try {
      const isListening = (line: LogLine): boolean => line.msg === 'listening';
      const { listen, statusListen, tlsListen = '' } = await entry.logged('it listens', isListening, START_DEADLINE_MS);
      assert.ok(listen !== undefined && statusListen !== undefined);
      entry.#address = listen;
      entry.#statusAddress = statusListen;
      entry.#tlsAddress = tlsListen;
      return entry;
    } catch (error) {
      await entry.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    await this.#process.end();
    this.#folder.remove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Where clients connect. */
  get origin(): string {
    return `http://${this.#address}`;
  }

  /** Of the status listener. */
  get statusOrigin(): string {
    return `http://${this.#statusAddress}`;
  }

  /** `ADDR:PORT` where clients connect with TLS. */
  get tlsAddress(): string {
    return this.#tlsAddress;
  }

  /** All that it has written to standard error. */
  get written(): string {
    return this.#process.errors;
  }

  log(): LogLine[] {
    const lines = this.#process.errors.split('\n').slice(0, -1);
    return lines.filter(line => line.startsWith('{')).map(line => JSON.parse(line) as LogLine);
  }

  /** The first such line of the log, which may be yet to come. */
  logged(what: string, matches: (line: LogLine) => boolean, deadlineMs?: number): Promise<LogLine> {
    const find = (): LogLine | undefined => {
      this.#process.assertRuns();
      return this.log().find(matches);
    };
    return eventually(what, find, deadlineMs);
  }

  /** What a client gets. @param headers such as a Host that DNS does not know */
  get(path: string, headers: OutgoingHttpHeaders = {}): Promise<Answer> {
    return ask(this.origin + path, { agent: this.#agent, headers });
  }

  /** What a probe gets. */
  status(path: string): Promise<Answer> {
    return ask(`http://${this.#statusAddress}${path}`, { agent: false });
  }

  /** What the admin socket says. */
  admin(path: string): Promise<Answer> {
    return ask(`http://localhost${path}`, { socketPath: this.adminSocket, agent: false });
  }

  async table(): Promise<RunningView> {
    const { status, body } = await this.admin('/routes');
    assert.equal(status, 200);
    return JSON.parse(body) as RunningView;
  }

  /** Value by what its line begins with: the name, with its labels if it has any. */
  async metrics(): Promise<Map<string, number>> {
    const { status, body } = await this.status('/metrics');
    assert.equal(status, 200);
    const samples = [...parsePrometheusText(body).values()].flatMap(family => family.samples);
    return new Map(
      samples.map(({ name, labels, value }) => {
        const pairs = Object.entries(labels).map(([key, label]) => `${key}="${label}"`);
        return [pairs.length === 0 ? name : `${name}{${pairs.join(',')}}`, value];
      }),
    );
  }

  /** Resolves when the first complete table is served. */
  async ready(): Promise<void> {
    await patiently('it is ready', async () => (await this.status('/readyz')).status === 200);
  }

  get adminSocket(): string {
    return join(this.#folder.path, 'admin.sock');
  }
}

/** What another command of the program prints. @throws Error when it does not exit with 0 */
export async function runCommand(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [programFile(), ...args], {
    env: { PATH: process.env.PATH },
    timeout: START_DEADLINE_MS,
    maxBuffer: 16 * 1024 * 1024,
  });
  return stdout;
}

async function ask(url: string, options: RequestOptions): Promise<Answer> {
  const asked = request(url, { timeout: 30_000, ...options });
  asked.once('timeout', () => asked.destroy(new Error(`no answer from ${url}`))).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const { statusCode = 0, headers } = response;
  return { status: statusCode, headers, body: await text(response) };
}
