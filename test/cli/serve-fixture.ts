/** The real program, serving: a process of its own, with its log, its sockets and its end within reach. */
import { type ChildProcess, spawn } from 'node:child_process';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type ListenAddress, parseListenAddress } from '../../src/formats/listen-address.ts';
import { atEnd } from '../support/cleanup.ts';
import { Changes, eventually } from '../support/eventually.ts';
import { ask, type Destination } from '../support/exchange.ts';
import { parsePrometheusText, type Sample } from '../support/prometheus-text.ts';
import { RawClient, type RawResponse } from '../support/raw-client.ts';
import type { RawUpstream } from '../support/raw-upstream.ts';
import { type ServiceManifest, service, yamlOf } from '../support/services.ts';
import { MAIN, scratchDirectory } from './cli-fixture.ts';

/** Starting takes most of a second, and several at a time share the machine: only a failing test waits so long. */
export const START_MS = 180_000;

const MANIFEST_FILE = 'services.yaml';

export interface ProgramLogEntry {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ServeOptions {
  readonly args?: readonly string[];
  /** A command that runs the one behind its own arguments, in the same process. */
  readonly wrapper?: readonly string[];
  /** Options for Node itself. */
  readonly nodeArgs?: readonly string[];
  /** One by default: the start of each takes its time. */
  readonly workers?: number;
  /** Defaults to `--source push`. Services for a file that is followed. */
  readonly manifests?: readonly object[];
  /** A file descriptor for its standard output; by default it is read. */
  readonly stdout?: number;
  /** Instead of a directory of its own. */
  readonly directory?: string;
  /** Variables of the environment besides those of this process. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Instead of the executable of this checkout. */
  readonly main?: string;
}

export class ServingProgram {
  readonly directory: string;
  readonly adminSocket: string;
  readonly manifestFile: string;
  /** Entries of its log on standard error. */
  readonly log: ProgramLogEntry[] = [];
  /** What it wrote to standard error that is no such entry. */
  complaints = '';
  stdout = '';
  end: ProgramEnd | undefined;
  readonly #context: TestContext;
  readonly #child: ChildProcess;
  readonly #changes = new Changes();

  private constructor(context: TestContext, directory: string, options: ServeOptions) {
    const { args = [], wrapper = [], nodeArgs = [], workers = 1, manifests, stdout = 'pipe', main = MAIN } = options;
    this.#context = context;
    this.directory = directory;
    this.adminSocket = join(directory, 'admin.sock');
    this.manifestFile = join(directory, MANIFEST_FILE);
    const source = manifests === undefined ? ['--source', 'push'] : ['--manifests', this.manifestFile];
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('KUBE_ENTRY_'));
    const fixed = ['--listen', '127.0.0.1:0', '--status-listen', '127.0.0.1:0', '--admin-socket', this.adminSocket];
    const command = [...wrapper, process.execPath, ...nodeArgs, main, 'serve', ...fixed, '--workers', `${workers}`];
    const [executable = '', ...rest] = [...command, ...source, ...args];
    this.#child = spawn(executable, rest, {
      cwd: directory,
      env: { ...Object.fromEntries(inherited), ...options.environment },
      stdio: ['ignore', stdout, 'pipe'],
    });
    this.#child.stdout?.on('data', chunk => {
      this.stdout += chunk;
      this.#changes.announce();
    });
    let incomplete = '';
    this.#child.stderr?.on('data', chunk => {
      const lines = (incomplete + chunk).split('\n');
      incomplete = lines.pop() ?? '';
      for (const line of lines) {
        if (line.startsWith('{')) this.log.push(JSON.parse(line));
        else this.complaints += `${line}\n`;
      }
      this.#changes.announce();
    });
    this.#child.once('close', (code, signal) => {
      this.end = { code, signal };
      this.#changes.announce();
    });
    atEnd(context, async () => {
      if (this.end === undefined) this.#child.kill('SIGKILL');
      await this.ended();
    });
  }

  /** Starts it, and does not wait for anything. */
  static async spawn(context: TestContext, options: ServeOptions = {}): Promise<ServingProgram> {
    const directory = options.directory ?? (await scratchDirectory(context));
    if (options.manifests !== undefined) {
      await writeFile(join(directory, MANIFEST_FILE), yamlOf(options.manifests));
    }
    return new ServingProgram(context, directory, options);
  }

  /** Starts it and waits until it listens; with manifests, until they are served. */
  static async start(context: TestContext, options: ServeOptions = {}): Promise<ServingProgram> {
    const program = await ServingProgram.spawn(context, options);
    await program.logged('listening');
    if (options.manifests !== undefined) {
      await eventually('readiness', async () => (await program.readiness()).status === 200, START_MS);
    }
    return program;
  }

  get #listening(): ProgramLogEntry {
    const entry = this.log.find(({ msg }) => msg === 'listening');
    if (entry === undefined) throw new Error('it does not listen yet');
    return entry;
  }

  /** Where clients connect. */
  get address(): ListenAddress {
    return parseListenAddress(String(this.#listening.listen));
  }

  /** Where clients connect with TLS. */
  get tlsAddress(): ListenAddress {
    return parseListenAddress(String(this.#listening.tlsListen));
  }

  get status(): ListenAddress {
    return parseListenAddress(String(this.#listening.statusListen));
  }

  get admin(): Destination {
    return { path: this.adminSocket };
  }

  /** Waits for an entry of the log. @param count how many of it there must be */
  logged(message: string, count = 1): Promise<ProgramLogEntry> {
    return this.#changes.until(
      () => `${count} × "${message}" in ${JSON.stringify(this.log)} ${this.complaints} ${JSON.stringify(this.end)}`,
      () => {
        const found = this.log.filter(({ msg }) => msg === message)[count - 1];
        if (found === undefined && this.end !== undefined) {
          throw new Error(`it ended without "${message}": ${JSON.stringify(this.log)} ${this.complaints}`);
        }
        return found;
      },
      START_MS,
    );
  }

  /** Waits for so many lines on standard output. */
  lines(count: number): Promise<string[]> {
    return this.#changes.until(
      () => `${count} lines on standard output; so far ${JSON.stringify(this.stdout)}`,
      () => {
        const lines = this.stdout.split('\n').slice(0, -1);
        return lines.length >= count ? lines : undefined;
      },
      START_MS,
    );
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('it could not be started');
    return this.#child.pid;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  ended(): Promise<ProgramEnd> {
    return this.#changes.until(
      () => `the end of the program, which logged ${JSON.stringify(this.log)}`,
      () => this.end,
      START_MS,
    );
  }

  async connect(): Promise<RawClient> {
    const client = await RawClient.connect(this.address);
    this.#context.after(() => client.destroy());
    return client;
  }

  /** A GET through the proxy, on a connection of its own. */
  get(target: string): Promise<RawResponse> {
    return ask(this.address, 'GET', target, undefined, ['Connection: close']);
  }

  readiness(): Promise<RawResponse> {
    return ask(this.status, 'GET', '/readyz');
  }

  /** POST on the admin socket. @param body a text, or what becomes JSON */
  post(target: string, body: unknown): Promise<RawResponse> {
    return ask(this.admin, 'POST', target, typeof body === 'string' ? body : JSON.stringify(body));
  }

  async metrics(): Promise<readonly Sample[]> {
    const { body } = await ask(this.status, 'GET', '/metrics');
    return [...parsePrometheusText(`${body}`).values()].flatMap(({ samples }) => samples);
  }

  /** Puts others in their place, in one step: of a file that is written, the program may see the empty beginning. */
  async writeManifests(services: readonly object[]): Promise<void> {
    const fresh = `${this.manifestFile}.fresh`;
    await writeFile(fresh, yamlOf(services));
    await rename(fresh, this.manifestFile);
  }
}

/** A Service of the namespace default that leads to an upstream. */
export function exposed(
  name: string,
  { address }: Pick<RawUpstream, 'address'>,
  annotations: Readonly<Record<string, string>> = {},
): ServiceManifest {
  return service(name, { address, annotations: { path: `/${name}`, ...annotations } });
}

/** A pushed backend with a route of its own. */
export function pushed(name: string, upstreams: readonly RawUpstream[], path?: string): object {
  const metadata = path === undefined ? {} : { annotations: { 'kube-entry.io/path': path } };
  return {
    name,
    port: 80,
    service: { metadata, spec: { clusterIP: '127.0.0.1', ports: [{ port: 80 }] } },
    endpoints: upstreams.map(({ address: { host, port } }) => ({ address: host, port: `${port}` })),
  };
}
